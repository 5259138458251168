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
from apps.aftersales import api as aftersales
from apps.markets import api as markets
from apps.orders import api as orders
from apps.payments import api as payments
from apps.reconciliation import api as reconciliation
from apps.sellers import api as sellers
from apps.settlement import api as settlement
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
    if after not in _TOLD_TO_BUYER and after not in _TOLD_TO_SELLER:
        return []
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
    if event.payload["how"] == "CHARGED_BACK":
        return [_charged_back(event, order)]
    if order.status == "CANCELLED" or event.payload["how"] not in {"CANCELLED", "LOST"}:
        return []  # what is given back after the shipment is told by its case
    letters = []
    if event.payload["initiator"] != "buyer":
        letters.append(_fewer_for_buyer(event, order))
    if order.status != "ON_HOLD":  # the seller is told of the order when it is theirs to ship
        letters.append(_fewer_for_seller(event, order))
    return letters


def _charged_back(event: DeliveredEvent, order: orders.OrderView) -> Letter:
    return Letter(
        to=_shop(order.shop_id).contact_email,
        subject=f"A chargeback of order {order.number} is lost",
        body=f"The buyer's bank keeps {_money(event.payload['refund'])}. As much of the order counts as refunded.",
    )


def _cancel_requested(event: DeliveredEvent) -> list[Letter]:
    order = orders.get_order(order_id=int(event.payload["order_id"]))
    request = orders.find_cancel_request(order_id=order.id)
    if request is None or request.status != "OPEN":
        return []
    due = f"by {_moment(request.answer_by, order)}"
    return [
        Letter(
            to=_purchase(order.purchase_id).contact_email,
            subject=f"You ask to cancel order {order.number}",
            body=f"The seller is asked to agree {due}. If they do not answer, it is cancelled.",
        ),
        Letter(
            to=_shop(order.shop_id).contact_email,
            subject=f"The buyer asks to cancel order {order.number}",
            body=f"{_asked_for(request, order)} Approve or reject it {due}: without an answer it is cancelled then. "
            "It cannot be shipped meanwhile.",
        ),
    ]


def _asked_for(request: orders.CancelRequestView, order: orders.OrderView) -> str:
    reason = request.reason.replace("_", " ")
    if request.units is None:
        return f"They ask to cancel all that is not shipped ({reason})."
    codes = {line.id: line.sku_code for line in order.lines}
    return f"They ask to cancel {', '.join(f'{u.quantity} × {codes[u.line_id]}' for u in request.units)} ({reason})."


def _cancel_request_answered(event: DeliveredEvent) -> list[Letter]:
    """The end of a whole order is told as its cancellation."""
    order = orders.get_order(order_id=int(event.payload["order_id"]))
    buyer, seller = _purchase(order.purchase_id).contact_email, _shop(order.shop_id).contact_email
    if event.payload["status"] == "WITHDRAWN":
        body = " ".join(["The order stands.", *_what_to_ship(order)])
        return [Letter(to=seller, subject=f"Order {order.number} is not to be cancelled after all", body=body)]
    if event.payload["status"] == "REJECTED":
        reason = event.payload["reject_reason"].replace("_", " ")
        subject = f"Your order {order.number} is not cancelled"
        return [Letter(to=buyer, subject=subject, body=f"The seller did not agree ({reason}). The order goes on.")]
    if order.status == "CANCELLED":
        return []
    how = "The seller agreed." if event.payload["decided_by"] == "seller" else "The seller was asked."
    subject = f"A part of your order {order.number} is cancelled, as you asked"
    return [Letter(to=buyer, subject=subject, body=f"{how} The rest of the order stands.")]


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


# --- After-sales ------------------------------------------------------------------------------------------------------

