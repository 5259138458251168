"""The last step of an order: its buyer has it, and has no more to say.

# Note [Completion on hold]
An order on hold does not complete: its timer fires and leaves it as it is. Nobody asks again and again: the release of
the hold sets the timer anew, for the end of the window; if that has passed, it fires at once.
"""

from datetime import datetime

from apps.orders import api as orders
from tradecore import db, inbox
from tradecore.timers import Deadline, cancel_timers, reset_timer


@db.use_case
def complete_order(order_id: int, now: datetime) -> None:
    """Timer `complete_order`: the time for after-sales is over. Nothing if the order is completed or on hold."""
    try:
        orders.complete_order(order_id=order_id, initiator="system", reason="after_sales_over", now=now)
    except orders.OrderOnHold:
        return  # refused before anything was written; see Note [Completion on hold]


@db.use_case
def confirm_receipt(*, order_id: int, now: datetime) -> None:
    """The buyer has all of it, and completes the order at once. Again is nothing.

    Refuses, in this order: NotFound, NotDelivered, OrderOnHold. Locks: the order.
    """
    if orders.complete_order(order_id=order_id, initiator="buyer", reason="receipt_confirmed", now=now):
        cancel_timers(subjects=[order_id], kinds=["complete_order"])


@db.use_case
def resume_completion(*, order_id: int, event_id: int, now: datetime) -> None:
    """A hold was released, says this event: see Note [Completion on hold]. Nothing unless the order is delivered."""
    if inbox.first_time(consumer="fulfilment.resume_completion", event_id=event_id, now=now):
        schedule_completion(order_id)


@db.transaction_required
def schedule_completion(order_id: int) -> None:
    """Set the timer that completes an order all of which, as far as it lives, is delivered. Nothing before that."""
    order = orders.get_order(order_id=order_id)
    for deadline in order.deadlines:
        if deadline.kind == "completes":
            reset_timer(Deadline("complete_order", order_id, deadline.due_at))
