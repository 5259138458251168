"""What payments have to say of one order's trace: the payment is of its purchase, and of the other orders of it too."""

from collections.abc import Iterator

from apps.payments.models import (
    Capture,
    Dispute,
    PaymentIntent,
    PaymentTransition,
    ProviderAnswer,
    ProviderCall,
    Refund,
)
from tradecore.money import Money
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Every change of state, what was asked of providers and what they said, captures, refunds and chargebacks."""
    intent = PaymentIntent.objects.filter(payable_ref=traced.purchase_id).first()
    if intent is None:
        return
    amount = str(Money(intent.amount_minor, intent.currency))
    yield Step(at=intent.created_at, what="payment opened", about=f"payment:{intent.pk}", detail=amount)
    for row in PaymentTransition.objects.filter(intent_id=intent.pk).order_by("id"):
        about = f"payment:{intent.pk}" if row.subject == "intent" else f"{row.subject}:{row.subject_id}"
        yield Step(at=row.occurred_at, what=f"{row.subject} {row.after}", about=about, detail=row.before)
    calls = list(ProviderCall.objects.filter(tender__intent=intent).select_related("tender").order_by("id"))
    yield from _calls(calls, intent)
    yield from _answers(calls)
    yield from _money(intent)


def _calls(calls: list[ProviderCall], intent: PaymentIntent) -> Iterator[Step]:
    for call in calls:
        amount = Money(call.amount_minor, intent.currency)
        asked = f", asked about {call.asked_count} times" if call.asked_count else ""
        yield Step(
            at=call.created_at,
            what=f"{call.tender.provider} asked: {call.operation}",
            about=f"call:{call.pk}",
            detail=f"{amount} by {call.tender.method}; {call.status}{asked}",
        )


def _answers(calls: list[ProviderCall]) -> Iterator[Step]:
    for row in ProviderAnswer.objects.filter(call_ref__in=[call.pk for call in calls]).order_by("id"):
        said, about = row.statement.get("said", ""), f"call:{row.call_ref}"
        detail = f"answer {row.pk}, by {row.source}"
        yield Step(at=row.received_at, what=f"{row.provider} said: {said}", about=about, detail=detail)
        if row.applied_at is not None:
            yield Step(at=row.applied_at, what=f"answer applied: {row.verdict}", about=about, detail=detail)


def _money(intent: PaymentIntent) -> Iterator[Step]:
    """What moved: in, back, and taken by the buyer's bank."""
    for row in Capture.objects.filter(tender__intent=intent).order_by("id"):
        amount = f"{Money(row.amount_minor, intent.currency)}{', late' if row.is_late else ''}"
        yield Step(at=row.captured_at, what="captured", about=f"capture:{row.pk}", detail=amount)
    for refund in Refund.objects.filter(intent=intent).order_by("id"):
        about = f"refund:{refund.pk}"
        amount = f"{Money(refund.amount_minor, intent.currency)}, {refund.reason}"
        yield Step(at=refund.created_at, what="refund opened", about=about, detail=amount)
        if refund.succeeded_at is not None:
            yield Step(at=refund.succeeded_at, what="refund succeeded", about=about, detail=amount)
    for dispute in Dispute.objects.filter(intent=intent).order_by("id"):
        about = f"dispute:{dispute.pk}"
        amount = f"{Money(dispute.amount_minor, intent.currency)}, {dispute.reason_code}"
        yield Step(at=dispute.opened_at, what="chargeback opened", about=about, detail=amount)
        if dispute.closed_at is not None:
            yield Step(at=dispute.closed_at, what=f"chargeback {dispute.status}", about=about, detail=amount)
