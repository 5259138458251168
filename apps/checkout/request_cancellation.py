"""A buyer wants to cancel what is paid: at once where nobody has to be asked, else by a request to the seller.

# Note [Cancel requests]
In the remorse time the order is its buyer's, who cancels at once. Then the seller may be packing it and is asked: the
market's clock `cancel_request` runs, and whoever does not answer approves. Who has not shipped by `ship_by` has no more
say: from then on the buyer cancels at once again, and a request that is open by then ends with it. What is in a parcel
can no longer be cancelled by its buyer; a request is about the units that are in none.

An open request holds the order, so that it is not shipped meanwhile. Other holds keep its buyer from cancelling, and so
they keep a request from being granted, also by silence: its timer then fires and leaves it as it is, and the release
of the hold sets the timer anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apps.checkout.cancel_lines import ANSWER_TIMER, cancel
from apps.markets.api import deadline, get_market
from apps.orders import api as orders
from tradecore import db, inbox
from tradecore.timers import Deadline, cancel_timers, reset_timer

_WITH_SELLER: Final = frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})


@db.use_case
def request_cancellation(
    *, order_id: int, units: Sequence[orders.LineUnits] | None, reason: str, now: datetime
) -> orders.CancelRequestView | None:
    """Cancel units for the buyer of a paid order, all that are in no parcel if None; or ask its seller.

    By Note [Cancel requests]. Returns the request that was made, and None where all of it is cancelled. Refuses, in
    this order: NotFound, NotCancellable, CancelRequestOpen, OrderOnHold, LineUnknown, TooManyUnits.
    Locks, in this order: purchase, order; and where it cancels, as `cancel_lines`.
    """
    standing = orders.lock_for_cancellation(order_id=order_id)
    answer_by = _answer_by(standing, now=now)
    if answer_by is None:
        cancel(order_id, units, initiator="buyer", reason=reason, now=now)
        return None
    request = orders.open_cancel_request(order_id=order_id, units=units, reason=reason, answer_by=answer_by, now=now)
    reset_timer(Deadline(ANSWER_TIMER, order_id, answer_by))
    return request


@db.use_case
def approve_cancel_request(*, order_id: int, now: datetime) -> None:
    """The seller agrees: cancel what of the request is in no parcel still.

    Refuses, in this order: NotFound, CancelRequestNotOpen, OrderOnHold. Locks as `cancel_lines` does.
    """
    _approve(order_id, decided_by="seller", now=now)


@db.use_case
def approve_unanswered_request(order_id: int, now: datetime) -> None:
    """Timer `answer_cancel_request`: silence approves. Nothing if it was answered, or another hold is open."""
    try:
        _approve(order_id, decided_by="system", now=now)
    except (orders.CancelRequestNotOpen, orders.OrderOnHold):
        return  # refused before anything was written; see Note [Cancel requests]


@db.use_case
def reject_cancel_request(*, order_id: int, reason: str, now: datetime) -> None:
    """The seller does not agree, and ships. Refuses: NotFound, CancelRequestNotOpen. Locks: purchase, order."""
    _close(order_id, status="REJECTED", decided_by="seller", reject_reason=reason, now=now)


@db.use_case
def withdraw_cancel_request(*, order_id: int, now: datetime) -> None:
    """The buyer wants it after all. Refuses: NotFound, CancelRequestNotOpen. Locks: purchase, order."""
    _close(order_id, status="WITHDRAWN", decided_by="buyer", now=now)


@db.use_case
def resume_cancel_request(*, order_id: int, event_id: int, now: datetime) -> None:
    """A hold was released, says this event: see Note [Cancel requests]. Nothing unless a request is open."""
    if not inbox.first_time(consumer="checkout.resume_cancel_request", event_id=event_id, now=now):
        return
    request = orders.find_cancel_request(order_id=order_id)
    if request is not None and request.status == "OPEN":
        reset_timer(Deadline(ANSWER_TIMER, order_id, request.answer_by))


def _answer_by(standing: orders.CancelStanding, *, now: datetime) -> datetime | None:
    """Until when the seller may answer; None where they are not asked."""
    if standing.status not in _WITH_SELLER or standing.ship_by is None or standing.ship_by <= now:
        return None
    market = get_market(standing.market, now=now)
    return min(standing.ship_by, deadline(market=market, clock="cancel_request", start=now))


def _approve(order_id: int, *, decided_by: str, now: datetime) -> None:
    request = _close(order_id, status="APPROVED", decided_by=decided_by, now=now)
    if request.open_units:
        cancel(order_id, request.open_units, initiator="buyer", reason=request.reason, now=now)


def _close(
    order_id: int, *, status: str, decided_by: str, reject_reason: str = "", now: datetime
) -> orders.ClosedCancelRequest:
    request = orders.close_cancel_request(
        order_id=order_id, status=status, decided_by=decided_by, reject_reason=reject_reason, now=now
    )
    cancel_timers(subjects=[order_id], kinds=[ANSWER_TIMER])
    return request
