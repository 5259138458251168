"""What crosses the door of orders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from apps.orders.status import OrderFacts
from apps.pricing.api import ChargesBack, PricedOrder, Proceeds, RefundableCharges, RefundableLine, RefundPart
from tradecore.locks import Know
from tradecore.money import Money


class GoneKind(StrEnum):
    """How something goes back of an order."""

    CANCELLED = "CANCELLED"  # units, before their shipment
    LOST = "LOST"  # units, with a parcel that will never arrive
    REFUNDED = "REFUNDED"  # units, after their shipment
    CONCEDED = "CONCEDED"  # an amount; the buyer keeps the goods
    CHARGED_BACK = "CHARGED_BACK"  # units or an amount, taken by the buyer's bank


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
    standard_shipping_minor: int = 0
    """What the cheapest delivery would have cost, where the law gives so much back after a change of mind; else 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseDraft:
    """A purchase before it exists."""

    buyer_ref: int
    is_guest: bool
    contact_email: str
    quote_id: int
    market: str
    total: Money
    uses_promotions: bool
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
    refunded: int
    returned: int

    @property
    def refundable_units(self) -> int:
        """Units that the carrier has or had, and whose money has not gone back."""
        return self.collected - self.lost - self.refunded

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
    """What went back of an order at one moment."""

    id: int
    kind: GoneKind
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
    """A purchase that is just being written, and its lines: what stock is to be held for.

    `know` lets the next transaction know its rows; see Note [Just written] of the locks.
    """

    purchase: PurchaseView
    lines: tuple[NewLine, ...]
    know: Know


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
    """A purchase that awaits its payment. Where it uses no promotions none are held for it."""

    id: int
    market: str
    uses_promotions: bool
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
    """What has just gone back of an order, and what the frozen prices say of it.

    What is left of the order may all have arrived already: then it completes at `completes_at`.
    `proceeds` are what is undone of its sale; `refund`, the buyer's part of them, goes to the buyer; `given_back` goes
    to the budgets of promotions, in minor units by promotion; `restored` are the promotions whose use comes back,
    because every order that they covered died before shipment. `units` gave their money back; `from_stock` never left
    the house, and are free again.
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
    from_stock: tuple[LineUnits, ...]
    order_is_dead: bool
    completes_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneEntry:
    """What went back of an order at one moment, to the last component: `parts` by line, and of the charges.

    A part without units is an amount that went back alone.
    """

    id: int
    sequence: int
    kind: GoneKind
    cause: str
    initiator: str
    reason: str
    occurred_at: datetime
    parts: Mapping[int, RefundPart]
    charges: ChargesBack


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """A line as it was sold, with its terms of sale."""

    id: int
    line_no: int
    sku_id: int
    title: str
    sku_code: str
    amounts: RefundableLine
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A paid order as money: what it was sold for, on which terms, and everything that went back of it since.

    Frozen prices and terms; `gone` oldest first. `proceeds` are those of the whole sale.
    """

    order_id: int
    number: str
    purchase_id: int
    shop_id: int
    buyer_ref: int
    market: str
    currency: str
    status: str
    tax_payable_to: str
    paid_at: datetime
    delivered_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    holds: tuple[str, ...]
    lines: tuple[SoldLine, ...]
    charges: RefundableCharges
    proceeds: Proceeds
    gone: tuple[GoneEntry, ...]


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """A paid order as money, and as it is shown."""

    sale: Sale
    order: OrderView


@dataclass(frozen=True, slots=True)
class SoldPurchase:
    """A paid purchase, and its orders in the order of their ids."""

    purchase: PurchaseView
    orders: tuple[SoldOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundQuote:
    """What would go back, and is not going back yet.

    `refund` is the buyer's: goods, shipping, duty, and the tax on top of the prices where `tax` is not inside them.
    Discounts that were given on the units are void; what the platform gave of them goes back to the platform.
    """

    refund: Money
    goods: Money
    shipping: Money
    tax: Money
    tax_inclusive: bool
    duty: Money
    seller_discount_void: Money
    platform_discount_void: Money
    shipping_subsidy_void: Money
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelStanding:
    """What decides whether a buyer cancels at once or has to ask. `ship_by` is None before payment."""

    market: str
    status: str
    ship_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """Who must act next, until when, and what happens where they do not."""

    actor: str
    due_at: datetime
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequestView:
    """A buyer's request to cancel, of these units or, where they are None, of all that is in no parcel.

    `next_action` says who has to answer it while it is OPEN; None after.
    """

    id: int
    order_id: int
    status: str
    reason: str
    units: tuple[LineUnits, ...] | None
    requested_at: datetime
    answer_by: datetime
    decided_by: str
    decided_at: datetime | None
    reject_reason: str
    next_action: NextAction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCancelRequest:
    """A request that is just closed. `open_units` are those that it is about and that are in no parcel still."""

    reason: str
    open_units: tuple[LineUnits, ...]
