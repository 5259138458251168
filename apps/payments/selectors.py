"""The reads of payments."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from apps.payments.contracts import (
    ANSWER_ATTEMPTS_LIMIT,
    AnswerView,
    Backlog,
    CallView,
    CaptureView,
    DisputeView,
    LineSubject,
    Payment,
    PaymentHistory,
    RefundView,
    Share,
    ShareView,
    SuspectView,
    TenderView,
)
from apps.payments.models import Capture, Dispute, PaymentIntent, ProviderAnswer, ProviderCall, Refund, Tender
from apps.payments.provider import PROVIDERS, SettledKind, SettlementLine
from tradecore.errors import NotFound
from tradecore.ids import MAX_ID
from tradecore.money import Money
from tradecore.prepared import Select

_PAYABLE_OF = Select(
    lambda reference: ProviderCall.objects.filter(pk=reference).values_list("tender__intent__payable_ref", flat=True)
)
_INTENT = Select(lambda payable: PaymentIntent.objects.filter(payable_ref=payable))
_INTENTS = Select(lambda payables: PaymentIntent.objects.filter(payable_ref__in=payables))
_TENDERS = Select(lambda intents: Tender.objects.filter(intent__id__in=intents).order_by("position"), by="intent_id")


def find_payable_ref(*, call_reference: int) -> int | None:
    """The payable that a call of ours belongs to; None if the reference is not ours."""
    return _PAYABLE_OF.find(reference=call_reference)


def get_payment(*, payable_ref: int) -> Payment:
    """The payment of a payable. Raises ValueError for what is none: every payable has one."""
    (intent,) = _INTENT(payable=payable_ref)
    return view_payment(intent, list_tenders(intent))


def list_tenders(intent: PaymentIntent) -> list[Tender]:
    """The tenders of an intent, as they were offered."""
    return _TENDERS(intents=(intent.pk,))


def read_tenders_ahead(intents: Iterable[PaymentIntent]) -> dict[int, Tender]:
    """The tenders of locked intents, by id: whoever asks for those of one of them gets the same objects."""
    return {tender.pk: tender for tender in _TENDERS.read_ahead(intents={intent.pk for intent in intents})}


def know_tenders(intent: PaymentIntent, tenders: Iterable[Tender]) -> None:
    """Let the tenders of an intent be known to this transaction; see Note [Just written] of the locks."""
    _TENDERS.know(intent.pk, tenders)


def list_payments(*, payable_refs: Iterable[int]) -> dict[int, Payment]:
    """The payments of several payables, by payable, in two statements."""
    intents = _INTENTS(payables=set(payable_refs))
    tenders: dict[int, list[Tender]] = {intent.pk: [] for intent in intents}
    for tender in _TENDERS(intents=set(tenders)):
        tenders[tender.intent_id].append(tender)
    return {intent.payable_ref: view_payment(intent, tenders[intent.pk]) for intent in intents}


def list_refunds(*, order_ref: int) -> list[RefundView]:
    """The refunds of one order, oldest first."""
    refunds = Refund.objects.filter(order_ref=order_ref).select_related("intent").order_by("id")
    return [view_refund(refund) for refund in refunds]


def get_refund(*, refund_id: int) -> RefundView:
    """A refund as it stands. Refuses: NotFound."""
    found = Refund.objects.select_related("intent").filter(pk=refund_id).first()
    if found is None:
        raise NotFound(what="refund")
    return view_refund(found)


def list_failed_refunds(*, limit: int) -> list[RefundView]:
    """Refunds that a provider refused and nobody has asked for again, oldest first."""
    refunds = Refund.objects.filter(status="FAILED").select_related("intent").order_by("id")[:limit]
    return [view_refund(refund) for refund in refunds]


def get_dispute(*, dispute_id: int) -> DisputeView:
    """A dispute as it stands. Refuses: NotFound."""
    found = _disputes().filter(pk=dispute_id).first()
    if found is None:
        raise NotFound(what="dispute")
    return view_dispute(found)


def list_disputes(*, order_ref: int) -> list[DisputeView]:
    """The disputes that took of the share of one order, oldest first."""
    return [view_dispute(row) for row in _disputes().filter(shares__order_ref=order_ref).order_by("id")]


def list_line_subjects(*, provider: str, lines: Sequence[SettlementLine]) -> list[LineSubject | None]:
    """What each line of a provider's settlement is about, in the order of the lines; None where we know of no such
    thing. In three statements: for a batch of lines, not for the file of a large day.
    """
    known = {
        **_charges(provider, [line for line in lines if line.kind is SettledKind.CHARGE]),
        **_refund_calls(provider, [line for line in lines if line.kind is SettledKind.REFUND]),
        **_chargebacks(provider, [line for line in lines if line.kind in _OF_DISPUTES]),
    }
    return [known.get((line.kind, _name_of(line))) for line in lines]


def list_payable_refs(*, reference: str) -> list[int]:
    """What is paid by the payment that a reference of ours (of it, a tender, call or refund) or a provider's is of."""
    intents = PaymentIntent.objects.order_by("-id").values_list("payable_ref", flat=True)
    if reference.isascii() and reference.isdigit() and int(reference) <= MAX_ID:
        number = int(reference)
        for name in ("pk", "tenders", "tenders__calls", "refunds"):
            if found := list(intents.filter(**{name: number})):
                return found
    called = ProviderCall.objects.exclude(provider_ref="").filter(provider_ref=reference)
    captured = Capture.objects.filter(provider__in=PROVIDERS.names(), provider_ref=reference)
    intent_ids = {*called.values_list("tender__intent", flat=True), *captured.values_list("tender__intent", flat=True)}
    return list(intents.filter(pk__in=intent_ids)) if intent_ids else []


