"""Ask the providers for the money of a purchase, between transactions."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from apps.checkout import keep_books
from apps.checkout.confirm_payment import (
    NotAsWritten,
    apply_reply_together,
    apply_statement,
    apply_to_just_written,
    confirm_free_purchase,
    progress_of,
)
from apps.checkout.contracts import PaymentProgress, TenderWish
from apps.checkout.errors import NotPayable
from apps.checkout.place_purchase import HOLD_BACKSTOP, check_methods, pay_deadline
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db
from tradecore.groups import NotTogether
from tradecore.locks import JustWritten
from tradecore.origins import working_on
from tradecore.timers import Deadline, reset_timer

log = structlog.get_logger()

#: What a webhook is not believed until the provider says it when it is asked: everything that ends a call, and
#: whatever is said of a chargeback.
_FINAL = frozenset(
    {
        payments.Said.CAPTURED,
        payments.Said.DECLINED,
        payments.Said.FAILED,
        payments.Said.REFUNDED,
        payments.Said.VOIDED,
        *payments.DISPUTE_WORDS,
    }
)
#: Authorise, then capture: every call of a purchase is sent in so many rounds at most.
_ROUNDS_MAX = 4


def collect_payment(
    *, purchase_id: int, now: datetime, placed: PaymentProgress | None = None, together: bool = False
) -> PaymentProgress:
    """Send the calls that wait, and apply each answer, until nothing waits to be sent.

    `placed` is what came of placing it, where the caller has just done that: the calls that wait, and what may be known
    of the purchase. What is not answered is `unknown`: the poller asks for it, and the buyer is told to wait.
    `together`: see Note [Confirming together].
    """
    for _ in range(_ROUNDS_MAX):
        calls = placed.unsent if placed else payments.list_unsent_calls(payable_ref=purchase_id)
        if not calls:
            break
        just_written = placed.just_written if placed and not calls[1:] else None
        placed = None
        progress = [
            _send(call, purchase_id=purchase_id, now=now, together=together, just_written=just_written)
            for call in calls
        ][-1]
        if progress.is_final:
            return progress
    progress = progress_of(purchase_id, is_final=True)
    if progress.payment.status == "OPEN" and progress.payment.amount.minor == 0:
        return confirm_free_purchase(purchase_id, now)
    return progress


def _send(
    call: payments.Call, *, purchase_id: int, now: datetime, together: bool, just_written: JustWritten | None
) -> PaymentProgress:
    statement = payments.send_call(call)
    if statement is None:
        return _mark_unanswered(call, now=now)
    if together and statement.reference == call.reference:
        with suppress(NotTogether):
            return apply_reply_together(
                statement=statement, provider=call.provider, purchase_id=purchase_id, known=just_written, now=now
            )
    if just_written is not None and _is_as_asked(statement, call):
        with suppress(NotAsWritten):
            return apply_to_just_written(
                statement=statement, provider=call.provider, purchase_id=purchase_id, known=just_written, now=now
            )
    progress = apply_statement(
        statement=statement,
        provider=call.provider,
        source="reply",
        now=now,
        purchase_id=purchase_id if statement.reference == call.reference else None,
    )
    return progress or progress_of(purchase_id, is_final=True)


def _is_as_asked(statement: payments.Statement, call: payments.Call) -> bool:
    """Whether the provider has taken at once what the only call of a purchase has asked for."""
    asked = (payments.Said.CAPTURED, call.reference, call.amount)
    return (statement.said, statement.reference, statement.amount) == asked


@db.use_case
def _dismiss_lie(answer: payments.StoredAnswer, *, now: datetime) -> None:
    """A webhook, however well signed, said something else than its provider does when it is asked.

    Nothing comes of it but the record; the call itself is asked about by the poller.
    """
    purchase_id = payments.find_payable_ref(call_reference=answer.statement.reference)
    if purchase_id is not None:
        orders.lock_unpaid_purchase(purchase_id=purchase_id)
        payments.note_contradiction(payable_ref=purchase_id, contradiction="webhook", now=now)
    payments.close_answer(answer_id=answer.id, verdict="contradicted", now=now)


@db.use_case
def _mark_unanswered(call: payments.Call, *, now: datetime) -> PaymentProgress:
    purchase_id = payments.mark_unanswered(reference=call.reference, now=now)
    return progress_of(purchase_id, is_final=not payments.list_unsent_calls(payable_ref=purchase_id))


@db.use_case
def offer_tenders(*, purchase_id: int, tenders: Sequence[TenderWish], now: datetime) -> PaymentProgress:
    """Try again to pay a purchase, with other tenders. `collect_payment` sends their calls.

    Refuses, in this order: NotFound, NotPayable, MethodUnknown, and what `payments.replace_tenders` refuses.
    """
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    purchase = orders.get_purchase(purchase_id=purchase_id)
    if unpaid is None:
        raise NotPayable(purchase_status=purchase.status)
    check_methods(tenders)
    rest = payments.get_amount_due(payable_ref=purchase_id)
    payment, facts = payments.replace_tenders(
        payable_ref=purchase_id, tenders=[tender.asking(rest) for tender in tenders], now=now
    )
    keep_books.book_facts(facts, now=now)
    _extend_deadline(unpaid, tenders, placed_at=purchase.placed_at)
    return PaymentProgress(purchase=purchase, payment=payment, is_final=False)


def _extend_deadline(unpaid: orders.UnpaidPurchase, tenders: Sequence[TenderWish], *, placed_at: datetime) -> None:
    """A bank slip takes days: the purchase waits for it, and what is held for the purchase with it.

    As long as if it had been paid so from the start, and no longer: offering one slip after another gains nothing.
    """
    pay_by = pay_deadline(tenders, market=unpaid.market, now=placed_at)
    if pay_by <= unpaid.pay_by or all(tender.method != "bank_slip" for tender in tenders):
        return
    orders.extend_pay_by(purchase_id=unpaid.id, pay_by=pay_by)
    reset_timer(Deadline("expire_purchase", unpaid.id, pay_by))
    if unpaid.uses_promotions:
        promotions.extend(owner_ref=unpaid.id, expires_at=pay_by + HOLD_BACKSTOP)
    inventory.extend(owner_ref=unpaid.id, expires_at=pay_by + HOLD_BACKSTOP)


def poll_provider_calls(*, limit: int, now: datetime, references: Sequence[int] | None = None) -> int:
    """Send calls that nobody has sent and ask about those without an answer. Returns how many were looked at.

    With `references` those of them that are open, due or not.
    """
    calls = payments.claim_due_calls(limit=limit, references=references)
    for call in calls:
        with working_on("call", call.reference):
            try:
                _poll(call, now=now)
            except Exception:
                # One call that cannot be applied must not keep the others from being asked about.
                log.exception("call_not_polled")
                payments.put_off_call(reference=call.reference)
    return len(calls)


def _poll(call: payments.Call, *, now: datetime) -> None:
    statement = payments.ask_about_call(call)
    if statement is None:
        _mark_unanswered(call, now=now)
        return
    progress = apply_statement(statement=statement, provider=call.provider, source="poll", now=now)
    if progress is not None and not progress.is_final:
        collect_payment(purchase_id=progress.purchase.id, now=now)


def apply_stored_answers(*, limit: int, now: datetime) -> int:
    """Apply webhooks that were stored. Returns how many were applied.

    Of whatever ends a call the provider itself is asked: a genuine signature proves the sender, not what was sent.
    """
    applied = 0
    for answer in payments.claim_answers(limit=limit):
        with working_on("answer", answer.id):
            try:
                applied += _apply_stored(answer, now=now)
            except Exception as error:
                # One answer that cannot be applied must not keep the others from being applied.
                log.exception("answer_not_applied")
                payments.put_off_answer(answer_id=answer.id, error=error)
    return applied


def _apply_stored(answer: payments.StoredAnswer, *, now: datetime) -> bool:
    """False if the provider is silent: the lease runs out and the answer is taken up again."""
    statement = answer.statement
    if statement.said in _FINAL:
        confirmed = payments.confirm_statement(answer)
        if confirmed is None:
            return False
        if _is_lie(statement, confirmed):
            _dismiss_lie(answer, now=now)
            return True
        statement = confirmed
    progress = apply_statement(statement=statement, provider=answer.provider, source=None, answer_id=answer.id, now=now)
    if progress is not None and not progress.is_final:
        collect_payment(purchase_id=progress.purchase.id, now=now)
    return True


def _is_lie(told: payments.Statement, confirmed: payments.Statement) -> bool:
    """Whether a webhook said another sum or account than its provider does, or a chargeback of something else."""
    if (told.amount, told.account) != (confirmed.amount, confirmed.account):
        return True
    return told.dispute is not None and (confirmed.dispute is None or told.reference != confirmed.reference)
