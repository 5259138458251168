from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.api import (
    AddressBookFull,
    AddressChanged,
    AddressInvalid,
    SavedAddress,
    add_address,
    edit_address,
    get_address,
    list_addresses,
    remove_address,
)
from apps.accounts.models import Address, User
from apps.accounts.services.addresses import ADDRESSES_MAX
from tests.factories.accounts import AddressFactory, UserFactory, make_address
from tradecore.errors import NotFound
from tradecore.ids import gene_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def saved(user: User) -> SavedAddress:
    return add_address(user_id=user.pk, address=make_address())


def edit(user: User, saved: SavedAddress, **changes: Any) -> SavedAddress:
    fields: dict[str, Any] = {
        "user_id": user.pk,
        "address_id": saved.id,
        "version": saved.version,
        "address": saved.address,
        "is_default": saved.is_default,
    }
    return edit_address(**fields | changes)


class TestAddAddress:
    def test_writes_what_can_be_read_back(self, user: User) -> None:
        saved = add_address(user_id=user.pk, address=make_address(city=" London ", phone="+44 20 7946 0958"))
        assert saved.address == make_address(phone="+442079460958")
        assert saved.version == 1
        assert get_address(user_id=user.pk, address_id=saved.id) == saved
        assert list_addresses(user_id=user.pk) == [saved]

    def test_gives_the_address_the_gene_of_its_owner(self, user: User, saved: SavedAddress) -> None:
        assert gene_of(saved.id) == gene_of(user.pk)

    def test_makes_the_first_one_the_default_and_no_later_one(self, user: User, saved: SavedAddress) -> None:
        later = add_address(user_id=user.pk, address=make_address())
        assert (saved.is_default, later.is_default) == (True, False)
        assert [item.id for item in list_addresses(user_id=user.pk)] == [saved.id, later.id]

    def test_makes_a_later_one_the_default_when_asked_to(self, user: User, saved: SavedAddress) -> None:
        later = add_address(user_id=user.pk, address=make_address(), is_default=True)
        assert later.is_default
        demoted = get_address(user_id=user.pk, address_id=saved.id)
        assert (demoted.is_default, demoted.version) == (False, 2)

    def test_refuses_an_address_that_cannot_be_delivered_to(self, user: User) -> None:
        with pytest.raises(AddressInvalid):
            add_address(user_id=user.pk, address=make_address(country="XX"))
        assert not Address.objects.exists()

    def test_refuses_an_unknown_user(self) -> None:
        with pytest.raises(NotFound):
            add_address(user_id=7, address=make_address())
        assert not Address.objects.exists()

    def test_refuses_when_the_book_is_full(self, user: User, saved: SavedAddress) -> None:
        AddressFactory.create_batch(ADDRESSES_MAX - 1, user=user)
        AddressFactory.create()
        with pytest.raises(AddressBookFull) as refused:
            add_address(user_id=user.pk, address=make_address(), is_default=True)
        assert refused.value.limit == ADDRESSES_MAX
        assert Address.objects.filter(user=user).count() == ADDRESSES_MAX
        assert get_address(user_id=user.pk, address_id=saved.id) == saved


class TestEditAddress:
    def test_replaces_the_address_and_counts_the_version_up(self, user: User, saved: SavedAddress) -> None:
        edited = edit(user, saved, address=make_address(city="Leeds"))
        assert (edited.address.city, edited.version, edited.is_default) == ("Leeds", 2, True)
        assert get_address(user_id=user.pk, address_id=saved.id) == edited

    def test_moves_the_default(self, user: User, saved: SavedAddress) -> None:
        later = add_address(user_id=user.pk, address=make_address())
        assert edit(user, later, is_default=True).is_default
        assert not get_address(user_id=user.pk, address_id=saved.id).is_default

    def test_keeps_or_gives_up_the_default(self, user: User, saved: SavedAddress) -> None:
        kept = edit(user, saved, is_default=True)
        assert kept.is_default
        assert not edit(user, kept, is_default=False).is_default

    def test_refuses_an_address_that_cannot_be_delivered_to(self, user: User, saved: SavedAddress) -> None:
        with pytest.raises(AddressInvalid):
            edit(user, saved, address=make_address(city=""))
        assert get_address(user_id=user.pk, address_id=saved.id) == saved

    def test_refuses_an_unknown_address_and_somebody_elses_alike(self, user: User, saved: SavedAddress) -> None:
        with pytest.raises(NotFound) as unknown:
            edit(user, saved, address_id=7)
        with pytest.raises(NotFound) as foreign:
            edit(user, saved, user_id=UserFactory.create().pk)
        assert str(unknown.value) == str(foreign.value)
        assert get_address(user_id=user.pk, address_id=saved.id) == saved

    @pytest.mark.parametrize("version", [0, 1, 3])
    def test_refuses_an_edit_of_another_version(self, user: User, saved: SavedAddress, version: int) -> None:
        current = edit(user, saved, address=make_address(city="Leeds"))
        with pytest.raises(AddressChanged) as refused:
            edit(user, saved, version=version, address=make_address(city="York"))
        assert refused.value.version == 2
        assert get_address(user_id=user.pk, address_id=saved.id) == current


class TestRemoveAddress:
    def test_takes_it_out_of_the_book(self, user: User, saved: SavedAddress) -> None:
        remove_address(user_id=user.pk, address_id=saved.id, version=1)
        assert list_addresses(user_id=user.pk) == []

    def test_leaves_no_default_behind_until_the_next_one_comes(self, user: User, saved: SavedAddress) -> None:
        later = add_address(user_id=user.pk, address=make_address())
        remove_address(user_id=user.pk, address_id=saved.id, version=1)
        assert not get_address(user_id=user.pk, address_id=later.id).is_default
        assert add_address(user_id=user.pk, address=make_address()).is_default

    def test_refuses_an_unknown_address_and_somebody_elses(self, user: User, saved: SavedAddress) -> None:
        with pytest.raises(NotFound):
            remove_address(user_id=user.pk, address_id=7, version=1)
        with pytest.raises(NotFound):
            remove_address(user_id=UserFactory.create().pk, address_id=saved.id, version=1)
        assert list_addresses(user_id=user.pk) == [saved]

    def test_refuses_to_remove_another_version(self, user: User, saved: SavedAddress) -> None:
        current = edit(user, saved, address=make_address(city="Leeds"))
        with pytest.raises(AddressChanged) as refused:
            remove_address(user_id=user.pk, address_id=saved.id, version=1)
        assert refused.value.version == 2
        assert list_addresses(user_id=user.pk) == [current]


class TestReading:
    def test_refuses_an_unknown_address_and_somebody_elses(self, user: User, saved: SavedAddress) -> None:
        with pytest.raises(NotFound):
            get_address(user_id=user.pk, address_id=7)
        with pytest.raises(NotFound):
            get_address(user_id=UserFactory.create().pk, address_id=saved.id)

    def test_lists_the_default_first_and_then_the_newest(self, user: User) -> None:
        ids = [add_address(user_id=user.pk, address=make_address(), is_default=n == 1).id for n in range(3)]
        assert [item.id for item in list_addresses(user_id=user.pk)] == [ids[1], ids[2], ids[0]]


class TestTheTableOfAddresses:
    def test_holds_one_default_per_user(self, user: User) -> None:
        AddressFactory.create(user=user, is_default=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            AddressFactory.create(user=user, is_default=True)

    def test_holds_no_default_that_is_false(self, user: User) -> None:
        with pytest.raises(IntegrityError, match="accounts_address_default_or_null"), transaction.atomic():
            AddressFactory.create(user=user, is_default=False)