def list_known_calls(*, references: Collection[int]) -> set[int]:
    """Those of the references that are of a call."""
    return set(ProviderCall.objects.filter(pk__in=references).values_list("pk", flat=True))


def find_payable_ref_of_tender(*, tender_id: int) -> int | None:
    """Whose payment a tender is a part of."""
    return Tender.objects.filter(pk=tender_id).values_list("intent__payable_ref", flat=True).first()


def list_suspects(*, limit: int) -> list[SuspectView]:
    """Tenders that wait for a person, oldest first."""
    rows = Tender.objects.filter(status="SUSPECT").select_related("intent").order_by("id")[:limit]
    return [
        SuspectView(
            tender=view_tender(row, row.intent.currency),
            payable_ref=row.intent.payable_ref,
            answers=tuple(
                _view_answer(answer)
                for answer in ProviderAnswer.objects.filter(
                    call_ref__in=row.calls.values_list("pk", flat=True)
                ).order_by("id")
            ),
        )
        for row in rows
    ]


def get_payment_history(*, payable_ref: int) -> PaymentHistory:
    """All that happened to the payment of a payable, in six statements. Raises PaymentIntent.DoesNotExist."""
    intent = PaymentIntent.objects.get(payable_ref=payable_ref)
    currency = intent.currency
    calls = list(ProviderCall.objects.filter(tender__intent=intent).order_by("id"))
    answers = ProviderAnswer.objects.filter(call_ref__in=[call.pk for call in calls]).order_by("id")
    return PaymentHistory(
        calls=tuple(_view_call(call, currency) for call in calls),
        answers=tuple(_view_answer(answer) for answer in answers),
        captures=tuple(
            _view_capture(row, currency) for row in Capture.objects.filter(tender__intent=intent).order_by("id")
        ),
        shares=tuple(
            ShareView(
                order_ref=row.order_ref,
                amount=Money(row.amount_minor, currency),
                refunded=Money(row.refunded_minor, currency),
                charged_back=Money(row.charged_back_minor, currency),
            )
            for row in intent.shares.order_by("id")
        ),
        refunds=tuple(view_refund(row) for row in intent.refunds.order_by("id")),
    )


def count_backlog() -> Backlog:
    """What payments wait for, now."""
    waiting = ProviderAnswer.objects.filter(applied_at=None)
    return Backlog(
        unanswered_calls=ProviderCall.objects.filter(ask_at__isnull=False, status="UNKNOWN").count(),
        waiting_answers=waiting.filter(attempts__lt=ANSWER_ATTEMPTS_LIMIT).count(),
        parked_answers=waiting.filter(attempts__gte=ANSWER_ATTEMPTS_LIMIT).count(),
        suspect_tenders=Tender.objects.filter(status="SUSPECT").count(),
        failed_refunds=Refund.objects.filter(status="FAILED").count(),
        open_disputes=Dispute.objects.filter(status="OPEN").count(),
    )


def read_ages(*, now: datetime) -> dict[str, timedelta]:
    """For how long the oldest calls without an answer, and the oldest answers to apply, have waited."""
    calls = ProviderCall.objects.filter(ask_at__isnull=False, status="UNKNOWN").aggregate(oldest=Min("created_at"))
    answers = ProviderAnswer.objects.filter(applied_at=None, attempts__lt=ANSWER_ATTEMPTS_LIMIT)
    oldest = {"provider_calls": calls["oldest"], **answers.aggregate(provider_answers=Min("received_at"))}
    return {
        queue: timedelta() if moment is None else max(timedelta(), now - moment) for queue, moment in oldest.items()
    }


def view_payment(intent: PaymentIntent, tenders: Sequence[Tender]) -> Payment:
    """The contract of an intent and its tenders."""
    currency = intent.currency
    return Payment(
        id=intent.pk,
        payable_ref=intent.payable_ref,
        status=intent.status,
        amount=Money(intent.amount_minor, currency),
        captured=Money(intent.captured_minor, currency),
        refunded=Money(intent.refunded_minor, currency),
        charged_back=Money(intent.charged_back_minor, currency),
        paid_at=intent.paid_at,
        tenders=tuple(view_tender(tender, currency) for tender in tenders),
    )


def view_tender(tender: Tender, currency: str) -> TenderView:
    """The contract of a tender."""
    return TenderView(
        id=tender.pk,
        method=tender.method,
        provider=tender.provider,
        amount=Money(tender.amount_minor, currency),
        instalments=tender.instalments,
        status=tender.status,
        decline_code=tender.decline_code,
        next_action=tender.next_action if tender.status == "REQUIRES_ACTION" else None,
    )


