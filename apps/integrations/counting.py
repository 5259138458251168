"""How much money has moved, counted from the events that say so, for whoever watches (Note [Metrics]).

An event is counted once it is delivered to everybody else, so whatever was rolled back never counts. A worker that dies
just then counts it again: these are numbers to look at, and the books are elsewhere.
"""

from collections.abc import Mapping
from typing import Final

from apps.orders import api as orders
from apps.payments import api as payments
from apps.settlement import api as settlement
from tradecore import metrics, worlds
from tradecore.outbox import DeliveredEvent

#: Kind of event -> what it is called, and the member that has the amount.
COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    orders.PurchasePlaced.kind: ("purchases_placed", "total"),
    orders.PurchasePaid.kind: ("purchases_paid", "total"),
    payments.PaymentCaptured.kind: ("captured", "amount"),
    payments.RefundSucceeded.kind: ("refunded", "amount"),
    settlement.PayoutConfirmed.kind: ("paid_out", "amount"),
}


def count_money(event: DeliveredEvent) -> None:
    """Count the amount of an event; that of a stress test apart, because it is nobody's."""
    what, member = COUNTED[event.kind]
    what = worlds.marked(what)
    amount = event.payload[member]
    metrics.MONEY.add(what, amount["currency"], by=float(amount["amount"]))
    metrics.MONEY_EVENTS.add(what, amount["currency"])
