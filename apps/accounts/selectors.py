"""Reads of accounts. Whatever belongs to somebody is found by its owner only."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from oauth2_provider.models import get_access_token_model

from apps.accounts import models
from apps.accounts.contracts import Address, Bearer, Profile, SavedAddress, ShopRole, StaffMember
from apps.accounts.emails import canonical_email
from apps.accounts.errors import EmailInvalid
from apps.accounts.tokens import CLIENT_ID, token_checksum
from tradecore import clock
from tradecore.errors import NotFound
from tradecore.prepared import Select


def find_bearer(*, access_token: str) -> Bearer | None:
    """Whom an access token speaks for: None if it is unknown, has expired, or its user may not sign in any more.

    One statement. A token that is restricted to certain resources (RFC 8707) speaks for nobody here.
    """
    return find_bearers(access_tokens=[access_token]).get(access_token)


def find_bearers(*, access_tokens: Iterable[str]) -> dict[str, Bearer]:
    """Whom each of the tokens speaks for, as `find_bearer` does; of those that speak for anybody. One statement."""
    by_checksum = {token_checksum(token): token for token in access_tokens}
    rows = _BEARERS(checksums=frozenset(by_checksum), now=clock.real_now())
    return {by_checksum[checksum]: _view_bearer(row) for checksum, *row, resource in rows if not resource}


def _view_bearer(row: Sequence[Any]) -> Bearer:
    user_id, email, is_staff, application_id, client_id, scope = row
    return Bearer(
        user_id=user_id,
        email=email or "",
        application_id=application_id,
        is_ours=client_id == CLIENT_ID,
        is_staff=bool(is_staff),
        scopes=frozenset(scope.split()),
    )


def _bearers(*, checksums: Any, now: Any) -> QuerySet[Any, tuple[Any, ...]]:
    rows: QuerySet[Any] = get_access_token_model().objects.filter(
        Q(user__isnull=True) | Q(user__is_active=True), token_checksum__in=checksums, expires__gt=now
    )
    return rows.values_list(
        "token_checksum",
        "user_id",
        "user__email",
        "user__is_staff",
        "application_id",
        "application__client_id",
        "scope",
        "resource",
    )


_BEARERS = Select(_bearers)


def get_profile(*, user_id: int) -> Profile:
    """Refuses: NotFound."""
    try:
        return list_profiles(user_ids=[user_id])[user_id]
    except KeyError:
        raise NotFound(what="user") from None


def list_profiles(*, user_ids: Iterable[int]) -> dict[int, Profile]:
    """The profiles of those of the ids that are users, by id. Guests have none."""
    rows = models.User.objects.filter(pk__in=set(user_ids))
    return {row.pk: view_profile(row) for row in rows}


def view_profile(row: models.User) -> Profile:
    """The contract of a row."""
    return Profile(id=row.pk, email=row.email, full_name=row.full_name, locale=row.locale, is_staff=row.is_staff)


def list_administrators() -> list[Profile]:
    """Those who may do everything and may sign in, the longest here first."""
    rows = models.User.objects.filter(is_superuser=True, is_staff=True, is_active=True).order_by("id")
    return [view_profile(row) for row in rows]


def find_user_id(*, email: str) -> int | None:
    """The user who signed up with the address, however its letters are cased."""
    try:
        canonical = canonical_email(email)
    except EmailInvalid:
        return None
    return models.User.objects.filter(email=canonical).values_list("pk", flat=True).first()


def get_address(*, user_id: int, address_id: int) -> SavedAddress:
    """Refuses: NotFound (also for somebody else's)."""
    row = _ADDRESS.find(user=user_id, address=address_id)
    if row is None:
        raise NotFound(what="address")
    return view_address(row)


_ADDRESS = Select(lambda user, address: models.Address.objects.filter(pk=address, user_id=user))


def list_addresses(*, user_id: int) -> list[SavedAddress]:
    """The user's whole book, at most ADDRESSES_MAX: the default first, then the newest."""
    rows = models.Address.objects.filter(user_id=user_id).order_by("-id")
    return [view_address(row) for row in sorted(rows, key=lambda row: not row.is_default)]


def view_address(row: models.Address) -> SavedAddress:
    """The contract of a row."""
    return SavedAddress(
        id=row.pk,
        version=row.version,
        is_default=bool(row.is_default),
        address=Address(
            recipient=row.recipient,
            line1=row.line1,
            line2=row.line2,
            city=row.city,
            region=row.region,
            postal_code=row.postal_code,
            country=row.country,
            phone=row.phone,
        ),
    )


def list_shop_ids(*, user_id: int) -> list[int]:
    """The shops that the user works for, oldest first."""
    rows = models.ShopStaff.objects.filter(user_id=user_id).order_by("shop_id")
    return list(rows.values_list("shop_id", flat=True))


def find_shop_role(*, user_id: int, shop_id: int) -> ShopRole | None:
    """What the user is to the shop, if anything."""
    role = models.ShopStaff.objects.filter(user_id=user_id, shop_id=shop_id).values_list("role", flat=True).first()
    return ShopRole(role) if role else None


def list_staff(*, shop_id: int) -> list[StaffMember]:
    """Who works for the shop, in the order in which they came."""
    rows = models.ShopStaff.objects.filter(shop_id=shop_id).select_related("user").order_by("id")
    return [
        StaffMember(
            user_id=row.user_id,
            email=row.user.email,
            full_name=row.user.full_name,
            role=ShopRole(row.role),
            added_at=row.added_at,
        )
        for row in rows
    ]
