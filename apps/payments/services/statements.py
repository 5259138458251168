"""What a provider says: stored as it came, verified, and applied by the flow, once.

# Note [Statements]
A statement may come twice, late, in any order, and from three sides: as the reply to a call, as a webhook, as the
answer to our question. All of them end in `apply_statement`, under the lock of the payment. What only repeats what is
known changes nothing. What contradicts what was asked, or would undo a capture, makes the tender SUSPECT and waits
for a person. A capture is recorded whatever the state; one that no order may keep is sent back in the same
transaction. What is said of a chargeback is applied by `disputes`.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q, QuerySet, Sum

from apps.payments.contracts import ANSWER_ATTEMPTS_LIMIT, Applied, MoneyFact, MoneyMoved
from apps.payments.errors import NothingToAccept, TenderNotSuspect
from apps.payments.events import PaymentCaptured, PaymentDeclined, PaymentSuspected, RefundFailed, RefundSucceeded
from apps.payments.models import Capture, PaymentIntent, ProviderAnswer, ProviderCall, Refund, Tender
from apps.payments.provider import (
    DISPUTE_WORDS,
    PROVIDERS,
    DisputeFacts,
    Operation,
    Said,
    Statement,
    StoredAnswer,
)
from apps.payments.selectors import read_tenders_ahead
from apps.payments.services import calls, disputes, refunds, rows
from apps.payments.services.rows import PROVIDER_REF_LENGTH_MAX, Situation
from tradecore import clock, db, wire
from tradecore.errors import NotFound
from tradecore.money import Money
from tradecore.prepared import Select

ANSWER_LEASE = timedelta(seconds=30)
BACKOFF_LIMIT_S = 600
DECLINE_CODE_LENGTH_MAX = 40

_OF_ALL = frozenset({Said.PENDING, Said.DECLINED, Said.FAILED})
_OF_PAYING = _OF_ALL | {Said.AUTHORISED, Said.CAPTURED, Said.REQUIRES_ACTION, Said.VOIDED}

#: What may be said of each operation; anything else contradicts what was asked.
_ANSWERS: Mapping[Operation, frozenset[Said]] = {
    **dict.fromkeys(calls.PAYING_OPERATIONS, _OF_PAYING | DISPUTE_WORDS),
    Operation.VOID: _OF_ALL | {Said.VOIDED},
    Operation.REFUND: _OF_ALL | {Said.REFUNDED},
    Operation.CONTEST: _OF_ALL | {Said.EVIDENCE_TAKEN},
    Operation.ACCEPT: _OF_ALL | {Said.DISPUTE_LOST},
}


@db.use_case
def store_webhook(*, provider: str, statement: Statement, now: datetime) -> bool:
    """Keep a verified webhook for the flow that applies it. False if the provider has sent the same one before."""
    try:
        with db.savepoint():
            _make_answer(provider=provider, source="webhook", statement=statement, now=now).save(force_insert=True)
    except IntegrityError:
        return False
    return True


@db.use_case
def claim_answers(*, limit: int) -> list[StoredAnswer]:
    """Take up stored answers that wait to be applied, for one lease. For any number of workers.

    Taking one up costs it nothing: a provider that cannot be asked for an hour makes no answer older than it is.
    """
    real_now = clock.real_now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=real_now)
    waiting = ProviderAnswer.objects.filter(free, applied_at=None, attempts__lt=ANSWER_ATTEMPTS_LIMIT)
    answers = list(waiting.order_by("id").select_for_update(skip_locked=True)[:limit])
    ProviderAnswer.objects.filter(pk__in=[answer.pk for answer in answers]).update(
        claimed_until=real_now + ANSWER_LEASE
    )
    return [StoredAnswer(answer.pk, answer.provider, _read_statement(answer.statement)) for answer in answers]


def put_off_answer(*, answer_id: int, error: Exception) -> None:
    """An answer could not be applied: try again later, twice as late each time, and park it after too many failures."""
    failed = ProviderAnswer.objects.filter(pk=answer_id, applied_at=None)
    attempts = failed.values_list("attempts", flat=True).first() or 0
    pause_s = min(1 << min(attempts, 10), BACKOFF_LIMIT_S)
    failed.update(
        attempts=F("attempts") + 1,
        claimed_until=clock.real_now() + timedelta(seconds=pause_s),
        last_error=f"{type(error).__name__}: {error}"[:500],
    )


def revive_answers() -> int:
    """Give every parked answer another round of attempts. Returns how many."""
    parked = ProviderAnswer.objects.filter(applied_at=None, attempts__gte=ANSWER_ATTEMPTS_LIMIT)
    return parked.update(attempts=0, claimed_until=None)


@db.transaction_required
def close_answer(*, answer_id: int, verdict: str, now: datetime) -> None:
    """Say what came of a stored answer, in the transaction that applied it."""
    ProviderAnswer.objects.filter(pk=answer_id, applied_at=None).update(applied_at=now, verdict=verdict)


@db.transaction_required
def apply_statement(
    *, payable_ref: int, statement: Statement, provider: str, source: str | None, now: datetime
) -> Applied:
    """Record what a provider says of one of the payable's calls. Takes the lock of the payment; see Note [Statements].

    `source` is "reply" or "poll" for a statement that is not stored yet, None for one that is. Raises CaptureUnknown.
    """
    situation = _read_situation(payable_ref, statement, now=now)
    if statement.said in DISPUTE_WORDS:
        disputes.require_capture(situation)
    if contradiction := _find_contradiction(situation, provider=provider):
        applied = _suspect(situation, contradiction)
    else:
        applied = _APPLY[statement.said](situation)
        rows.store(situation.intent)
    if source is not None:
        answer = _make_answer(provider=provider, source=source, statement=statement, now=now)
        answer.applied_at, answer.verdict = now, applied.verdict
        db.insert_later(answer)
    return applied


@db.transaction_required
def note_contradiction(*, payable_ref: int, contradiction: str, now: datetime) -> None:
    """Something that was said of the payable's money was not true, and nothing came of it: publish that.

    Takes the lock of the payment.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    event = PaymentSuspected(payment_id=intent.pk, payable_ref=payable_ref, contradiction=contradiction)
    rows.publish(intent, event, now=now)
    rows.store(intent)


