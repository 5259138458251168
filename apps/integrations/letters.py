"""What is written to buyers, sellers and operators of an event: who gets it, its subject and its text.

A letter says what stands when it is written. An event that is delivered late, or again, may find that there is nothing
left to say, and then nobody is written to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from apps.accounts import api as accounts
from apps.markets import api as markets
from apps.orders import api as orders
from apps.payments import api as payments
from apps.reconciliation import api as reconciliation
from apps.sellers import api as sellers
from tradecore.errors import NotFound
from tradecore.ids import format_number
from tradecore.money import Money
from tradecore.outbox import DeliveredEvent

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """One text to one person."""

    to: str
    subject: str
    body: str


def write_letters(event: DeliveredEvent) -> list[Letter]:
    """The letters of an event of LETTER_KINDS, the buyer's first."""
    return _WRITERS[event.kind](event)


# --- Purchases --------------------------------------------------------------------------------------------------------


def _purchase_paid(event: DeliveredEvent) -> list[Letter]:
    purchase = _purchase(event.payload["purchase_id"])
    numbers = ", ".join(order.number for order in purchase.orders)
    return [
        Letter(
            to=purchase.contact_email,
            subject=f"Your purchase {purchase.number}",
            body=f"Thank you. We have received {_money(event.payload['total'])}. What you have ordered: {numbers}.",
        )
    ]


_ENDED: Mapping[str, str] = {"EXPIRED": "It was not paid in time.", "CANCELLED": "It was cancelled."}


def _purchase_closed(event: DeliveredEvent) -> list[Letter]:
    purchase = _purchase(event.payload["purchase_id"])
    return [
        Letter(
            to=purchase.contact_email,
            subject=f"Your purchase {purchase.number} has ended",
            body=f"{_ENDED[event.payload['status']]} Nothing will be sent, and {purchase.total} will not be charged.",
        )
    ]


# --- Orders -----------------------------------------------------------------------------------------------------------

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
    order = orders.get_order(order_id=int(payload["order_id"]))
    letters = []
    if after in _TOLD_TO_BUYER:
        text = _TOLD_TO_BUYER[after].format(number=order.number)
        letters.append(Letter(to=_purchase(order.purchase_id).contact_email, subject=text, body=text))
    if after in _TOLD_TO_SELLER:
        text = _TOLD_TO_SELLER[after].format(number=order.number)
        body = " ".join([text, *_what_to_ship(order)])
        letters.append(Letter(to=_shop(order.shop_id).contact_email, subject=text, body=body))
    return letters


def _units_left(event: DeliveredEvent) -> list[Letter]:
    """Of an order that goes on without them: the end of a whole order is told as its cancellation."""
    order = orders.get_order(order_id=int(event.payload["order_id"]))
    if order.status == "CANCELLED":
        return []
    letters = []
    if event.payload["initiator"] != "buyer":
        letters.append(_fewer_for_buyer(event, order))
    if order.status != "ON_HOLD":  # the seller is told of the order when it is theirs to ship
        letters.append(_fewer_for_seller(event, order))
    return letters


def _fewer_for_buyer(event: DeliveredEvent, order: orders.OrderView) -> Letter:
    return Letter(
        to=_purchase(order.purchase_id).contact_email,
        subject=f"A part of your order {order.number} will not come",
        body=f"{_why(event)} {_money(event.payload['refund'])} goes back to you. The rest of the order stands.",
    )


def _fewer_for_seller(event: DeliveredEvent, order: orders.OrderView) -> Letter:
    body = f"{_why(event)} {_money(event.payload['refund'])} goes back to the buyer."
    return Letter(
        to=_shop(order.shop_id).contact_email,
        subject=f"A part of order {order.number} has ended",
        body=" ".join([body, *_what_to_ship(order)]),
    )


def _why(event: DeliveredEvent) -> str:
    reason = event.payload["reason"].replace("_", " ")
    if event.payload["initiator"] == "carrier":
        return f"A parcel does not arrive ({reason})."
    by = {"buyer": "the buyer", "seller": "the seller"}.get(event.payload["initiator"], "the marketplace")
    return f"Units were cancelled by {by} ({reason})."


def _what_to_ship(order: orders.OrderView) -> list[str]:
    """What is in no parcel yet and until when it must be, in sentences; none where nothing is left to be packed."""
    left = [f"{line.open_units} × {line.sku_code}" for line in order.lines if line.open_units]
    due = [deadline.due_at for deadline in order.deadlines if deadline.kind == "ship_by"]
    sentences = [f"To be shipped: {', '.join(left)}."] if left and due else []
    return [*sentences, *(f"Ship it by {_moment(due_at, order)}." for due_at in due[: len(sentences)])]


