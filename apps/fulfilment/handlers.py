"""What fulfilment does when others publish a fact. `config/subscriptions.py` says which."""

from apps.fulfilment.complete_order import resume_completion
from tradecore import clock
from tradecore.outbox import DeliveredEvent


def on_hold_released(event: DeliveredEvent) -> None:
    """`orders.hold_released`: see Note [Completion on hold]."""
    resume_completion(order_id=event.aggregate_id, event_id=event.id, now=clock.now())