@db.transaction_required
def settle_suspect(*, tender_id: int, accept: bool, now: datetime) -> tuple[MoneyFact, ...]:
    """A person has looked at a SUSPECT tender. Returns what has become true of money.

    With `accept` the provider did take what it said last, and it goes back whole, because nobody was asked for that;
    without, it took nothing. Takes the lock of the payment. Refuses, in this order: NotFound, TenderNotSuspect,
    NothingToAccept (the provider has not said that it captured anything in the payment's currency).
    """
    tender = Tender.objects.select_related("intent").filter(pk=tender_id).first()
    if tender is None:
        raise NotFound(what="tender")
    intent = rows.lock_intent(payable_ref=tender.intent.payable_ref)
    tender = Tender.objects.get(pk=tender_id)
    tender.intent = intent
    if tender.status != "SUSPECT":
        raise TenderNotSuspect(tender_status=tender.status)
    if not accept:
        rows.move(tender, "DECLINED", intent=intent, now=now, decline_code="settled_by_hand")
        return (rows.fact(MoneyMoved.AUTHORISATION_VOIDED, tender.pk, tender, tender.amount_minor),)
    statement, call = _last_claim(tender)
    facts = _record_capture(Situation(intent, tender, call, statement, now), is_late=True)
    rows.store(intent)
    return facts


