"""Cancel what is not shipped, for its buyer, its seller, or the clock; whole orders, or so many units of a line.

Nobody is asked here: whether a buyer has to ask first stands in `request_cancellation.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db, inbox
from tradecore.timers import Deadline, cancel_timers, reset_timer

#: Every timer that an order may have before it is shipped.
_TIMERS = ("end_remorse", "cancel_unshipped")

#: The timer that answers a buyer's request to cancel, by the order's id.
ANSWER_TIMER = "answer_cancel_request"


@db.use_case
def cancel_lines(
    *, order_id: int, units: Sequence[orders.LineUnits] | None, initiator: str, reason: str, now: datetime
) -> orders.UnitsGone:
    """Cancel units of a paid order that are in no parcel, all of them when `units` is None, and send their money back.

    The refund is sent by the poller. Refuses what `orders.cancel_units` refuses, in its order.
    Locks, in this order: purchase, order, payment, promotions, their uses, stock hold, stock.
    """
    return cancel(order_id, units, initiator=initiator, reason=reason, now=now)


@db.use_case
def cancel_unshipped(order_id: int, now: datetime) -> None:
    """Timer `cancel_unshipped`: cancel what the seller has not put into a parcel in time. Nothing if there is none.

    Nothing either while a bank decides about the money: the release of that hold sets the timer anew.
    """
    try:
        cancel(order_id, None, initiator="system", reason="not_shipped_in_time", now=now)
    except (orders.NotCancellable, orders.OrderOnHold):
        return  # everything is in parcels, or over, or disputed; refused before anything was written


@db.use_case
def resume_cancellation(*, order_id: int, event_id: int, now: datetime) -> None:
    """A hold was released, says this event: what is not shipped has its deadline, be it past. Again is nothing."""
    if not inbox.first_time(consumer="checkout.resume_cancellation", event_id=event_id, now=now):
        return
    for deadline in orders.get_order(order_id=order_id).deadlines:
        if deadline.kind == "cancelled_if_not_shipped":
            reset_timer(Deadline("cancel_unshipped", order_id, deadline.due_at))


@db.transaction_required
def cancel(
    order_id: int, units: Sequence[orders.LineUnits] | None, *, initiator: str, reason: str, now: datetime
) -> orders.UnitsGone:
    """Everything that is true once units were cancelled. Refuses and locks as `cancel_lines` does."""
    gone = orders.cancel_units(order_id=order_id, units=units, initiator=initiator, reason=reason, now=now)
    refund_id = 0
    if gone.refund.minor:
        refund_id = payments.open_refund(
            payable_ref=gone.purchase_id,
            order_ref=gone.order_id,
            amount=gone.refund,
            reason=reason,
            client_ref=f"gone:{gone.id}",
            now=now,
        )
    undone = journals.units_gone(
        gone_ref=gone.id,
        order_ref=gone.order_id,
        shop_ref=gone.shop_id,
        refund_ref=refund_id,
        tax_payable_to=gone.tax_payable_to,
        currency=gone.refund.currency,
        proceeds=gone.proceeds,
    )
    ledger.post(undone, now=now)
    if gone.order_is_dead:
        cancel_timers(subjects=[order_id], kinds=_TIMERS)
    if gone.completes_at is not None:
        reset_timer(Deadline("complete_order", order_id, gone.completes_at))
    if initiator != "buyer":  # the buyer's own cancellation is refused while the seller is being asked
        _close_moot_request(order_id, initiator=initiator, now=now)
    db.insert_pending()
    promotions.give_back(owner_ref=gone.purchase_id, amounts=gone.given_back, restored=gone.restored, now=now)
    inventory.release(
        owner_ref=gone.purchase_id,
        lines=[(part.line_id, part.quantity) for part in gone.from_stock],
        reason=reason,
        now=now,
    )
    return gone


def _close_moot_request(order_id: int, *, initiator: str, now: datetime) -> None:
    """Whoever cancels all that a buyer has asked for has answered the request."""
    if orders.close_moot_cancel_request(order_id=order_id, decided_by=initiator, now=now):
        cancel_timers(subjects=[order_id], kinds=[ANSWER_TIMER])