# --- Money ------------------------------------------------------------------------------------------------------------


def _refund_succeeded(event: DeliveredEvent) -> list[Letter]:
    purchase = _purchase(event.payload["payable_ref"])
    return [
        Letter(
            to=purchase.contact_email,
            subject=f"Refund for your purchase {purchase.number}",
            body=f"{_money(event.payload['amount'])} went back to where it came from.",
        )
    ]


def _refund_failed(event: DeliveredEvent) -> list[Letter]:
    """A buyer waits for money that nothing sends by itself any more."""
    refund_id, amount = event.payload["refund_id"], _money(event.payload["amount"])
    number = format_number(int(event.payload["payable_ref"]))
    log.error("refund_failed", refund_id=refund_id, purchase=number, amount=amount)
    return _to_administrators(
        subject=f"A refund for purchase {number} has failed",
        body=(
            f"The provider refused to send {amount} back. `manage.py refunds list` says what waits, and "
            f"`manage.py refunds retry {refund_id} --reason TEXT` asks the provider again."
        ),
    )


def _payment_suspected(event: DeliveredEvent) -> list[Letter]:
    number, contradiction = format_number(int(event.payload["payable_ref"])), event.payload["contradiction"]
    log.error("payment_suspected", purchase=number, contradiction=contradiction)
    return _to_administrators(
        subject=f"The payment of purchase {number} is suspect",
        body=f"What the provider says contradicts what was asked ({contradiction}). Nothing was changed. "
        "`manage.py suspects list` says what waits for a person.",
    )


def _break_found(event: DeliveredEvent) -> list[Letter]:
    """The books contradict themselves: what it is about is frozen where it can be, and nothing is repaired."""
    facts = event.payload
    title = reconciliation.INVARIANTS[facts["invariant"]].title
    at_risk = Money(facts["at_risk_minor"], facts["currency"]) if facts["currency"] else "no amount"
    log.error("break_found", invariant=facts["invariant"], row_ref=facts["row_ref"], what=facts["what"])
    return _to_administrators(
        subject=f"The books break {facts['invariant']}",
        body=f"{title}. That does not hold of {facts['row_ref']}: {facts['what']}; {at_risk} at risk. "
        "`manage.py reconcile` says whether it still is so.",
    )


def _to_administrators(*, subject: str, body: str) -> list[Letter]:
    return [Letter(to=person.email, subject=subject, body=body) for person in accounts.list_administrators()]


# --- People -----------------------------------------------------------------------------------------------------------


def _password_reset_requested(event: DeliveredEvent) -> list[Letter]:
    user_id = int(event.payload["user_id"])
    try:
        token = accounts.make_reset_token(user_id=user_id)
    except NotFound:
        return []  # the account was closed meanwhile, and nobody gets into it any more
    email = accounts.get_profile(user_id=user_id).email
    return [Letter(to=email, subject="Set a new password", body=f"Use this token within an hour: {token}")]


# --- Words ------------------------------------------------------------------------------------------------------------


def _purchase(purchase_id: str | int) -> orders.PurchaseView:
    return orders.get_purchase(purchase_id=int(purchase_id))


def _shop(shop_id: int) -> sellers.Shop:
    return sellers.get_shop(shop_id=shop_id)


def _money(form: Mapping[str, str]) -> str:
    return f"{form['amount']} {form['currency']}"


def _moment(moment: datetime, order: orders.OrderView) -> str:
    """In the time of the order's market, which is named, because the reader may be elsewhere."""
    zone = markets.get_market(order.market, now=order.placed_at).time_zone
    return f"{moment.astimezone(ZoneInfo(zone)):%d %B %Y, %H:%M} ({zone})"


_WRITERS: Mapping[str, Callable[[DeliveredEvent], list[Letter]]] = {
    orders.PurchasePaid.kind: _purchase_paid,
    orders.PurchaseClosed.kind: _purchase_closed,
    orders.OrderMoved.kind: _order_moved,
    orders.UnitsLeft.kind: _units_left,
    payments.RefundSucceeded.kind: _refund_succeeded,
    payments.RefundFailed.kind: _refund_failed,
    payments.PaymentSuspected.kind: _payment_suspected,
    reconciliation.BreakFound.kind: _break_found,
    accounts.PasswordResetRequested.kind: _password_reset_requested,
}

#: The kinds of events that anybody is written to about.
LETTER_KINDS = frozenset(_WRITERS)
