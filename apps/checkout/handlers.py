"""What checkout does when others publish a fact. `config/subscriptions.py` says which."""

from apps.checkout.cancel_lines import resume_cancellation
from apps.checkout.request_cancellation import resume_cancel_request
from tradecore import clock
from tradecore.outbox import DeliveredEvent


def on_hold_released(event: DeliveredEvent) -> None:
    """`orders.hold_released`: see Note [Cancel requests], and `resume_cancellation`."""
    resume_cancellation(order_id=event.aggregate_id, event_id=event.id, now=clock.now())
    resume_cancel_request(order_id=event.aggregate_id, event_id=event.id, now=clock.now())
