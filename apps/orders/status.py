"""The status of an order: a pure function of its facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class _OrderMoments(Protocol):
    paid_at: datetime | None
    completed_at: datetime | None
    is_held: bool


class _LineCounters(Protocol):
    quantity: int
    cancelled: int
    arranged: int
    collected: int
    delivered: int
    lost: int


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the status follows from. Counts are units, summed over the lines of the order.

    `cancelled` left before it was in a parcel, or with its parcel before the carrier had it; `arranged` is in a parcel;
    of those `collected` were scanned by the carrier, and of those again `delivered` arrived and `lost` never will.
    """

    is_paid: bool
    is_held: bool
    is_completed: bool
    ordered: int
    cancelled: int
    arranged: int
    collected: int
    delivered: int
    lost: int


def derive_status(facts: OrderFacts) -> str:
    """The one status that the facts allow: the first of the ladder whose condition holds."""
    alive = facts.ordered - facts.cancelled - facts.lost
    ladder = (
        ("COMPLETED", facts.is_completed),
        ("CANCELLED", alive == 0),
        ("UNPAID", not facts.is_paid),
        ("ON_HOLD", facts.is_held),
        ("DELIVERED", facts.delivered == alive),
        ("AWAITING_SHIPMENT", facts.arranged == 0),
        ("PARTIALLY_SHIPPING", facts.arranged < facts.ordered - facts.cancelled),
        ("AWAITING_COLLECTION", facts.collected < facts.arranged),
        ("IN_TRANSIT", True),
    )
    return next(status for status, holds in ladder if holds)


def facts_of(order: _OrderMoments, lines: Sequence[_LineCounters]) -> OrderFacts:
    """The facts of an order and its lines."""
    return OrderFacts(
        is_paid=order.paid_at is not None,
        is_held=order.is_held,
        is_completed=order.completed_at is not None,
        ordered=sum(line.quantity for line in lines),
        cancelled=sum(line.cancelled for line in lines),
        arranged=sum(line.arranged for line in lines),
        collected=sum(line.collected for line in lines),
        delivered=sum(line.delivered for line in lines),
        lost=sum(line.lost for line in lines),
    )
