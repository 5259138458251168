"""What documents do when others publish a fact. `config/subscriptions.py` says which."""

from collections.abc import Sequence

from apps.documents.bill_order import bill_order
from apps.documents.issue_receipts import issue_receipts
from tradecore import clock
from tradecore.outbox import BatchHandler, DeliveredEvent


@BatchHandler
def on_purchase_paid(events: Sequence[DeliveredEvent]) -> None:
    """`orders.purchase_paid`: every order of it has a receipt."""
    issue_receipts(purchases={event.id: event.aggregate_id for event in events}, now=clock.now())


def on_order_changed(event: DeliveredEvent) -> None:
    """Any fact that names the order whose goods went out or came back: see Note [Billing]."""
    bill_order(order_id=int(event.payload["order_id"]), event_id=event.id, now=clock.now())
