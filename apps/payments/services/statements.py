"""What a provider says: stored as it came, verified, and applied by the flow, once.

# Note [Statements]
A statement may come twice, late, in any order, and from three sides: as the reply to a call, as a webhook, as the
answer to our question. All of them end in `apply_statement`, under the lock of the payment. What only repeats what is
known changes nothing. What contradicts what was asked, or would undo a capture, makes the tender SUSPECT and waits
for a person. A capture is recorded whatever the state; one that no order may keep is sent back in the same
transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q, Sum

from apps.payments.contracts import Applied
from apps.payments.events import PaymentCaptured, PaymentDeclined, PaymentSuspected, RefundFailed, RefundSucceeded
from apps.payments.models import Capture, PaymentIntent, ProviderAnswer, ProviderCall, Refund, Tender
from apps.payments.provider import PROVIDERS, Operation, Said, Statement, StoredAnswer
from apps.payments.services import calls, refunds, rows
from tradecore import clock, db, wire
from tradecore.money import Money

ANSWER_LEASE = timedelta(seconds=30)
ANSWER_ATTEMPTS_LIMIT = 12
DECLINE_CODE_LENGTH_MAX = 40
PROVIDER_REF_LENGTH_MAX = 100

_PAYING = frozenset({Operation.CHARGE, Operation.AUTHORISE, Operation.CAPTURE})


@dataclass(frozen=True, slots=True)
class _Situation:
    """What a statement is about, read under the lock of the intent."""

    intent: PaymentIntent
    tender: Tender
    call: ProviderCall
    statement: Statement
    now: datetime


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
    """Take up stored answers that wait to be applied, for one lease. For any number of workers."""
    real_now = clock.real_now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=real_now)
    waiting = ProviderAnswer.objects.filter(free, applied_at=None, attempts__lt=ANSWER_ATTEMPTS_LIMIT)
    answers = list(waiting.order_by("id").select_for_update(skip_locked=True)[:limit])
    ProviderAnswer.objects.filter(pk__in=[answer.pk for answer in answers]).update(
        claimed_until=real_now + ANSWER_LEASE, attempts=F("attempts") + 1
    )
    return [StoredAnswer(answer.pk, answer.provider, _read_statement(answer.statement)) for answer in answers]


@db.transaction_required
def close_answer(*, answer_id: int, verdict: str, now: datetime) -> None:
    """Say what came of a stored answer, in the transaction that applied it."""
    ProviderAnswer.objects.filter(pk=answer_id, applied_at=None).update(applied_at=now, verdict=verdict)


@db.transaction_required
def apply_statement(
    *, payable_ref: int, statement: Statement, provider: str, source: str | None, now: datetime
) -> Applied:
    """Record what a provider says of one of the payable's calls. Takes the lock of the payment; see Note [Statements].

    `source` is "reply" or "poll" for a statement that is not stored yet, None for one that is.
    """
    situation = _read_situation(payable_ref, statement, now=now)
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
    )


def _read_situation(payable_ref: int, statement: Statement, *, now: datetime) -> _Situation:
    intent = rows.lock_intent(payable_ref=payable_ref)
    call = ProviderCall.objects.select_related("tender", "refund").get(pk=statement.reference)
    return _Situation(intent=intent, tender=call.tender, call=call, statement=statement, now=now)


def _find_contradiction(situation: _Situation, *, provider: str) -> str | None:
    """In what the statement differs from what was asked, if in anything."""
    statement, asked = situation.statement, Money(situation.call.amount_minor, situation.intent.currency)
    if provider != situation.tender.provider:
        return "provider"
    if statement.account != PROVIDERS.get(provider).account:
        return "account"
    if statement.amount.currency != asked.currency:
        return "currency"
    if statement.amount.minor != asked.minor:
        return "amount"
    undoes = statement.said in {Said.DECLINED, Said.FAILED, Said.VOIDED} and situation.call.status == "SUCCEEDED"
    if undoes and situation.tender.status == "CAPTURED" and situation.call.operation in _PAYING:
        return "undoes_capture"
    return None


def _suspect(situation: _Situation, contradiction: str) -> Applied:
    if situation.tender.status not in {"CAPTURED", "SUSPECT"}:
        rows.move(situation.tender, "SUSPECT", intent=situation.intent, now=situation.now)
    ProviderCall.objects.filter(pk=situation.call.pk).update(ask_at=None)
    event = PaymentSuspected(
        payment_id=situation.intent.pk, payable_ref=situation.intent.payable_ref, contradiction=contradiction
    )
    rows.publish(situation.intent, event, now=situation.now)
    rows.store(situation.intent)
    return Applied(verdict=f"suspect_{contradiction}")


def _apply_authorised(situation: _Situation) -> Applied:
    if situation.call.operation == Operation.AUTHORISE:
        _end_call(situation, "SUCCEEDED")
    else:
        _keep_pending(situation)
    if situation.tender.status in {"VOIDED", "DECLINED"} or situation.intent.status != "OPEN":
        db.insert_later(calls.make_call(situation.tender, Operation.VOID, now=situation.now))
        return Applied(verdict="authorised_too_late")
    if situation.tender.status in {"CAPTURED", "AUTHORISED", "SUSPECT"}:
        return Applied(verdict="known")
    rows.move(situation.tender, "AUTHORISED", intent=situation.intent, now=situation.now)
    return Applied(verdict="authorised", all_authorised=_is_authorised_throughout(situation.intent))


def _apply_captured(situation: _Situation) -> Applied:
    intent, tender = situation.intent, situation.tender
    _end_call(situation, "SUCCEEDED")
    if tender.status == "CAPTURED":
        return Applied(verdict="known")
    amount = situation.statement.amount
    on_time = _captured_on_time(intent)
    is_late = intent.status != "OPEN" or tender.status == "VOIDED" or on_time + amount.minor > intent.amount_minor
    rows.move(tender, "CAPTURED", intent=intent, now=situation.now)
    capture = Capture.objects.create(
        tender=tender,
        provider=tender.provider,
        provider_ref=situation.statement.provider_ref[:PROVIDER_REF_LENGTH_MAX],
        amount_minor=amount.minor,
        is_late=is_late,
        captured_at=situation.now,
    )
    intent.captured_minor += amount.minor
    event = PaymentCaptured(
        payment_id=intent.pk, payable_ref=intent.payable_ref, amount=amount, method=tender.method, is_late=is_late
    )
    rows.publish(intent, event, now=situation.now)
    if is_late:
        rows.store(intent)  # what was captured stands before any of it may go back
        refunds.return_capture(intent, capture, reason=refunds.LATE, now=situation.now)
        return Applied(verdict="captured_late")
    is_covered = on_time + amount.minor == intent.amount_minor
    if is_covered:
        rows.move(intent, "PAID", intent=intent, now=situation.now)
        intent.paid_at = situation.now
    return Applied(verdict="captured", is_covered=is_covered)


def _apply_requires_action(situation: _Situation) -> Applied:
    _keep_pending(situation)
    if situation.tender.status != "CREATED":
        return Applied(verdict="known")
    next_action = wire.to_json(situation.statement.next_action)
    rows.move(situation.tender, "REQUIRES_ACTION", intent=situation.intent, now=situation.now, next_action=next_action)
    return Applied(verdict="requires_action")


def _apply_pending(situation: _Situation) -> Applied:
    _keep_pending(situation)
    return Applied(verdict="pending")


def _apply_declined(situation: _Situation) -> Applied:
    if situation.call.operation not in _PAYING:
        return _apply_failed(situation)
    _end_call(situation, "REFUSED")
    if situation.tender.status in {"CAPTURED", "DECLINED", "VOIDED", "SUSPECT"}:
        return Applied(verdict="known")
    decline_code = situation.statement.decline_code[:DECLINE_CODE_LENGTH_MAX]
    rows.move(situation.tender, "DECLINED", intent=situation.intent, now=situation.now, decline_code=decline_code)
    event = PaymentDeclined(
        payment_id=situation.intent.pk,
        payable_ref=situation.intent.payable_ref,
        amount=situation.statement.amount,
        decline_code=decline_code,
    )
    rows.publish(situation.intent, event, now=situation.now)
    return Applied(verdict="declined")


def _apply_voided(situation: _Situation) -> Applied:
    if situation.call.operation in _PAYING:  # the provider gave up an authorisation by itself
        return _apply_declined(situation)
    _end_call(situation, "SUCCEEDED")
    paying = situation.tender.calls.filter(operation__in=_PAYING, status__in=["UNKNOWN", "PENDING"])
    for call in paying:
        rows.move(call, "DROPPED", intent=situation.intent, now=situation.now)
    return Applied(verdict="voided")


def _apply_failed(situation: _Situation) -> Applied:
    """A refused void says that there is more to know of the payment; a refused refund waits for a person."""
    if situation.call.operation in _PAYING:
        return _apply_declined(situation)
    if situation.call.status == "SUCCEEDED":
        return Applied(verdict="known")
    _end_call(situation, "REFUSED")
    if situation.call.refund_id is None:
        first = calls.first_call_of(situation.tender)
        if first.status in {"UNKNOWN", "PENDING"}:
            ProviderCall.objects.filter(pk=first.pk).update(ask_at=clock.real_now())
        return Applied(verdict="void_refused")
    refund = _refund_of(situation)
    rows.move(refund, "FAILED", intent=situation.intent, now=situation.now)
    rows.publish(situation.intent, RefundFailed(*_refund_facts(situation.intent, refund)), now=situation.now)
    return Applied(verdict="refund_failed")


def _apply_refunded(situation: _Situation) -> Applied:
    refund = _refund_of(situation)
    _end_call(situation, "SUCCEEDED")
    if refund.status == "SUCCEEDED" or refund.calls.exclude(status="SUCCEEDED").exists():
        return Applied(verdict="refunded_in_part")
    rows.move(refund, "SUCCEEDED", intent=situation.intent, now=situation.now, succeeded_at=situation.now)
    rows.publish(situation.intent, RefundSucceeded(*_refund_facts(situation.intent, refund)), now=situation.now)
    return Applied(verdict="refunded", refund_id=refund.pk)


_APPLY: Mapping[Said, Callable[[_Situation], Applied]] = {
    Said.AUTHORISED: _apply_authorised,
    Said.CAPTURED: _apply_captured,
    Said.REQUIRES_ACTION: _apply_requires_action,
    Said.PENDING: _apply_pending,
    Said.DECLINED: _apply_declined,
    Said.VOIDED: _apply_voided,
    Said.FAILED: _apply_failed,
    Said.REFUNDED: _apply_refunded,
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
    live = intent.tenders.exclude(status__in=["DECLINED", "VOIDED"])
    if live.exclude(status__in=["AUTHORISED", "CAPTURED"]).exists():
        return False
    worth: int | None = live.aggregate(total=Sum("amount_minor"))["total"]
    return worth == intent.amount_minor


def _captured_on_time(intent: PaymentIntent) -> int:
    if intent.captured_minor == 0:
        return 0
    on_time = Capture.objects.filter(tender__intent=intent, is_late=False)
    return on_time.aggregate(total=Sum("amount_minor"))["total"] or 0


def _end_call(situation: _Situation, status: str) -> None:
    """Move the call to its end; one that has ended better already stays."""
    call = situation.call
    if call.status in {"SUCCEEDED", status}:
        return
    provider_ref = situation.statement.provider_ref[:PROVIDER_REF_LENGTH_MAX]
    rows.move(call, status, intent=situation.intent, now=situation.now, ask_at=None, provider_ref=provider_ref)


def _keep_pending(situation: _Situation) -> None:
    """The provider knows the call and has not ended it: ask again later."""
    call = situation.call
    if call.status in {"CREATED", "UNKNOWN"}:
        rows.move(call, "PENDING", intent=situation.intent, now=situation.now)
    if call.status == "PENDING":
        calls.put_off(call)


def _refund_of(situation: _Situation) -> Refund:
    refund = situation.call.refund
    assert refund is not None, "a refund's call has its refund (payments_call_refund)"
    return refund


def _refund_facts(intent: PaymentIntent, refund: Refund) -> tuple[int, int, int, int | None, Money]:
    """The fields of RefundSucceeded and RefundFailed, in their order."""
    amount = Money(refund.amount_minor, intent.currency)
    return intent.pk, intent.payable_ref, refund.pk, refund.order_ref, amount
