"""A price is a line of history: it begins at a moment, now or later, and is never rewritten."""

from datetime import datetime

from django.db import IntegrityError
from django.db.models import QuerySet

from apps.catalog import models
from apps.catalog.contracts import Price, ProductState
from apps.catalog.errors import PriceChanged, PriceExists, PriceInPast, PriceOutOfRange
from apps.catalog.price_drops import (
    PRICE_DROP,
    STEEPEST_DROP_BP,
    is_too_steep,
    moment_in,
    money_in,
    subject_of,
    to_content,
)
from apps.catalog.selectors import get_sku_row, price_of
from tradecore import approvals, audit, db
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.money import BASIS_POINTS, MAX_MINOR, Money


@db.use_case
def set_price(
    *, shop_id: int, sku_id: int, market: str, amount: Money, valid_from: datetime, actor: str, now: datetime
) -> Price | AwaitsApproval:
    """Let a SKU cost `amount` in a market from `valid_from` on. The same price for the same moment changes nothing.

    A price that is lower by more than PRICE_DROP_MAX_BP than the one that it takes the place of is not set but asked
    for: see `price_drops`. `market` is a code that the caller has looked up, and `amount` is in that market's currency.

    Refuses, in this order: UnknownSku, PriceOutOfRange, PriceInPast, PriceExists.
    """
    sku = get_sku_row(shop_id=shop_id, sku_id=sku_id)
    if not 0 <= amount.minor <= MAX_MINOR:
        raise PriceOutOfRange
    if valid_from < now:
        raise PriceInPast(valid_from=valid_from)
    row = _make_row(sku, market=market, amount=amount, valid_from=valid_from)
    old = _find_replaced(row)
    if old is not None and _needs_second_person(row, old):
        return _ask(row, old, is_at_once=valid_from == now, actor=actor, now=now)
    return _insert(row, actor=actor, now=now)


@db.transaction_required
def carry_out_price_drop(approved: Approved, now: datetime) -> None:
    """The handler of approved price drops: the price begins at its moment, or now where that has passed.

    Refuses, in this order: UnknownSku, PriceChanged (it would take the place of another price than was read),
    PriceExists. Locks: nothing.
    """
    content = approved.content
    sku = get_sku_row(shop_id=int(content["shop_id"]), sku_id=int(content["sku_id"]))
    amount = money_in(content, "new")
    valid_from = max(moment_in(content) or now, now)
    row = _make_row(sku, market=content["market"], amount=amount, valid_from=valid_from)
    old = _find_replaced(row)
    assert old is not None, "there was a price, and prices stay"
    if old.amount != money_in(content, "old"):
        raise PriceChanged(price=old.amount)
    _insert(row, actor=approved.approved_by, now=now)


def _make_row(sku: models.Sku, *, market: str, amount: Money, valid_from: datetime) -> models.SkuPrice:
    return models.SkuPrice(
        sku=sku, market=market, currency=amount.currency, amount_minor=amount.minor, valid_from=valid_from
    )


def _find_replaced(row: models.SkuPrice) -> Price | None:
    """The price that ends when this one begins."""
    earlier = models.SkuPrice.objects.filter(sku=row.sku, market=row.market, valid_from__lt=row.valid_from)
    latest = earlier.order_by("-valid_from").first()
    return None if latest is None else price_of(latest)


def _needs_second_person(row: models.SkuPrice, old: Price) -> bool:
    """Not where nobody has seen a price of the SKU yet, and not where another price stands at the very moment."""
    return (
        is_too_steep(old=old.amount, new=price_of(row).amount, bound_bp=_bound_bp(row))
        and row.sku.product.state != ProductState.DRAFT
        and not _begun_then(row).exists()
    )


def _bound_bp(row: models.SkuPrice) -> int:
    return STEEPEST_DROP_BP.read(market=row.market, shop_id=row.sku.shop_id)


def _ask(row: models.SkuPrice, old: Price, *, is_at_once: bool, actor: str, now: datetime) -> AwaitsApproval:
    new = price_of(row).amount
    return approvals.request_once(
        kind=PRICE_DROP,
        subject=subject_of(row.sku_id),
        content=to_content(
            shop_id=row.sku.shop_id,
            sku_code=row.sku.code,
            old=old,
            new=new,
            valid_from=None if is_at_once else row.valid_from,
        ),
        actor=actor,
        reason=f"falls from {old.amount} to {new}, by more than {_bound_bp(row) * 100 / BASIS_POINTS:g} %",
        now=now,
    )


def _insert(row: models.SkuPrice, *, actor: str, now: datetime) -> Price:
    """Refuses: PriceExists."""
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError:
        return _same_price(row)
    price = price_of(row)
    audit.record(actor=actor, action="price.set", subject=f"sku:{row.sku_id}", after=price, now=now)
    return price


def _same_price(row: models.SkuPrice) -> Price:
    """The price that begins at the same moment, if it is the same. Refuses: PriceExists."""
    price = price_of(_begun_then(row).get())
    if price.amount != price_of(row).amount:
        raise PriceExists(price=price.amount, valid_from=price.valid_from)
    return price


def _begun_then(row: models.SkuPrice) -> QuerySet[models.SkuPrice]:
    """The price that begins at the same moment."""
    return models.SkuPrice.objects.filter(sku=row.sku, market=row.market, valid_from=row.valid_from)