#: What was done with a case: whom it is told, and in which words.
_TOLD_OF_CASE: Mapping[str, tuple[str, str]] = {
    "approve": ("buyer", "The seller agrees to what you have asked for."),
    "reject": ("buyer", "The seller does not agree to what you have asked for."),
    "offer": ("buyer", "The seller offers you {offered}, and you keep the goods."),
    "refuse_offer": ("seller", "The buyer does not want what you have offered."),
    "ship_back": ("seller", "The goods are on their way back to you."),
    "accept_return": ("buyer", "The seller has the goods back."),
    "refuse_return": ("buyer", "The seller does not accept what came back."),
    "refund": ("buyer", "Money goes back to you."),
    "refund_instead": ("buyer", "The goods cannot be replaced: your money goes back to you."),
    "ship_replacement": ("buyer", "Other goods are on their way to you."),
    "escalate": ("seller", "The buyer has asked the marketplace to decide."),
    "support_buyer": ("buyer", "The marketplace has decided for you."),
    "support_seller": ("buyer", "The marketplace has decided for the seller. The case is closed."),
    "close": ("buyer", "Nobody has answered in time. The case is closed."),
    "withdraw": ("seller", "The buyer has taken the case back."),
}
#: What somebody has to do, and what happens otherwise.
_TO_DO: Mapping[str, str] = {
    "review": "approve, reject, or make an offer",
    "answer_offer": "accept or refuse it",
    "ship_back": "send the goods back, and say with which parcel",
    "inspect": "look at what comes back, and accept or refuse it",
    "count_in": "count in what comes back",
    "escalate": "ask the marketplace to decide, if you do not agree",
    "ship_replacement": "send what replaces the goods",
    "confirm_replacement": "say whether it has come, and is right",
}
_OTHERWISE: Mapping[str, str] = {
    "approve": "it is approved",
    "refuse_offer": "it counts as refused",
    "close": "the case is closed",
    "accept_return": "it counts as accepted",
    "refund": "the buyer gets their money back",
    "complete": "the case is complete",
}


def _case_opened(event: DeliveredEvent) -> list[Letter]:
    if event.payload["initiator"] not in {"buyer", "system"}:
        return []
    reason = event.payload["reason"].replace("_", " ")
    text = f"{event.payload['case_kind'].replace('_', ' ').capitalize()}: {reason}."
    return [_of_case(_case(event), "seller", text)]


def _case_moved(event: DeliveredEvent) -> list[Letter]:
    if event.payload["act"] not in _TOLD_OF_CASE:
        return []
    case = _case(event)
    whom, text = _TOLD_OF_CASE[event.payload["act"]]
    letters = [_of_case(case, whom, text.format(offered=case.offered))]
    if event.payload["act"] == "support_buyer":
        letters.append(_of_case(case, "seller", "The marketplace has decided for the buyer."))
    return letters


def _of_case(case: aftersales.CaseView, whom: str, text: str) -> Letter:
    """A letter to one side, with what is theirs to do as the case stands now, if anything is."""
    order = orders.get_order(order_id=case.order_id)
    to = _purchase(order.purchase_id) if whom == "buyer" else _shop(order.shop_id)
    sentences = [text]
    if case.refund is not None and whom == "buyer":
        sentences.append(f"{case.refund} goes back to you.")
    step = case.next_action
    if step.actor == whom and step.action is not None and step.due_at is not None and step.default is not None:
        otherwise = _OTHERWISE[step.default]
        sentences.append(f"Until {_moment(step.due_at, order)} you can {_TO_DO[step.action]}; else {otherwise}.")
    return Letter(to=to.contact_email, subject=f"Case {case.number} of order {order.number}", body=" ".join(sentences))


def _case_overdue(event: DeliveredEvent) -> list[Letter]:
    case, refund_id = _case(event), event.payload["refund_id"]
    log.error("case_payment_overdue", case_id=case.id, refund_id=refund_id)
    return _to_administrators(
        subject=f"The money of case {case.number} has not gone back",
        body=f"Refund {refund_id} of {case.refund} was opened when the case was decided, and has not succeeded since. "
        "`manage.py refunds list` says what waits for a person.",
    )


def _case(event: DeliveredEvent) -> aftersales.CaseView:
    return aftersales.get_case(case_id=int(event.payload["case_id"]))


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
    if payments.get_refund(refund_id=int(refund_id)).status == "SUCCEEDED":
        return []  # the buyer's bank has paid it meanwhile
    log.error("refund_failed", refund_id=refund_id, purchase=number, amount=amount)
    return _to_administrators(
        subject=f"A refund for purchase {number} has failed",
        body=(
            f"The provider refused to send {amount} back. `manage.py refunds list` says what waits, and "
            f"`manage.py refunds retry {refund_id} --reason TEXT` asks the provider again."
        ),
    )