def _last_claim(tender: Tender) -> tuple[Statement, ProviderCall]:
    """What the provider said last that it captured. Refuses: NothingToAccept."""
    paying = {call.pk: call for call in tender.calls.filter(operation__in=calls.PAYING_OPERATIONS)}
    for answer in ProviderAnswer.objects.filter(call_ref__in=paying).order_by("-id"):
        statement = _read_statement(answer.statement)
        if statement.said is Said.CAPTURED and statement.amount.currency == tender.intent.currency:
            return statement, paying[statement.reference]
    raise NothingToAccept


def _make_answer(*, provider: str, source: str, statement: Statement, now: datetime) -> ProviderAnswer:
    return ProviderAnswer(
        provider=provider,
        source=source,
        event_id=statement.event_id if source == "webhook" else None,
        call_ref=statement.reference,
        statement=wire.to_json(statement),
        received_at=now,
    )


def _read_statement(stored: Mapping[str, Any]) -> Statement:
    """A statement from the JSON form that it was stored in."""
    amount = stored["amount"]
    return Statement(
        said=Said(stored["said"]),
        reference=int(stored["reference"]),
        provider_ref=stored["provider_ref"],
        amount=Money.parse(amount["amount"], amount["currency"]),
        account=stored["account"],
        event_id=stored["event_id"],
        decline_code=stored["decline_code"],
        next_action=stored["next_action"],
        dispute=_read_dispute(stored.get("dispute")),
    )


def _read_dispute(stored: Mapping[str, Any] | None) -> DisputeFacts | None:
    if stored is None:
        return None
    return DisputeFacts(stored["reason_code"], evidence_by=datetime.fromisoformat(stored["evidence_by"]))


#: The calls of these references, with what they are about.
CALL = Select(
    lambda references: ProviderCall.objects.select_related("tender", "refund", "dispute").filter(pk__in=references),
    by="pk",
)


@db.transaction_required
def lock_payments(*, payable_refs: Collection[int], call_references: Collection[int]) -> None:
    """Take the locks of many payments, and read those of their calls, with a few statements: for a transaction that
    applies a statement to each of them.
    """
    tenders = read_tenders_ahead(rows.lock_intents(payable_refs=payable_refs))
    for call in CALL.read_ahead(references=set(call_references)):
        call.tender = tenders[call.tender_id]


def _read_situation(payable_ref: int, statement: Statement, *, now: datetime) -> Situation:
    intent = rows.lock_intent(payable_ref=payable_ref)
    (call,) = CALL(references=(statement.reference,))
    call.tender.intent = intent
    return Situation(intent=intent, tender=call.tender, call=call, statement=statement, now=now)


def _find_contradiction(situation: Situation, *, provider: str) -> str | None:
    """In what the statement differs from what was asked, if in anything."""
    statement, asked = situation.statement, Money(situation.call.amount_minor, situation.intent.currency)
    is_of_dispute = statement.said in DISPUTE_WORDS
    contradictions = {
        "provider": provider != situation.tender.provider,
        "operation": statement.said not in _ANSWERS[Operation(situation.call.operation)],
        "account": statement.account != PROVIDERS.get(provider).account,
        "currency": statement.amount.currency != asked.currency,
        "amount": not is_of_dispute and statement.amount.minor != asked.minor,
        "undoes_capture": _undoes_capture(situation),
    }
    found = next((name for name, holds in contradictions.items() if holds), None)
    return disputes.find_contradiction(situation) if found is None and is_of_dispute else found


def _undoes_capture(situation: Situation) -> bool:
    call = situation.call
    is_captured = call.status == "SUCCEEDED" and situation.tender.status == "CAPTURED"
    undoes = situation.statement.said in {Said.DECLINED, Said.FAILED, Said.VOIDED}
    return undoes and is_captured and call.operation in calls.PAYING_OPERATIONS


