"""How the rows of payments are locked, moved and stored: one way for all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Sum

from apps.payments import states
from apps.payments.contracts import MoneyFact, MoneyMoved
from apps.payments.models import Capture, Dispute, PaymentIntent, PaymentTransition, ProviderCall, Refund, Tender
from apps.payments.provider import Statement
from tradecore import db, outbox
from tradecore.locks import Rank, lock_children, lock_children_of_many, locking_children
from tradecore.money import Money
from tradecore.states import TransitionTable

PROVIDER_REF_LENGTH_MAX = 100

_TABLES: Mapping[type[Model], TransitionTable] = {
    PaymentIntent: states.INTENT,
    Tender: states.TENDER,
    ProviderCall: states.CALL,
    Refund: states.REFUND,
    Dispute: states.DISPUTE,
}
_SUBJECTS: Mapping[type[Model], str] = {
    PaymentIntent: "intent",
    Tender: "tender",
    ProviderCall: "call",
    Refund: "refund",
    Dispute: "dispute",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a statement is about, read under the lock of the intent."""

    intent: PaymentIntent
    tender: Tender
    call: ProviderCall
    statement: Statement
    now: datetime


#: The intent of a payable, as it is locked.
INTENT_OF = locking_children(lambda payables: PaymentIntent.objects.filter(payable_ref__in=payables), by="payable_ref")


def lock_intent(*, payable_ref: int) -> PaymentIntent:
    """The one intent of a payable, locked. Everything about one payment changes under this lock."""
    (intent,) = lock_children(Rank.PAYMENT, INTENT_OF, of=payable_ref)
    if not hasattr(intent, "version_found"):
        intent.note_found()
    return intent


def lock_intents(*, payable_refs: Collection[int]) -> list[PaymentIntent]:
    """The intents of many payables, locked with one statement; `lock_intent` finds each of them in memory."""
    return lock_children_of_many(Rank.PAYMENT, INTENT_OF, of=payable_refs)


def move(
    row: PaymentIntent | Tender | ProviderCall | Refund | Dispute,
    after: str,
    *,
    intent: PaymentIntent,
    now: datetime,
    **facts: Any,
) -> None:
    """Change the state of a row under the lock of its intent, by its table, with the facts that come with it.

    Writes the transition. The intent's own state is written by `store`. Raises IllegalTransition.
    """
    before = row.status
    _TABLES[type(row)].check(before, after)
    row.status = after
    if not isinstance(row, PaymentIntent):
        db.change(type(row), row.pk, before={"status": before}, after={"status": after, **facts})
    db.insert_later(
        PaymentTransition(
            intent_id=intent.pk,
            subject=_SUBJECTS[type(row)],
            subject_id=row.pk,
            before=before,
            after=after,
            occurred_at=now,
        )
    )


def end_call(situation: Situation, status: str) -> None:
    """Move the call to its end; one that has ended better already stays."""
    call = situation.call
    if call.status in {"SUCCEEDED", status}:
        return
    provider_ref = situation.statement.provider_ref[:PROVIDER_REF_LENGTH_MAX]
    move(call, status, intent=situation.intent, now=situation.now, ask_at=None, provider_ref=provider_ref)


def publish(intent: PaymentIntent, event: outbox.Event, *, now: datetime) -> None:
    """Publish a fact about the intent; `store` must follow."""
    intent.version += 1
    outbox.publish(event, aggregate="payment", aggregate_id=intent.pk, sequence=intent.version, now=now)


def captured_on_time(intent: PaymentIntent) -> int:
    """What captures that an order may keep have brought, in minor units."""
    if intent.captured_minor == 0:
        return 0
    on_time = Capture.objects.filter(tender__intent=intent, is_late=False)
    return on_time.aggregate(total=Sum("amount_minor"))["total"] or 0


def fact(kind: MoneyMoved, reference: int, tender: Tender, amount_minor: int, **parts: Any) -> MoneyFact:
    """What has become true of money of the tender, whose intent is loaded."""
    intent = tender.intent
    return MoneyFact(
        kind=kind,
        reference=reference,
        payable_ref=intent.payable_ref,
        provider=tender.provider,
        amount=Money(amount_minor, intent.currency),
        tender_ref=tender.pk,
        **parts,
    )


_CHANGING = ("status", "captured_minor", "refunded_minor", "charged_back_minor", "version", "paid_at", "closed_at")


def store(intent: PaymentIntent) -> None:
    """Write what may change of a locked intent, as long as it is what it was; see Note [Just written] of the locks."""
    found = {"status": intent.status_found, "version": intent.version_found}
    db.change(PaymentIntent, intent.pk, before=found, after={name: getattr(intent, name) for name in _CHANGING})
    intent.note_found()
