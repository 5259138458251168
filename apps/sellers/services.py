"""What is done to shops. Each function is a use case of its own, and leaves an audit entry."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError
from django.db.models import F

from apps.sellers import models, states
from apps.sellers.contracts import DeliveryRate, Shop, ShopState
from apps.sellers.errors import HandleTaken, StateNotAllowed, VersionStale
from apps.sellers.fields import (
    check_email,
    check_handle,
    check_legal_name,
    check_name,
    check_rate,
    check_reason,
    check_tax_number,
)
from apps.sellers.selectors import forget_shop, get_row, rate_of, shop_of
from tradecore import audit, db


@db.use_case
def open_shop(
    *,
    handle: str,
    name: str,
    contact_email: str,
    market: str,
    currency: str,
    fee_plan: str,
    actor: str,
    now: datetime,
) -> Shop:
    """Open a shop, ONBOARDING. `market`, `currency` and `fee_plan` are codes that the caller has looked up.

    Refuses, in this order: InvalidField (handle, name, contact_email), HandleTaken.
    """
    check_handle(handle)
    check_name(name)
    check_email(contact_email)
    row = models.Shop(
        handle=handle,
        name=name,
        contact_email=contact_email,
        market=market,
        currency=currency,
        fee_plan=fee_plan,
        created_at=now,
    )
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError:
        raise HandleTaken(handle=handle) from None
    facts = {"handle": handle, "name": name, "market": market, "currency": currency, "fee_plan": fee_plan}
    audit.record(actor=actor, action="shop.opened", subject=_subject(row), after=facts, now=now)
    return shop_of(row)


@db.use_case
def edit_shop(*, shop_id: int, version: int, name: str, contact_email: str, actor: str, now: datetime) -> Shop:
    """Replace what a shop says about itself, as read in `version`. Returns the shop in its next version.

    Refuses, in this order: UnknownShop, VersionStale, InvalidField (name, contact_email).
    """
    row = get_row(shop_id)
    if row.version != version:
        raise VersionStale(version=row.version)
    check_name(name)
    check_email(contact_email)
    if not _write(row, name=name, contact_email=contact_email):
        raise VersionStale(version=get_row(shop_id).version)
    after = {"name": name, "contact_email_changed": contact_email != row.contact_email}
    audit.record(
        actor=actor, action="shop.edited", subject=_subject(row), before={"name": row.name}, after=after, now=now
    )
    return replace(shop_of(row), name=name, contact_email=contact_email, version=version + 1)


@db.use_case
def set_legal_identity(*, shop_id: int, legal_name: str, tax_number: str, actor: str, now: datetime) -> Shop:
    """Who sells, and under which number for their taxes: what invoices say from now on. The same again changes nothing.

    Refuses, in this order: UnknownShop, InvalidField (legal_name, tax_number), Busy (somebody else was faster).
    """
    row = get_row(shop_id)
    check_legal_name(legal_name)
    check_tax_number(tax_number)
    if (row.legal_name, row.tax_number) == (legal_name, tax_number):
        return shop_of(row)
    if not _write(row, legal_name=legal_name, tax_number=tax_number):
        raise db.Busy
    after = {"legal_name": legal_name, "tax_number_changed": tax_number != row.tax_number}
    audit.record(
        actor=actor,
        action="shop.legal_identity_set",
        subject=_subject(row),
        before={"legal_name": row.legal_name},
        after=after,
        now=now,
    )
    return replace(shop_of(row), legal_name=legal_name, tax_number=tax_number, version=row.version + 1)


@db.use_case
def change_shop_state(*, shop_id: int, state: ShopState, reason: str, actor: str, now: datetime) -> Shop:
    """Move a shop to a state, by the table; the state that it is in already changes nothing.

    Refuses, in this order: UnknownShop, InvalidField (reason), StateNotAllowed, Busy (somebody else was faster).
    """
    row = get_row(shop_id)
    check_reason(reason)
    if row.state == state:
        return shop_of(row)
    if not states.SHOP.allows(row.state, state):
        raise StateNotAllowed(state=row.state, wanted=state)
    if not _write(row, state=state):
        raise db.Busy
    audit.record(
        actor=actor,
        action="shop.state_changed",
        subject=_subject(row),
        reason=reason,
        before={"state": row.state},
        after={"state": state},
        now=now,
    )
    return replace(shop_of(row), state=state, version=row.version + 1)


@db.use_case
def set_delivery_rate(*, rate: DeliveryRate, actor: str, now: datetime) -> DeliveryRate:
    """Offer a delivery option at a rate, in place of the rate that stood for it. The same rate again changes nothing.

    Refuses, in this order: UnknownShop, InvalidField (option, base_minor, per_kg_minor, included_grams,
    free_from_minor).
    """
    shop = get_row(rate.shop_id)
    check_rate(rate)
    before = models.DeliveryRate.objects.filter(shop=shop, option=rate.option).first()
    if before and rate_of(before) == rate:
        return rate
    forget_shop(shop.pk)
    models.DeliveryRate.objects.update_or_create(
        shop=shop,
        option=rate.option,
        defaults={
            "base_minor": rate.base_minor,
            "per_kg_minor": rate.per_kg_minor,
            "included_grams": rate.included_grams,
            "free_from_minor": rate.free_from_minor,
        },
    )
    audit.record(
        actor=actor,
        action="shop.delivery_rate_set",
        subject=_subject(shop),
        before=rate_of(before) if before else None,
        after=rate,
        now=now,
    )
    return rate


def _write(row: models.Shop, **changes: str) -> bool:
    """Compare and set: write the changes as the version after the one that was read, or nothing at all."""
    forget_shop(row.pk)
    read = models.Shop.objects.filter(pk=row.pk, state=row.state, version=row.version)
    return bool(read.update(**changes, version=F("version") + 1))


def _subject(row: models.Shop) -> str:
    return f"shop:{row.pk}"
