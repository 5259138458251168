"""The facts that orders publish. Aggregates: `purchase` and `order`; sequence: the version of its row."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tradecore.money import Money
from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class PurchasePlaced(Event):
    """A purchase was placed and awaits its payment until `pay_by`."""

    kind: ClassVar[str] = "orders.purchase_placed"

    purchase_id: int
    buyer_ref: int
    order_ids: tuple[int, ...]
    total: Money
    pay_by: datetime


@dataclass(frozen=True, slots=True)
class PurchasePaid(Event):
    """A purchase was paid in full."""

    kind: ClassVar[str] = "orders.purchase_paid"

    purchase_id: int
    buyer_ref: int
    order_ids: tuple[int, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class PurchaseClosed(Event):
    """A purchase ended unpaid: `status` is EXPIRED or CANCELLED."""

    kind: ClassVar[str] = "orders.purchase_closed"

    purchase_id: int
    buyer_ref: int
    order_ids: tuple[int, ...]
    status: str


@dataclass(frozen=True, slots=True)
class OrderMoved(Event):
    """An order has another status."""

    kind: ClassVar[str] = "orders.order_moved"

    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnitsLeft(Event):
    """Something went back of an order: units of it, or an amount without any. `refund` is the buyer's part of it.

    `how` says whether it was CANCELLED, LOST, REFUNDED, CONCEDED or CHARGED_BACK, `cause` whose doing it is.
    """

    kind: ClassVar[str] = "orders.units_left"

    gone_id: int
    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    how: str
    cause: str
    initiator: str
    reason: str
    refund: Money


@dataclass(frozen=True, slots=True)
class HoldPlaced(Event):
    """An order must not move until the hold is released."""

    kind: ClassVar[str] = "orders.hold_placed"

    order_id: int
    shop_id: int
    hold: str


@dataclass(frozen=True, slots=True)
class HoldReleased(Event):
    """A hold of an order was released."""

    kind: ClassVar[str] = "orders.hold_released"

    order_id: int
    shop_id: int
    hold: str


@dataclass(frozen=True, slots=True)
class CancelRequested(Event):
    """A buyer asks to cancel what the seller may be packing. Where nobody answers until `answer_by`, it is granted."""

    kind: ClassVar[str] = "orders.cancel_requested"

    request_id: int
    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    reason: str
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class CancelRequestAnswered(Event):
    """A request to cancel is open no more: `status` is APPROVED, REJECTED, or WITHDRAWN by its buyer."""

    kind: ClassVar[str] = "orders.cancel_request_answered"

    request_id: int
    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    status: str
    decided_by: str
    reject_reason: str
