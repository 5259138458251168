"""What was recorded: plain facts, before any of them is lived. Amounts are centavos, times UTC."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

CURRENCY: Final = "BRL"


class TenderType(StrEnum):
    """How a part was paid. NOT_DEFINED stands where nothing is known, and nothing was paid."""

    CREDIT_CARD = "credit_card"
    DEBIT_CARD = "debit_card"
    BOLETO = "boleto"
    VOUCHER = "voucher"
    NOT_DEFINED = "not_defined"


@dataclass(frozen=True, slots=True)
class SkuKey:
    """What a SKU of the replay is: one product of one seller."""

    seller_id: str
    product_id: str


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """One physical unit."""

    sku: SkuKey
    price_minor: int
    freight_minor: int


@dataclass(frozen=True, slots=True)
class RecordedTender:
    """One way in which a part of an order was paid. `type` is a TenderType, or a word that we do not know."""

    sequence: int
    type: str
    instalments: int
    value_minor: int

    @property
    def is_opened(self) -> bool:
        """Whether there is anything to pay by it."""
        return self.value_minor > 0 and self.type != TenderType.NOT_DEFINED


@dataclass(frozen=True, slots=True)
class RecordedBuyer:
    """The person who bought, and where they lived then."""

    id: str
    postal_code: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class RecordedProduct:
    """What is known of a product. `category` is empty where none is."""

    category: str
    weight_grams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOrder:
    """One order with its timeline. A time that was not recorded is None."""

    id: str
    status: str
    buyer: RecordedBuyer
    purchased_at: datetime
    approved_at: datetime | None
    handed_over_at: datetime | None
    delivered_at: datetime | None
    items: tuple[RecordedItem, ...]
    tenders: tuple[RecordedTender, ...]

    @property
    def moments(self) -> tuple[datetime, ...]:
        """Every time that was recorded of it."""
        times = (self.purchased_at, self.approved_at, self.handed_over_at, self.delivered_at)
        return tuple(moment for moment in times if moment is not None)

    @property
    def quantities(self) -> Counter[SkuKey]:
        """Units by SKU, in the order of their lines: quantity was written as repeated lines."""
        return Counter(item.sku for item in self.items)

    @property
    def freights_minor(self) -> Counter[str]:
        """The freight of each seller's part, by seller."""
        freights: Counter[str] = Counter()
        for item in self.items:
            freights[item.sku.seller_id] += item.freight_minor
        return freights

    @property
    def goods_minor(self) -> Counter[str]:
        """The item prices of each seller's part, by seller."""
        goods: Counter[str] = Counter()
        for item in self.items:
            goods[item.sku.seller_id] += item.price_minor
        return goods

    @property
    def items_minor(self) -> int:
        return sum(item.price_minor for item in self.items)

    @property
    def freight_minor(self) -> int:
        return sum(item.freight_minor for item in self.items)

    @property
    def opened_tenders(self) -> tuple[RecordedTender, ...]:
        return tuple(tender for tender in self.tenders if tender.is_opened)

    @property
    def difference_minor(self) -> int:
        """By how much what was paid is more (or less) than items and freight."""
        return sum(tender.value_minor for tender in self.opened_tenders) - self.items_minor - self.freight_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All that the files hold of orders with a timeline: the orders by time of purchase, then id; products by id.

    `last_at` is the last moment of any order: what had not happened by then was never recorded.
    """

    orders: tuple[RecordedOrder, ...]
    products: dict[str, RecordedProduct]
    last_at: datetime
