"""What orders refuse."""

from dataclasses import dataclass
from datetime import datetime

from tradecore.errors import Kind, Refusal
from tradecore.money import Money


@dataclass
class NotCancellable(Refusal):
    """What is to be cancelled is with the carrier already, or over."""

    code = "orders.not_cancellable"
    kind = Kind.CONFLICT
    title = "This order can no longer be cancelled."

    order_status: str


@dataclass
class TooManyUnits(Refusal):
    """The line does not have so many units that are free for this."""

    code = "orders.too_many_units"
    kind = Kind.CONFLICT
    title = "The line does not have that many units left for this."

    line_id: int
    available: int


@dataclass
class NotRefundable(Refusal):
    """Nothing of the order was shipped yet, or all of it is over: what is not shipped is cancelled."""

    code = "orders.not_refundable"
    kind = Kind.CONFLICT
    title = "There is nothing to refund of this order."

    order_status: str


@dataclass
class AmountNotRefundable(Refusal):
    """More than is left of the line, nothing, or in another currency."""

    code = "orders.amount_not_refundable"
    kind = Kind.CONFLICT
    title = "That much is not left of this."

    refundable: Money
    asked: Money


@dataclass
class LineUnknown(Refusal):
    """The order has no such line."""

    code = "orders.line_unknown"
    kind = Kind.RULE
    title = "The order has no such line."

    line_id: int


@dataclass
class OrderOnHold(Refusal):
    """A hold is open on the order: it must not move until that is released."""

    code = "orders.on_hold"
    kind = Kind.CONFLICT
    title = "The order is on hold."

    holds: tuple[str, ...]


@dataclass
class NotReadyToShip(Refusal):
    """The order is not paid, in its remorse time, cancelled, or shipped already."""

    code = "orders.not_ready_to_ship"
    kind = Kind.CONFLICT
    title = "This order is not ready to be shipped."

    order_status: str


@dataclass
class NotDelivered(Refusal):
    """Receipt can only be confirmed of what was delivered."""

    code = "orders.not_delivered"
    kind = Kind.CONFLICT
    title = "This order was not delivered yet."

    order_status: str


@dataclass
class CancelRequestOpen(Refusal):
    """The seller has been asked already, and has not answered yet."""

    code = "orders.cancel_request_open"
    kind = Kind.CONFLICT
    title = "The seller has been asked to cancel this order already."

    request_id: int
    answer_by: datetime


@dataclass
class CancelRequestNotOpen(Refusal):
    """The latest request to cancel the order was answered or taken back; without one there is no status."""

    code = "orders.cancel_request_not_open"
    kind = Kind.CONFLICT
    title = "No request to cancel this order is open."

    request_status: str | None