def _suspect(situation: Situation, contradiction: str) -> Applied:
    """A tender that is not captured waits for a person; a void or a refund is asked about until the truth is known."""
    is_paying = situation.call.operation in calls.PAYING_OPERATIONS
    if is_paying and situation.tender.status not in {"CAPTURED", "SUSPECT"}:
        rows.move(situation.tender, "SUSPECT", intent=situation.intent, now=situation.now)
    if is_paying and situation.call.status == "CREATED":
        rows.move(situation.call, "UNKNOWN", intent=situation.intent, now=situation.now)  # it was sent
    if is_paying:
        ProviderCall.objects.filter(pk=situation.call.pk).update(ask_at=None)
    elif situation.call.status in calls.OPEN_CALLS:
        calls.put_off(situation.call)
    event = PaymentSuspected(
        payment_id=situation.intent.pk, payable_ref=situation.intent.payable_ref, contradiction=contradiction
    )
    rows.publish(situation.intent, event, now=situation.now)
    rows.store(situation.intent)
    return Applied(verdict=f"suspect_{contradiction}")


def _apply_authorised(situation: Situation) -> Applied:
    if situation.call.operation == Operation.AUTHORISE:
        rows.end_call(situation, "SUCCEEDED")
    else:
        _keep_pending(situation)
    if situation.tender.status in {"VOIDED", "DECLINED"} or situation.intent.status != "OPEN":
        if not situation.tender.calls.filter(operation=Operation.VOID).exclude(status="REFUSED").exists():
            db.insert_later(calls.make_call(situation.tender, Operation.VOID, now=situation.now))
        return Applied(verdict="authorised_too_late")
    if situation.tender.status in {"CAPTURED", "AUTHORISED", "SUSPECT"}:
        return Applied(verdict="known")
    rows.move(situation.tender, "AUTHORISED", intent=situation.intent, now=situation.now)
    return Applied(
        verdict="authorised",
        all_authorised=_is_authorised_throughout(situation.intent),
        facts=(_fact_of_tender(MoneyMoved.AUTHORISED, situation),),
    )


def _apply_captured(situation: Situation) -> Applied:
    intent, tender = situation.intent, situation.tender
    rows.end_call(situation, "SUCCEEDED")
    if tender.status == "CAPTURED":
        return Applied(verdict="known")
    amount = situation.statement.amount
    due = intent.amount_minor - rows.captured_on_time(intent)
    is_late = intent.status != "OPEN" or tender.status == "VOIDED" or amount.minor > due
    facts = _record_capture(situation, is_late=is_late)
    if is_late:
        return Applied(verdict="captured_late", facts=facts)
    is_covered = amount.minor == due
    if is_covered:
        rows.move(intent, "PAID", intent=intent, now=situation.now)
        intent.paid_at = situation.now
    return Applied(verdict="captured", is_covered=is_covered, facts=facts)


def _record_capture(situation: Situation, *, is_late: bool) -> tuple[MoneyFact, ...]:
    """Write down that the provider took money; what no order may keep goes back. The caller stores the intent."""
    intent, tender, amount = situation.intent, situation.tender, situation.statement.amount
    was_authorised = tender.status in {"AUTHORISED", "SUSPECT"}
    rows.move(tender, "CAPTURED", intent=intent, now=situation.now)
    capture = Capture(
        tender=tender,
        provider=tender.provider,
        provider_ref=situation.statement.provider_ref[:PROVIDER_REF_LENGTH_MAX],
        amount_minor=amount.minor,
        is_late=is_late,
        captured_at=situation.now,
    )
    db.insert_later(capture)
    intent.captured_minor += amount.minor
    event = PaymentCaptured(
        payment_id=intent.pk, payable_ref=intent.payable_ref, amount=amount, method=tender.method, is_late=is_late
    )
    rows.publish(intent, event, now=situation.now)
    captured = rows.fact(
        MoneyMoved.CAPTURED,
        capture.pk,
        tender,
        amount.minor,
        capture_ref=capture.pk,
        was_authorised=was_authorised,
    )
    if not is_late:
        return (captured,)
    rows.store(intent)
    db.insert_pending()  # what was captured stands before any of it may go back
    return captured, refunds.return_capture(intent, capture, reason=refunds.LATE, now=situation.now)


