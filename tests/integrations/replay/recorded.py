"""Recorded orders as tests write them: ordinary ones, unless they say otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from apps.integrations.replay.lives import Life, plan_life
from apps.integrations.replay.records import (
    RecordedBuyer,
    RecordedItem,
    RecordedOrder,
    RecordedTender,
    SkuKey,
    TenderType,
)

#: A Wednesday noon in São Paulo.
PURCHASED = datetime(2018, 3, 7, 15, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WINDOW = 7 * DAY

BUYER = RecordedBuyer(id="buyer", postal_code="01310", city="sao paulo", state="SP")


def item(price_minor: int = 1000, *, seller: str = "seller", product: str = "product") -> RecordedItem:
    return RecordedItem(SkuKey(seller, product), price_minor=price_minor, freight_minor=150)


def tender(type_: str = TenderType.CREDIT_CARD, *, value_minor: int = 1150, instalments: int = 1) -> RecordedTender:
    return RecordedTender(sequence=1, type=type_, instalments=instalments, value_minor=value_minor)


def order(**parts: Any) -> RecordedOrder:
    """One that was delivered within days of its purchase."""
    ordinary = {
        "id": "order",
        "status": "delivered",
        "buyer": BUYER,
        "purchased_at": PURCHASED,
        "approved_at": PURCHASED + MINUTE,
        "handed_over_at": PURCHASED + DAY,
        "delivered_at": PURCHASED + 5 * DAY,
        "items": (item(),),
        "tenders": (tender(),),
    }
    return RecordedOrder(**{**ordinary, **parts})


def plan(**parts: Any) -> Life:
    return plan_life(order(**parts), window=WINDOW)