def view_refund(refund: Refund) -> RefundView:
    """The contract of a refund; its intent must be loaded."""
    return RefundView(
        id=refund.pk,
        order_ref=refund.order_ref,
        amount=Money(refund.amount_minor, refund.intent.currency),
        reason=refund.reason,
        status=refund.status,
        created_at=refund.created_at,
        succeeded_at=refund.succeeded_at,
    )


def view_dispute(dispute: Dispute) -> DisputeView:
    """The contract of a dispute; its intent and shares must be loaded."""
    currency = dispute.intent.currency
    shares = sorted(dispute.shares.all(), key=lambda share: share.order_ref)
    return DisputeView(
        id=dispute.pk,
        payment_id=dispute.intent_id,
        payable_ref=dispute.intent.payable_ref,
        capture_ref=dispute.capture_id,
        provider=dispute.provider,
        provider_ref=dispute.provider_ref,
        reason_code=dispute.reason_code,
        amount=Money(dispute.amount_minor, currency),
        uncovered=Money(dispute.uncovered_minor, currency),
        shares=tuple(Share(share.order_ref, Money(share.amount_minor, currency)) for share in shares),
        status=dispute.status,
        evidence_by=dispute.evidence_by,
        evidence=dispute.evidence,
        version=dispute.version,
        opened_at=dispute.opened_at,
        closed_at=dispute.closed_at,
    )


def _disputes() -> QuerySet[Dispute]:
    return Dispute.objects.select_related("intent").prefetch_related("shares")


#: Lines that name the call that captured, and are about a chargeback of it; and the sign of what they say.
_OF_DISPUTES = {SettledKind.CHARGEBACK: -1, SettledKind.CHARGEBACK_REVERSAL: 1}

_Subjects = dict[tuple[SettledKind, str], LineSubject]


def _name_of(line: SettlementLine) -> str:
    """By what its subject is found: a refund's call by our reference, everything else by the provider's."""
    return str(line.reference) if line.kind is SettledKind.REFUND else line.provider_ref


def _charges(provider: str, lines: Sequence[SettlementLine]) -> _Subjects:
    refs = [line.provider_ref for line in lines]
    captures = Capture.objects.filter(provider=provider, provider_ref__in=refs).select_related("tender__intent")
    return {
        (SettledKind.CHARGE, row.provider_ref): LineSubject(
            reference=row.pk,
            capture_ref=row.pk,
            payable_ref=row.tender.intent.payable_ref,
            amount=Money(row.amount_minor, row.tender.intent.currency),
        )
        for row in captures
    }


def _refund_calls(provider: str, lines: Sequence[SettlementLine]) -> _Subjects:
    calls = ProviderCall.objects.filter(operation="refund", pk__in=[line.reference for line in lines])
    return {
        (SettledKind.REFUND, str(row.pk)): LineSubject(
            reference=row.pk,
            capture_ref=row.tender.capture.pk,
            payable_ref=row.tender.intent.payable_ref,
            amount=Money(-row.amount_minor, row.tender.intent.currency),
        )
        for row in calls.filter(tender__provider=provider).select_related("tender__intent", "tender__capture")
    }


def _chargebacks(provider: str, lines: Sequence[SettlementLine]) -> _Subjects:
    refs = [line.provider_ref for line in lines]
    disputes = Dispute.objects.filter(provider=provider, provider_ref__in=refs).select_related("intent")
    return {
        (kind, row.provider_ref): LineSubject(
            reference=row.pk,
            capture_ref=row.capture_id,
            payable_ref=row.intent.payable_ref,
            amount=Money(sign * row.amount_minor, row.intent.currency),
        )
        for row in disputes
        for kind, sign in _OF_DISPUTES.items()
    }


def _view_call(row: ProviderCall, currency: str) -> CallView:
    return CallView(
        id=row.pk,
        tender_id=row.tender_id,
        refund_id=row.refund_id,
        operation=row.operation,
        amount=Money(row.amount_minor, currency),
        status=row.status,
        provider_ref=row.provider_ref,
        asked_count=row.asked_count,
        ask_at=row.ask_at,
        created_at=row.created_at,
    )


def _view_answer(row: ProviderAnswer) -> AnswerView:
    """The contract of an answer about one of our calls; its amount is what the provider said, whatever was asked."""
    assert row.call_ref is not None
    amount = row.statement["amount"]
    return AnswerView(
        id=row.pk,
        call_ref=row.call_ref,
        source=row.source,
        said=row.statement["said"],
        amount=Money.parse(amount["amount"], amount["currency"]),
        verdict=row.verdict,
        received_at=row.received_at,
        applied_at=row.applied_at,
    )


def _view_capture(row: Capture, currency: str) -> CaptureView:
    return CaptureView(
        id=row.pk,
        tender_id=row.tender_id,
        provider_ref=row.provider_ref,
        amount=Money(row.amount_minor, currency),
        refunded=Money(row.refunded_minor, currency),
        charged_back=Money(row.charged_back_minor, currency),
        is_late=row.is_late,
        captured_at=row.captured_at,
    )
