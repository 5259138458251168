"""Chargebacks: the provider has taken the money, and tells us; what we may say to it, and how it ends.

# Note [Taken first]
A buyer's bank takes the money of a chargeback at once, whatever is left of the capture, and listens afterwards. So a
dispute is recorded whatever the state, and takes what it can get of the capture and of the orders' shares, in the order
of the orders' ids: what it took may not be refunded as well. What is more than that (a part was refunded already, no
order may keep the money, or none has it yet) is `uncovered`, and ours to lose. The two sums never change; a dispute
that is won gives back what it took.

What is said of a chargeback may come in any order. The first word of it opens it, whatever word that is.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from apps.payments.contracts import EVIDENCE_BYTES_MAX, Applied, DisputeView, MoneyFact, MoneyMoved
from apps.payments.errors import DisputeAnswered, DisputeDecided, EvidenceTooLate, EvidenceUnacceptable
from apps.payments.events import DisputeAnswerRefused, DisputeClosed, DisputeOpened
from apps.payments.models import Capture, CaptureShare, Dispute, DisputeShare
from apps.payments.provider import Operation, Said
from apps.payments.selectors import view_dispute
from apps.payments.services import calls, rows
from apps.payments.services.rows import PROVIDER_REF_LENGTH_MAX, Situation
from apps.payments.states import DISPUTE
from tradecore import audit, db
from tradecore.card_numbers import looks_like_card_number
from tradecore.errors import NotFound
from tradecore.money import Money

REASON_CODE_LENGTH_MAX = 40

#: Where a dispute stands once that is said of it.
_STANDINGS: Mapping[Said, str] = {
    Said.DISPUTED: "OPEN",
    Said.EVIDENCE_TAKEN: "EVIDENCE_SENT",
    Said.DISPUTE_WON: "WON",
    Said.DISPUTE_LOST: "LOST",
}
#: Calls that have not been refused: of answers to one dispute there is one such at most.
_STANDING_CALLS = (*calls.OPEN_CALLS, "SUCCEEDED")


class CaptureUnknown(Exception):
    """A chargeback of money of which we do not know yet that it was captured: its capture must be applied first."""


@db.transaction_required
def lock_dispute(*, dispute_id: int) -> DisputeView:
    """The dispute as it stands, under the lock of its payment; those of its orders come before that.

    Refuses: NotFound.
    """
    return view_dispute(_lock(dispute_id))


@db.transaction_required
def send_evidence(*, dispute_id: int, evidence: Mapping[str, str], actor: str, reason: str, now: datetime) -> None:
    """Contest a dispute: the poller sends these texts, by name, and the dispute is EVIDENCE_SENT once they are taken.

    Takes the lock of the payment. Refuses, in this order: NotFound, DisputeDecided, DisputeAnswered, EvidenceTooLate,
    EvidenceUnacceptable.
    """
    dispute = _lock(dispute_id)
    _refuse_answered(dispute)
    if now > dispute.evidence_by:
        raise EvidenceTooLate(evidence_by=dispute.evidence_by)
    _refuse_evidence(evidence)
    Dispute.objects.filter(pk=dispute.pk).update(evidence=dict(evidence), version=F("version") + 1)
    _answer(dispute, Operation.CONTEST, now=now)
    audit.record(actor=actor, action="dispute.contested", subject=f"dispute:{dispute.pk}", reason=reason, now=now)


@db.transaction_required
def accept_dispute(*, dispute_id: int, actor: str, reason: str, now: datetime) -> None:
    """Contest nothing: the poller says so to the provider, and the dispute is LOST once that is taken.

    Takes the lock of the payment. Refuses, in this order: NotFound, DisputeDecided, DisputeAnswered.
    """
    dispute = _lock(dispute_id)
    _refuse_answered(dispute)
    _answer(dispute, Operation.ACCEPT, now=now)
    audit.record(actor=actor, action="dispute.accepted", subject=f"dispute:{dispute.pk}", reason=reason, now=now)


def require_capture(situation: Situation) -> None:
    """Raise CaptureUnknown where the money of a chargeback is not captured, as far as we know."""
    if situation.tender.status != "CAPTURED":
        raise CaptureUnknown(f"tender {situation.tender.pk} is {situation.tender.status}")


def find_contradiction(situation: Situation) -> str | None:
    """In what a statement about a chargeback differs from what is known, if in anything."""
    statement, dispute = situation.statement, _find(situation)
    if dispute is None:
        contradictions = {
            "dispute": statement.dispute is None or not statement.provider_ref,
            "amount": not 0 < statement.amount.minor <= situation.tender.capture.amount_minor,
        }
    else:
        after = _STANDINGS[statement.said]
        contradictions = {
            "payment": dispute.capture_id != situation.tender.capture.pk,
            "amount": statement.amount.minor != dispute.amount_minor,
            "undoes_outcome": after in DISPUTE.terminal and dispute.status in DISPUTE.terminal - {after},
        }
    return next((name for name, holds in contradictions.items() if holds), None)


def apply(situation: Situation) -> Applied:
    """Record what a provider says of a chargeback. The caller stores the intent; see Note [Taken first]."""
    if situation.call.dispute is not None:
        rows.end_call(situation, "SUCCEEDED")
    dispute = _find(situation)
    opened: tuple[MoneyFact, ...] = ()
    if dispute is None:
        dispute = _open(situation)
        opened = (_fact(MoneyMoved.DISPUTED, situation, dispute),)
    after = _STANDINGS[situation.statement.said]
    if not DISPUTE.allows(dispute.status, after):
        return Applied(verdict="disputed" if opened else "known", facts=opened)
    if after not in DISPUTE.terminal:
        _move(dispute, after, situation)
        return Applied(verdict="evidence_taken", facts=opened)
    return Applied(verdict=situation.statement.said.value, facts=(*opened, *_close(dispute, after, situation)))


def note_refused_answer(situation: Situation, dispute: Dispute) -> Applied:
    """The provider did not take what we answered. Of a dispute that is decided that says nothing new."""
    if dispute.status not in DISPUTE.terminal:
        event = DisputeAnswerRefused(
            payment_id=situation.intent.pk,
            payable_ref=situation.intent.payable_ref,
            dispute_id=dispute.pk,
            order_refs=_order_refs(dispute),
            refusal_code=situation.statement.decline_code,
        )
        rows.publish(situation.intent, event, now=situation.now)
    return Applied(verdict="dispute_answer_refused")


def _lock(dispute_id: int) -> Dispute:
    """The dispute, read under the lock of its payment. Refuses: NotFound."""
    disputes = Dispute.objects.filter(pk=dispute_id)
    payable_ref = disputes.values_list("intent__payable_ref", flat=True).first()
    if payable_ref is None:
        raise NotFound(what="dispute")
    intent = rows.lock_intent(payable_ref=payable_ref)
    dispute = disputes.select_related("capture__tender").prefetch_related("shares").get()
    dispute.intent = intent
    dispute.capture.tender.intent = intent
    return dispute


def _refuse_answered(dispute: Dispute) -> None:
    if dispute.status in DISPUTE.terminal:
        raise DisputeDecided(dispute_status=dispute.status)
    if dispute.calls.filter(status__in=_STANDING_CALLS).exists():
        raise DisputeAnswered


def _refuse_evidence(evidence: Mapping[str, str]) -> None:
    written = json.dumps(dict(evidence), ensure_ascii=False)
    reasons = {
        "empty": not any(text.strip() for text in evidence.values()),
        "too_long": len(written.encode()) > EVIDENCE_BYTES_MAX,
        "card_number": looks_like_card_number(written),
    }
    for reason, holds in reasons.items():
        if holds:
            raise EvidenceUnacceptable(reason=reason)


def _answer(dispute: Dispute, operation: Operation, *, now: datetime) -> None:
    """Write the call that answers it; the poller sends it."""
    tender, amount_minor = dispute.capture.tender, dispute.amount_minor
    db.insert_later(calls.make_call(tender, operation, now=now, dispute=dispute, amount_minor=amount_minor))


def _find(situation: Situation) -> Dispute | None:
    """The dispute that a statement is about, if we know it."""
    if situation.call.dispute is not None:
        return situation.call.dispute
    provider_ref = situation.statement.provider_ref[:PROVIDER_REF_LENGTH_MAX]
    return Dispute.objects.filter(provider=situation.tender.provider, provider_ref=provider_ref).first()


def _open(situation: Situation) -> Dispute:
    """Write down that the provider took the money, and take it from capture and shares by Note [Taken first]."""
    intent, statement, capture = situation.intent, situation.statement, situation.tender.capture
    assert statement.dispute is not None, "the first word of a chargeback says why (find_contradiction)"
    shares = list(intent.shares.order_by("order_ref"))
    covered_minor = min(statement.amount.minor, _left(capture), sum(map(_left, shares)))
    dispute = Dispute.objects.create(
        intent=intent,
        capture=capture,
        provider=situation.tender.provider,
        provider_ref=statement.provider_ref[:PROVIDER_REF_LENGTH_MAX],
        reason_code=statement.dispute.reason_code[:REASON_CODE_LENGTH_MAX],
        amount_minor=statement.amount.minor,
        uncovered_minor=statement.amount.minor - covered_minor,
        evidence_by=statement.dispute.evidence_by,
        opened_at=situation.now,
    )
    _take(dispute, shares, covered_minor)
    intent.charged_back_minor += covered_minor
    event = DisputeOpened(
        payment_id=intent.pk,
        payable_ref=intent.payable_ref,
        dispute_id=dispute.pk,
        order_refs=_order_refs(dispute),
        amount=statement.amount,
        reason_code=dispute.reason_code,
        evidence_by=dispute.evidence_by,
    )
    rows.publish(intent, event, now=situation.now)
    return dispute


def _left(row: Capture | CaptureShare) -> int:
    return row.amount_minor - row.refunded_minor - row.charged_back_minor


def _take(dispute: Dispute, shares: Sequence[CaptureShare], covered_minor: int) -> None:
    """Take that much of the capture, and of the shares one after another."""
    if covered_minor == 0:
        return
    _charge_back(Capture.objects.filter(pk=dispute.capture_id), covered_minor)
    left = covered_minor
    for share in shares:
        part = min(left, _left(share))
        if part == 0:
            continue
        _charge_back(CaptureShare.objects.filter(pk=share.pk), part)
        DisputeShare.objects.create(dispute=dispute, order_ref=share.order_ref, amount_minor=part)
        left -= part


def _charge_back(row: QuerySet[Capture] | QuerySet[CaptureShare], minor: int) -> None:
    free = row.filter(amount_minor__gte=F("refunded_minor") + F("charged_back_minor") + minor)
    taken = free.update(charged_back_minor=F("charged_back_minor") + minor)
    assert taken == 1, "the payment is locked"


def _close(dispute: Dispute, outcome: str, situation: Situation) -> tuple[MoneyFact, ...]:
    """It is decided. One that is lost is posted by whoever says whose loss it is; see DisputeClosed."""
    intent = situation.intent
    _move(dispute, outcome, situation, closed_at=situation.now)
    event = DisputeClosed(
        payment_id=intent.pk,
        payable_ref=intent.payable_ref,
        dispute_id=dispute.pk,
        order_refs=_order_refs(dispute),
        amount=Money(dispute.amount_minor, intent.currency),
        outcome=outcome,
    )
    rows.publish(intent, event, now=situation.now)
    if outcome == "LOST":
        return ()
    _give_back(dispute)
    intent.charged_back_minor -= dispute.amount_minor - dispute.uncovered_minor
    return (_fact(MoneyMoved.DISPUTE_WON, situation, dispute),)


def _give_back(dispute: Dispute) -> None:
    """What it took of capture and shares may be refunded again."""
    covered_minor = dispute.amount_minor - dispute.uncovered_minor
    Capture.objects.filter(pk=dispute.capture_id).update(charged_back_minor=F("charged_back_minor") - covered_minor)
    for part in dispute.shares.all():
        share = CaptureShare.objects.filter(order_ref=part.order_ref)
        share.update(charged_back_minor=F("charged_back_minor") - part.amount_minor)


def _move(dispute: Dispute, after: str, situation: Situation, **facts: Any) -> None:
    rows.move(dispute, after, intent=situation.intent, now=situation.now, version=dispute.version + 1, **facts)


def _order_refs(dispute: Dispute) -> tuple[int, ...]:
    return tuple(dispute.shares.order_by("order_ref").values_list("order_ref", flat=True))


def _fact(kind: MoneyMoved, situation: Situation, dispute: Dispute) -> MoneyFact:
    return rows.fact(kind, dispute.pk, situation.tender, dispute.amount_minor, capture_ref=dispute.capture_id)
