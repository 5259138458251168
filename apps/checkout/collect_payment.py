"""Ask the providers for the money of a purchase, between transactions."""

from collections.abc import Sequence
from datetime import datetime

from apps.checkout.confirm_payment import apply_statement, confirm_free_purchase, progress_of
from apps.checkout.contracts import PaymentProgress, TenderWish
from apps.checkout.errors import NotPayable
from apps.checkout.place_purchase import pay_deadline
from apps.orders import api as orders
from apps.payments import api as payments
from tradecore import db
from tradecore.money import Money
from tradecore.timers import Deadline, reset_timer

#: Authorise, then capture: every call of a purchase is sent in so many rounds at most.
_ROUNDS_MAX = 4


def collect_payment(*, purchase_id: int, now: datetime) -> PaymentProgress:
    """Send the calls that wait, and apply each answer, until nothing waits to be sent.

    What is not answered is `unknown`: the poller asks for it, and the buyer is told to wait.
    """
    for _ in range(_ROUNDS_MAX):
        calls = payments.list_unsent_calls(payable_ref=purchase_id)
        if not calls:
            break
        progress = [_send(call, purchase_id=purchase_id, now=now) for call in calls][-1]
        if progress.is_final:
            return progress
    progress = progress_of(purchase_id, is_final=True)
    if progress.payment.status == "OPEN" and progress.payment.amount.minor == 0:
        return confirm_free_purchase(purchase_id=purchase_id, now=now)
    return progress


def _send(call: payments.Call, *, purchase_id: int, now: datetime) -> PaymentProgress:
    statement = payments.send_call(call)
    if statement is None:
        return _mark_unanswered(call, now=now)
    progress = apply_statement(statement=statement, provider=call.provider, source="reply", now=now)
    return progress or progress_of(purchase_id, is_final=True)


@db.use_case
def _mark_unanswered(call: payments.Call, *, now: datetime) -> PaymentProgress:
    purchase_id = payments.mark_unanswered(reference=call.reference, now=now)
    return progress_of(purchase_id, is_final=True)


@db.use_case
def offer_tenders(*, purchase_id: int, tenders: Sequence[TenderWish], now: datetime) -> PaymentProgress:
    """Try again to pay a purchase, with other tenders. `collect_payment` sends their calls.

    Refuses, in this order: NotFound, NotPayable, MethodUnknown, and what `payments.replace_tenders` refuses.
    """
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    purchase = orders.get_purchase(purchase_id=purchase_id)
    if unpaid is None:
        raise NotPayable(purchase_status=purchase.status)
    pay_by = pay_deadline(tenders, market=unpaid.market, now=now)
    if pay_by > unpaid.pay_by and any(tender.method == "bank_slip" for tender in tenders):
        orders.extend_pay_by(purchase_id=purchase_id, pay_by=pay_by)
        reset_timer(Deadline("expire_purchase", purchase_id, pay_by))
    payment = payments.get_payment(payable_ref=purchase_id)
    rest = Money(payment.amount.minor - payment.captured.minor, payment.amount.currency)
    payment = payments.replace_tenders(
        payable_ref=purchase_id, tenders=[tender.asking(rest) for tender in tenders], now=now
    )
    return PaymentProgress(purchase=purchase, payment=payment, is_final=False)


def poll_provider_calls(*, limit: int, now: datetime, references: Sequence[int] | None = None) -> int:
    """Send calls that nobody has sent and ask about those without an answer. Returns how many were looked at.

    With `references` those of them that are open, due or not.
    """
    calls = payments.claim_due_calls(limit=limit, references=references)
    for call in calls:
        statement = payments.ask_about_call(call)
        if statement is None:
            _mark_unanswered(call, now=now)
            continue
        progress = apply_statement(statement=statement, provider=call.provider, source="poll", now=now)
        if progress is not None and not progress.is_final:
            collect_payment(purchase_id=progress.purchase.id, now=now)
    return len(calls)


def apply_stored_answers(*, limit: int, now: datetime) -> int:
    """Apply webhooks that were stored. Returns how many were applied.

    Of a capture the provider itself is asked: a genuine signature proves the sender, not the sum.
    """
    applied = 0
    for answer in payments.claim_answers(limit=limit):
        statement = _verified(answer)
        if statement is None:
            continue  # the provider is silent; the lease runs out and the answer is taken up again
        progress = apply_statement(
            statement=statement, provider=answer.provider, source=None, answer_id=answer.id, now=now
        )
        if progress is not None and not progress.is_final:
            collect_payment(purchase_id=progress.purchase.id, now=now)
        applied += 1
    return applied


def _verified(answer: payments.StoredAnswer) -> payments.Statement | None:
    if answer.statement.said is not payments.Said.CAPTURED:
        return answer.statement
    return payments.confirm_statement(answer)
