"""A price is a line of history: it begins at a moment, now or later, and is never rewritten."""

from datetime import datetime

from django.db import IntegrityError

from apps.catalog import models
from apps.catalog.contracts import Price
from apps.catalog.errors import PriceExists, PriceInPast, PriceOutOfRange
from apps.catalog.selectors import get_sku_row, price_of
from tradecore import audit, db
from tradecore.money import MAX_MINOR, Money


@db.use_case
def set_price(
    *, shop_id: int, sku_id: int, market: str, amount: Money, valid_from: datetime, actor: str, now: datetime
) -> Price:
    """Let a SKU cost `amount` in a market from `valid_from` on. The same price for the same moment changes nothing.

    `market` is a code that the caller has looked up, and `amount` is in that market's currency.

    Refuses, in this order: UnknownSku, PriceOutOfRange, PriceInPast, PriceExists.
    """
    sku = get_sku_row(shop_id=shop_id, sku_id=sku_id)
    if not 0 <= amount.minor <= MAX_MINOR:
        raise PriceOutOfRange
    if valid_from < now:
        raise PriceInPast(valid_from=valid_from)
    row = models.SkuPrice(
        sku=sku, market=market, currency=amount.currency, amount_minor=amount.minor, valid_from=valid_from
    )
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError:
        return _same_price(row)
    price = price_of(row)
    audit.record(actor=actor, action="price.set", subject=f"sku:{sku_id}", after=price, now=now)
    return price


def _same_price(row: models.SkuPrice) -> Price:
    """The price that begins at the same moment, if it is the same. Refuses: PriceExists."""
    price = price_of(models.SkuPrice.objects.get(sku=row.sku, market=row.market, valid_from=row.valid_from))
    if price.amount != price_of(row).amount:
        raise PriceExists(price=price.amount, valid_from=price.valid_from)
    return price