def _apply_requires_action(situation: Situation) -> Applied:
    _keep_pending(situation)
    if situation.tender.status != "CREATED":
        return Applied(verdict="known")
    next_action = wire.to_json(situation.statement.next_action)
    rows.move(situation.tender, "REQUIRES_ACTION", intent=situation.intent, now=situation.now, next_action=next_action)
    return Applied(verdict="requires_action")


def _apply_pending(situation: Situation) -> Applied:
    _keep_pending(situation)
    return Applied(verdict="pending")


def _apply_declined(situation: Situation) -> Applied:
    if situation.call.operation not in calls.PAYING_OPERATIONS:
        return _apply_failed(situation)
    rows.end_call(situation, "REFUSED")
    if situation.tender.status in {"CAPTURED", "DECLINED", "VOIDED", "SUSPECT"}:
        return Applied(verdict="known")
    lapsed = situation.tender.status == "AUTHORISED"
    decline_code = situation.statement.decline_code[:DECLINE_CODE_LENGTH_MAX]
    rows.move(situation.tender, "DECLINED", intent=situation.intent, now=situation.now, decline_code=decline_code)
    event = PaymentDeclined(
        payment_id=situation.intent.pk,
        payable_ref=situation.intent.payable_ref,
        amount=situation.statement.amount,
        decline_code=decline_code,
    )
    rows.publish(situation.intent, event, now=situation.now)
    facts = (_fact_of_tender(MoneyMoved.AUTHORISATION_LAPSED, situation),) if lapsed else ()
    return Applied(verdict="declined", facts=facts)


def _apply_voided(situation: Situation) -> Applied:
    if situation.call.operation in calls.PAYING_OPERATIONS:  # the provider gave up an authorisation by itself
        return _apply_declined(situation)
    rows.end_call(situation, "SUCCEEDED")
    for call in _open_paying_calls(situation.tender):
        rows.move(call, "DROPPED", intent=situation.intent, now=situation.now)
    if situation.tender.status != "SUSPECT":
        return Applied(verdict="voided")
    # Whatever the provider had, it has let it go: nothing is left to be suspicious of.
    rows.move(situation.tender, "VOIDED", intent=situation.intent, now=situation.now)
    return Applied(verdict="voided", facts=(_fact_of_tender(MoneyMoved.AUTHORISATION_VOIDED, situation),))


def _apply_failed(situation: Situation) -> Applied:
    """A refused void says that there is more to know of the payment; a refused refund waits for a person, and so does a
    refused answer to a chargeback.
    """
    if situation.call.operation in calls.PAYING_OPERATIONS:
        return _apply_declined(situation)
    if situation.call.status in {"SUCCEEDED", "REFUSED"}:
        return Applied(verdict="known")
    rows.end_call(situation, "REFUSED")
    if situation.call.dispute is not None:
        return disputes.note_refused_answer(situation, situation.call.dispute)
    if situation.call.refund_id is None:
        _open_paying_calls(situation.tender).update(ask_at=clock.real_now())
        return Applied(verdict="void_refused")
    refund = _refund_of(situation)
    if refund.status != "FAILED":  # another part of it may have failed before
        rows.move(refund, "FAILED", intent=situation.intent, now=situation.now)
        rows.publish(situation.intent, RefundFailed(*_refund_facts(situation.intent, refund)), now=situation.now)
    return Applied(verdict="refund_failed")


def _open_paying_calls(tender: Tender) -> QuerySet[ProviderCall]:
    return tender.calls.filter(operation__in=calls.PAYING_OPERATIONS, status__in=["UNKNOWN", "PENDING"])


