"""What buyers and sellers are told, from events, through a port.

# Note [Messages]
A message leaves the process, so it cannot commit with anything: it is sent first, and then the inbox remembers that it
was. A process that dies between the two sends it again: at least once, and rarely twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from django.core.mail import EmailMessage

from apps.accounts import api as accounts
from apps.orders import api as orders
from apps.payments import api as payments
from apps.sellers import api as sellers
from tradecore import db, inbox
from tradecore.extensions import ExtensionPoint
from tradecore.ids import format_number
from tradecore.outbox import DeliveredEvent

log = structlog.get_logger()

CONSUMER = "messages"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that one person is told. `reference` is the same when it is sent again."""

    to: str
    subject: str
    body: str
    reference: str


class MessagePort(Protocol):
    """A way to tell people things. Raises whatever goes wrong: the event is delivered again later."""

    def send(self, message: Message) -> None: ...


class ConsolePort:
    """At home: messages stand in the log."""

    def send(self, message: Message) -> None:
        log.info("message", to=message.to, subject=message.subject, body=message.body, reference=message.reference)


class EmailPort:
    """Through Django's mail settings."""

    def send(self, message: Message) -> None:
        EmailMessage(
            subject=message.subject,
            body=message.body,
            to=[message.to],
            headers={"Message-ID": f"<{message.reference}@tradecore>"},
        ).send()


PORT: ExtensionPoint[MessagePort] = ExtensionPoint("messages")


def send_messages(event: DeliveredEvent) -> None:
    """Tell whoever has to know of an event. See Note [Messages]."""
    if inbox.is_handled(consumer=CONSUMER, event_id=event.id):
        return
    db.assert_no_transaction()
    for number, (to, subject, body) in enumerate(_WRITERS[event.kind](event)):
        PORT.get("default").send(Message(to=to, subject=subject, body=body, reference=f"{event.id}.{number}"))
    _remember(event)


@db.use_case
def _remember(event: DeliveredEvent) -> None:
    inbox.first_time(consumer=CONSUMER, event_id=event.id, now=event.occurred_at)


#: (recipient, subject, body)
Letter = tuple[str, str, str]
Writer = Callable[[DeliveredEvent], list[Letter]]


def _to_buyer(payload: Mapping[str, Any], subject: str, body: str) -> list[Letter]:
    purchase = orders.get_purchase(purchase_id=int(payload["purchase_id"]))
    return [(purchase.contact_email, subject, body)]


def _purchase_paid(event: DeliveredEvent) -> list[Letter]:
    number = format_number(int(event.payload["purchase_id"]))
    total = _money(event.payload["total"])
    return _to_buyer(event.payload, f"Your purchase {number}", f"Thank you. We have received {total}.")


def _purchase_closed(event: DeliveredEvent) -> list[Letter]:
    number = format_number(int(event.payload["purchase_id"]))
    return _to_buyer(
        event.payload, f"Your purchase {number} has ended", "It was not paid, and nothing will be sent or charged."
    )


_TOLD_TO_BUYER: Mapping[str, str] = {
    "IN_TRANSIT": "Your order {number} is on its way.",
    "DELIVERED": "Your order {number} has arrived.",
    "CANCELLED": "Your order {number} was cancelled.",
}
_TOLD_TO_SELLER: Mapping[str, str] = {
    "AWAITING_SHIPMENT": "Order {number} is ready to be shipped.",
    "CANCELLED": "Order {number} was cancelled.",
}


def _order_moved(event: DeliveredEvent) -> list[Letter]:
    payload, after = event.payload, event.payload["after"]
    if payload["before"] == "UNPAID" and after == "CANCELLED":
        return []  # the end of the whole purchase is told once
    number = format_number(int(payload["order_id"]))
    letters: list[Letter] = []
    if after in _TOLD_TO_BUYER:
        text = _TOLD_TO_BUYER[after].format(number=number)
        letters += _to_buyer(payload, text, text)
    if after in _TOLD_TO_SELLER:
        text = _TOLD_TO_SELLER[after].format(number=number)
        shop = sellers.get_shop(shop_id=int(payload["shop_id"]))
        letters.append((shop.contact_email, text, text))
    return letters


def _refund_succeeded(event: DeliveredEvent) -> list[Letter]:
    amount = _money(event.payload["amount"])
    purchase = orders.get_purchase(purchase_id=int(event.payload["payable_ref"]))
    subject = f"Refund for your purchase {purchase.number}"
    return [(purchase.contact_email, subject, f"{amount} went back to where it came from.")]


def _password_reset_requested(event: DeliveredEvent) -> list[Letter]:
    user_id = int(event.payload["user_id"])
    profile = accounts.get_profile(user_id=user_id)
    token = accounts.make_reset_token(user_id=user_id)
    return [(profile.email, "Set a new password", f"Use this token within an hour: {token}")]


_WRITERS: Mapping[str, Writer] = {
    orders.PurchasePaid.kind: _purchase_paid,
    orders.PurchaseClosed.kind: _purchase_closed,
    orders.OrderMoved.kind: _order_moved,
    payments.RefundSucceeded.kind: _refund_succeeded,
    accounts.PasswordResetRequested.kind: _password_reset_requested,
}

#: The kinds of events that anybody is told of.
MESSAGE_KINDS = frozenset(_WRITERS)


def _money(form: Mapping[str, str]) -> str:
    return f"{form['amount']} {form['currency']}"
