"""What crosses the door of orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.orders.status import OrderFacts
from apps.pricing.api import PricedOrder, Proceeds
from tradecore.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldItem:
    """What is frozen of one SKU at its sale. `terms` are the terms of sale: fee plan, tax, creator."""

    sku_id: int
    product_id: int
    title: str
    sku_code: str
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """One shop's order before it exists: its price, and what is frozen of each SKU in it."""

    shop_id: int
    priced: PricedOrder
    items: Mapping[int, SoldItem]
    delivery_option: str
    address: Mapping[str, Any]
    tax_payable_to: str = ""
    """The jurisdiction that the platform remits the order's tax to; empty where the seller does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseDraft:
    """A purchase before it exists."""

    buyer_ref: int
    is_guest: bool
    contact_email: str
    quote_id: int
    market: str
    total: Money
    pay_by: datetime
    orders: tuple[OrderDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """An order line as it stands. Counts are units; amounts are of all units as they were sold."""

    id: int
    line_no: int
    sku_id: int
    product_id: int
    title: str
    sku_code: str
    quantity: int
    unit_price: Money
    list_price: Money
    seller_discount: Money
    platform_discount: Money
    net: Money
    tax_rate_e5: int
    tax: Money
    duty: Money
    ladder: tuple[Mapping[str, Any], ...]
    cancelled: int
    arranged: int
    collected: int
    delivered: int
    lost: int

    @property
    def open_units(self) -> int:
        """Units that are neither cancelled nor in a parcel."""
        return self.quantity - self.cancelled - self.arranged


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownView:
    """The sums of an order, named as the price ladder names them."""

    original_total_product_price: Money
    seller_discount: Money
    platform_discount: Money
    sub_total: Money
    original_shipping_fee: Money
    shipping_fee_seller_discount: Money
    shipping_fee_platform_discount: Money
    shipping_fee: Money
    tax: Money
    tax_inclusive: bool
    duty: Money
    fees: Money
    payment_platform_discount: Money
    recorded_difference: Money
    total: Money
    refunded: Money
    steps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order as lists show it."""

    id: int
    number: str
    purchase_id: int
    buyer_ref: int
    shop_id: int
    status: str
    total: Money
    unit_count: int
    placed_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Until when something has to happen, and what happens otherwise."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One change of the order's status."""

    status: str
    initiator: str
    reason: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """One order with everything that its buyer and its shop may see."""

    id: int
    number: str
    purchase_id: int
    buyer_ref: int
    shop_id: int
    market: str
    status: str
    version: int
    placed_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    delivery_option: str
    address: Mapping[str, Any]
    lines: tuple[LineView, ...]
    breakdown: BreakdownView
    deadlines: tuple[Deadline, ...]
    timeline: tuple[TimelineEntry, ...]
    holds: tuple[str, ...]
    facts: OrderFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """One purchase with its orders."""

    id: int
    number: str
    buyer_ref: int
    is_guest: bool
    contact_email: str
    market: str
    status: str
    total: Money
    placed_at: datetime
    pay_by: datetime
    paid_at: datetime | None
    orders: tuple[OrderSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUnits:
    """So many units of one line."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """A reason why an order must not move, or had not to. `owner_ref` is the case, request or dispute behind it."""

    kind: str
    owner_ref: int
    placed_at: datetime
    released_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneView:
    """Units that left an order for good: cancelled before shipment, or lost on the way."""

    cause: str
    initiator: str
    reason: str
    units: tuple[LineUnits, ...]
    refund: Money
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A line of a purchase that is just being written."""

    order_id: int
    line_id: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPurchase:
    """A purchase that is just being written, and its lines: what stock is to be held for."""

    purchase: PurchaseView
    lines: tuple[NewLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidOrder:
    """One order of a purchase, as its payment sees it. `proceeds` are what its sale is made of once it is paid."""

    id: int
    shop_id: int
    total: Money
    tax_payable_to: str
    proceeds: Proceeds


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidPurchase:
    """A purchase that awaits its payment."""

    id: int
    market: str
    pay_by: datetime
    orders: tuple[UnpaidOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The absolute deadlines of a paid order, computed once in the market's calendar.

    `held_until` None means that there is no remorse hold.
    """

    held_until: datetime | None
    ship_by: datetime
    ship_cancel_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsGone:
    """Units that left an order for good, and what the frozen prices say goes back for them.

    What is left of the order may all have arrived already: then it completes at `completes_at`.
    `proceeds` are what is undone of its sale; `refund`, the buyer's part of them, goes to the buyer; `given_back` goes
    to the budgets of promotions, in minor units by promotion; `restored` are the promotions whose use comes back,
    because every order that they covered died before shipment.
    """

    id: int
    order_id: int
    purchase_id: int
    shop_id: int
    refund: Money
    tax_payable_to: str
    proceeds: Proceeds
    given_back: Mapping[int, int]
    restored: frozenset[int]
    units: tuple[LineUnits, ...]
    order_is_dead: bool
    completes_at: datetime | None
