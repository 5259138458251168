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
    """Units left an order for good, cancelled or lost with their parcel; `refund` goes back to the buyer."""

    kind: ClassVar[str] = "orders.units_left"

    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
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