def _dispute_answer_refused(event: DeliveredEvent) -> list[Letter]:
    """What was answered to a chargeback did not arrive, and the time for another answer runs."""
    dispute = payments.get_dispute(dispute_id=int(event.payload["dispute_id"]))
    number = format_number(dispute.payable_ref)
    log.error("dispute_answer_refused", dispute_id=str(dispute.id), purchase=number)
    return _to_administrators(
        subject=f"The answer to a chargeback of purchase {number} was refused",
        body=(
            f"The provider did not take what we answered to chargeback {dispute.provider_ref} of {dispute.amount} "
            f"({event.payload['refusal_code']}). It may be answered again until "
            f"{dispute.evidence_by:%d %B %Y, %H:%M} (UTC)."
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


_OF_PAYOUTS: Mapping[str, tuple[str, str]] = {
    settlement.PayoutSent.kind: ("A payout is on its way", "{pays} was sent to your account {account}."),
    settlement.PayoutConfirmed.kind: ("A payout has left our bank", "Your account {account} gets {pays}."),
    settlement.PayoutReturned.kind: (
        "A payout came back",
        "Your account {account} did not take {pays} ({reason}). {amount} is yours again: is your payout account right?",
    ),
}


def _payout_moved(event: DeliveredEvent) -> list[Letter]:
    facts = event.payload
    subject, body = _OF_PAYOUTS[event.kind]
    words = {
        "pays": _money(facts["pays"]),
        "amount": _money(facts["amount"]),
        "account": facts["account"],
        "reason": facts.get("reason", "").replace("_", " ") or "no reason given",
    }
    return [Letter(to=_shop(int(facts["shop_id"])).contact_email, subject=subject, body=body.format(**words))]


def _payout_account_changed(event: DeliveredEvent) -> list[Letter]:
    """Whoever did not ask for it must hear of it."""
    facts, usable_from = event.payload, datetime.fromisoformat(event.payload["usable_from"])
    return [
        Letter(
            to=_shop(int(facts["shop_id"])).contact_email,
            subject=f"Your shop is paid to account {facts['account']}",
            body=f"Payouts go there from {usable_from:%d %B %Y, %H:%M} (UTC) on. If this was not you, tell us at once.",
        )
    ]


def _payout_suspected(event: DeliveredEvent) -> list[Letter]:
    payout_id, contradiction = event.payload["payout_id"], event.payload["contradiction"].replace("_", " ")
    log.error("payout_suspected", payout_id=payout_id, contradiction=contradiction)
    return _to_administrators(
        subject=f"Payout {payout_id} is suspect",
        body=f"What the bank says contradicts what it was told, or what it said before ({contradiction}). Nothing was "
        f"changed. `manage.py payouts show {payout_id}` says how it stands.",
    )


def _break_found(event: DeliveredEvent) -> list[Letter]:
    """The books contradict themselves: what it is about is frozen where it can be, and nothing is repaired."""
    facts = event.payload
    title = reconciliation.title_of(facts["invariant"])
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
    orders.CancelRequested.kind: _cancel_requested,
    orders.CancelRequestAnswered.kind: _cancel_request_answered,
    aftersales.CaseOpened.kind: _case_opened,
    aftersales.CaseMoved.kind: _case_moved,
    aftersales.CaseClosed.kind: _case_moved,
    aftersales.PaymentOverdue.kind: _case_overdue,
    payments.RefundSucceeded.kind: _refund_succeeded,
    payments.RefundFailed.kind: _refund_failed,
    payments.DisputeAnswerRefused.kind: _dispute_answer_refused,
    payments.PaymentSuspected.kind: _payment_suspected,
    **dict.fromkeys(_OF_PAYOUTS, _payout_moved),
    settlement.PayoutAccountChanged.kind: _payout_account_changed,
    settlement.PayoutSuspected.kind: _payout_suspected,
    reconciliation.BreakFound.kind: _break_found,
    accounts.PasswordResetRequested.kind: _password_reset_requested,
}

#: The kinds of events that anybody is written to about.
LETTER_KINDS = frozenset(_WRITERS)
