"""The address book. Every change holds the owner's row, so that the limit and the one default are exact."""

from dataclasses import asdict
from typing import Final

from django.db.models import F

from apps.accounts import models
from apps.accounts.addresses import validate_address
from apps.accounts.contracts import Address, SavedAddress
from apps.accounts.errors import AddressBookFull, AddressChanged
from apps.accounts.locking import lock_user
from apps.accounts.selectors import get_address, view_address
from tradecore import db
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id

ADDRESSES_MAX: Final = 50


@db.use_case
def add_address(*, user_id: int, address: Address, is_default: bool = False) -> SavedAddress:
    """Add an address to the user's book. It becomes the default if it shall, or if there is none.

    Refuses, in this order: AddressInvalid, NotFound (the user), AddressBookFull.
    """
    valid = validate_address(address)
    _lock_owner(user_id)
    book = models.Address.objects.filter(user_id=user_id)
    if book.count() >= ADDRESSES_MAX:
        raise AddressBookFull(limit=ADDRESSES_MAX)
    address_id = new_id(gene_of(user_id))
    if is_default:
        _clear_default(user_id, in_favour_of=address_id)
    row = models.Address(
        id=address_id,
        user_id=user_id,
        is_default=None if book.filter(is_default=True).exists() else True,
        **asdict(valid),
    )
    row.save(force_insert=True)
    return view_address(row)


@db.use_case
def edit_address(*, user_id: int, address_id: int, version: int, address: Address, is_default: bool) -> SavedAddress:
    """Replace an address of the user's book, as it was in `version`.

    Refuses, in this order: AddressInvalid, NotFound (also for somebody else's), AddressChanged.
    """
    valid = validate_address(address)
    _lock_owner(user_id)
    saved = get_address(user_id=user_id, address_id=address_id)
    if saved.version != version:
        raise AddressChanged(version=saved.version)
    if is_default:
        _clear_default(user_id, in_favour_of=address_id)
    models.Address.objects.filter(pk=address_id).update(
        version=F("version") + 1, is_default=is_default or None, **asdict(valid)
    )
    return get_address(user_id=user_id, address_id=address_id)


@db.use_case
def remove_address(*, user_id: int, address_id: int, version: int) -> None:
    """Take an address out of the user's book, as it was in `version`. What was the default leaves none behind.

    Refuses, in this order: NotFound (also for somebody else's), AddressChanged.
    """
    _lock_owner(user_id)
    saved = get_address(user_id=user_id, address_id=address_id)
    if saved.version != version:
        raise AddressChanged(version=saved.version)
    models.Address.objects.filter(pk=address_id).delete()


def _lock_owner(user_id: int) -> None:
    if lock_user(user_id) is None:
        raise NotFound(what="user")


def _clear_default(user_id: int, *, in_favour_of: int) -> None:
    """Make room for another default. The address that was it has changed, and says so by its version."""
    standing = models.Address.objects.filter(user_id=user_id, is_default=True).exclude(pk=in_favour_of)
    standing.update(is_default=None, version=F("version") + 1)