def _apply_refunded(situation: Situation) -> Applied:
    refund = _refund_of(situation)
    if situation.call.status == "SUCCEEDED":
        return Applied(verdict="known")
    rows.end_call(situation, "SUCCEEDED")
    facts = (_fact_of_refund(situation, refund),)
    if refund.status == "SUCCEEDED":
        return Applied(verdict="refunded_twice", facts=facts)  # a chargeback had paid it: see Note [Paid by the bank]
    if _sent_back(refund) < refund.amount_minor:
        return Applied(verdict="refunded_in_part", facts=facts)
    rows.move(refund, "SUCCEEDED", intent=situation.intent, now=situation.now, succeeded_at=situation.now)
    rows.publish(situation.intent, RefundSucceeded(*_refund_facts(situation.intent, refund)), now=situation.now)
    return Applied(verdict="refunded", facts=facts)


def _sent_back(refund: Refund) -> int:
    """What of a refund is back, in minor units; calls that were refused, and asked for anew, are not."""
    total: int | None = refund.calls.filter(status="SUCCEEDED").aggregate(total=Sum("amount_minor"))["total"]
    return total or 0


def _fact_of_tender(kind: MoneyMoved, situation: Situation) -> MoneyFact:
    tender = situation.tender
    return rows.fact(kind, tender.pk, tender, tender.amount_minor)


def _fact_of_refund(situation: Situation, refund: Refund) -> MoneyFact:
    """A provider has sent back what one call asked for: a refund may come back from several captures."""
    return rows.fact(
        MoneyMoved.REFUNDED,
        situation.call.pk,
        situation.tender,
        situation.call.amount_minor,
        capture_ref=situation.tender.capture.pk,
        refund_ref=refund.pk,
        order_ref=refund.order_ref,
    )


_APPLY: Mapping[Said, Callable[[Situation], Applied]] = {
    Said.AUTHORISED: _apply_authorised,
    Said.CAPTURED: _apply_captured,
    Said.REQUIRES_ACTION: _apply_requires_action,
    Said.PENDING: _apply_pending,
    Said.DECLINED: _apply_declined,
    Said.VOIDED: _apply_voided,
    Said.FAILED: _apply_failed,
    Said.REFUNDED: _apply_refunded,
    **dict.fromkeys(DISPUTE_WORDS, disputes.apply),
}


@db.transaction_required
def prepare_captures(*, payable_ref: int, now: datetime) -> None:
    """Every tender is authorised: write the calls that capture them. Once; takes the lock of the payment."""
    intent = rows.lock_intent(payable_ref=payable_ref)
    authorised = intent.tenders.filter(status="AUTHORISED").exclude(calls__operation=Operation.CAPTURE)
    for tender in authorised.order_by("position"):
        db.insert_later(calls.make_call(tender, Operation.CAPTURE, now=now, send_here=True))


def _is_authorised_throughout(intent: PaymentIntent) -> bool:
    """Whether the live tenders, all of them authorised or captured, are worth the amount of the intent."""
    live = intent.tenders.exclude(status__in=["DECLINED", "VOIDED"]).exclude(capture__is_late=True)
    if live.exclude(status__in=["AUTHORISED", "CAPTURED"]).exists():
        return False
    worth: int | None = live.aggregate(total=Sum("amount_minor"))["total"]
    return worth == intent.amount_minor


def _keep_pending(situation: Situation) -> None:
    """The provider knows the call and has not ended it: ask again later."""
    call = situation.call
    if call.status in {"CREATED", "UNKNOWN"}:
        rows.move(call, "PENDING", intent=situation.intent, now=situation.now)
    if call.status == "PENDING":
        calls.put_off(call)


def _refund_of(situation: Situation) -> Refund:
    refund = situation.call.refund
    assert refund is not None, "a refund's call has its refund (payments_call_refund)"
    return refund


def _refund_facts(intent: PaymentIntent, refund: Refund) -> tuple[int, int, int, int | None, Money]:
    """The fields of RefundSucceeded and RefundFailed, in their order."""
    amount = Money(refund.amount_minor, intent.currency)
    return intent.pk, intent.payable_ref, refund.pk, refund.order_ref, amount
