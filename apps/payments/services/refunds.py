"""Money on its way back.

# Note [Waterfall]
A refund goes back through the tenders that paid, in the order in which they were given: the first tender takes back all
that it brought before the second takes any. Each part is one call to the provider that captured it.

# Note [Paid by the bank]
A chargeback may take the money of a refund that is on its way: it is more than orders have left, and `uncovered`. The
provider then refuses the refund, and may: once the chargeback is lost, the buyer has that money from their bank. So a
failed refund is over where lost chargebacks of the same captures took as much beyond what orders had left, each part of
that for one refund only. What providers have sent of a refund is told by its calls; the rest of one that has succeeded
was paid so.
"""

from collections import Counter
from datetime import datetime

from django.db.models import F, Sum

from apps.payments.contracts import CoveredRefund, MoneyFact, MoneyMoved
from apps.payments.errors import RefundExceedsCapture, RefundNotFailed
from apps.payments.events import RefundOpened, RefundSucceeded
from apps.payments.models import Capture, CaptureShare, PaymentIntent, Refund
from apps.payments.provider import Operation
from apps.payments.services import calls, rows
from tradecore import audit, db
from tradecore.errors import NotFound
from tradecore.money import Money

LATE = "late"
NOT_PAID_IN_FULL = "not_paid_in_full"


@db.transaction_required
def open_refund(*, payable_ref: int, order_ref: int, amount: Money, reason: str, client_ref: str, now: datetime) -> int:
    """Send back part of what an order has of its payment, once per `client_ref`. Returns the refund's id.

    Takes the lock of the payment. Refuses: RefundExceedsCapture.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    existing = Refund.objects.filter(client_ref=client_ref).first()
    if existing is not None:
        return existing.pk
    _take_from_share(order_ref, amount)
    refund = _open(
        intent, order_ref=order_ref, amount_minor=amount.minor, reason=reason, client_ref=client_ref, now=now
    )
    captures = Capture.objects.filter(tender__intent=intent, is_late=False).select_related("tender")
    _take_from_captures(refund, list(captures.order_by("tender__position")), now=now)
    rows.store(intent)
    return refund.pk


@db.use_case
def retry_refund(*, refund_id: int, actor: str, reason: str, now: datetime) -> None:
    """Ask the provider again, under new references, for what it refused of a failed refund.

    Refuses, in this order: NotFound, RefundNotFailed. Locks: the payment.
    """
    refund = Refund.objects.select_related("intent").filter(pk=refund_id).first()
    if refund is None:
        raise NotFound(what="refund")
    intent = rows.lock_intent(payable_ref=refund.intent.payable_ref)
    refund.refresh_from_db()
    if refund.status != "FAILED":
        raise RefundNotFailed(refund_status=refund.status)
    rows.move(refund, "REQUESTED", intent=intent, now=now)
    asked_for = refund.calls.exclude(status="REFUSED").aggregate(total=Sum("amount_minor"))["total"] or 0
    left = refund.amount_minor - asked_for
    # The latest refusals first: of a part that was refused several times only the last stands for it.
    for call in refund.calls.filter(status="REFUSED").select_related("tender").order_by("-id"):
        if left == 0:
            break
        left -= call.amount_minor
        again = calls.make_call(call.tender, Operation.REFUND, now=now, refund=refund, amount_minor=call.amount_minor)
        db.insert_later(again)
    audit.record(actor=actor, action="refund.retried", subject=f"refund:{refund.pk}", reason=reason, now=now)


@db.transaction_required
def cover_refunds(*, payable_ref: int, now: datetime) -> list[CoveredRefund]:
    """End the failed refunds of a payment that lost chargebacks have paid, by Note [Paid by the bank].

    Again is nothing. The caller posts what is covered. Takes the lock of the payment.
    """
    intent = rows.lock_intent(payable_ref=payable_ref)
    taken = _taken_beyond_orders(intent)
    covered = []
    for refund in intent.refunds.filter(status="FAILED").order_by("id"):
        unsent = _unsent_by_tender(refund)
        if refund.calls.filter(status__in=calls.OPEN_CALLS).exists() or not unsent <= taken:
            continue
        taken -= unsent
        rows.move(refund, "SUCCEEDED", intent=intent, now=now, succeeded_at=now)
        whole = Money(refund.amount_minor, intent.currency)
        event = RefundSucceeded(intent.pk, payable_ref, refund.pk, refund.order_ref, whole)
        rows.publish(intent, event, now=now)
        amount = Money(unsent.total(), intent.currency)
        covered.append(CoveredRefund(refund_id=refund.pk, order_ref=refund.order_ref, amount=amount))
    rows.store(intent)
    return covered


def return_captures(intent: PaymentIntent, *, now: datetime) -> list[MoneyFact]:
    """Send back whatever a closed intent has captured: it was never paid in full. The caller stores the intent."""
    captures = Capture.objects.filter(tender__intent=intent, refunded_minor=0).select_related("tender__intent")
    return [return_capture(intent, capture, reason=NOT_PAID_IN_FULL, now=now) for capture in captures]


def return_capture(intent: PaymentIntent, capture: Capture, *, reason: str, now: datetime) -> MoneyFact:
    """Send one capture back whole: no order may keep it. Once; the caller stores the intent."""
    refund = _open(
        intent,
        order_ref=None,
        amount_minor=capture.amount_minor,
        reason=reason,
        client_ref=f"capture:{capture.pk}",
        now=now,
    )
    _take_from_captures(refund, [capture], now=now)
    return rows.fact(MoneyMoved.RETURN_OPENED, refund.pk, capture.tender, refund.amount_minor, refund_ref=refund.pk)


def _take_from_share(order_ref: int, amount: Money) -> None:
    share = CaptureShare.objects.filter(order_ref=order_ref)
    left_minor = F("amount_minor") - F("refunded_minor") - F("charged_back_minor")
    taken = share.filter(amount_minor__gte=F("refunded_minor") + F("charged_back_minor") + amount.minor)
    if not taken.update(refunded_minor=F("refunded_minor") + amount.minor):
        left = share.values_list(left_minor, flat=True).first()
        raise RefundExceedsCapture(refundable=Money(left or 0, amount.currency), asked=amount)


def _taken_beyond_orders(intent: PaymentIntent) -> Counter[int]:
    """By tender: what lost chargebacks took beyond what orders had left, and has paid no refund, in minor units."""
    taken: Counter[int] = Counter()
    for tender_id, minor in intent.disputes.filter(status="LOST").values_list("capture__tender", "uncovered_minor"):
        taken[tender_id] += minor
    if taken:
        for refund in intent.refunds.filter(status="SUCCEEDED"):
            taken -= _unsent_by_tender(refund)
    return taken


def _unsent_by_tender(refund: Refund) -> Counter[int]:
    """By tender: the part of a refund that its provider has not sent, however often it was asked to, in minor units."""
    asked = refund.calls.values_list("tender_id", "status", "amount_minor")
    sent = {tender_id for tender_id, status, _ in asked if status == "SUCCEEDED"}
    return Counter({tender_id: minor for tender_id, _, minor in asked if tender_id not in sent})


def _open(
    intent: PaymentIntent, *, order_ref: int | None, amount_minor: int, reason: str, client_ref: str, now: datetime
) -> Refund:
    refund = Refund.objects.create(
        intent=intent,
        order_ref=order_ref,
        client_ref=client_ref,
        reason=reason,
        amount_minor=amount_minor,
        created_at=now,
    )
    intent.refunded_minor += amount_minor
    event = RefundOpened(
        payment_id=intent.pk,
        payable_ref=intent.payable_ref,
        refund_id=refund.pk,
        order_ref=order_ref,
        amount=Money(amount_minor, intent.currency),
        reason=reason,
    )
    rows.publish(intent, event, now=now)
    return refund


def _take_from_captures(refund: Refund, captures: list[Capture], *, now: datetime) -> None:
    """Spread the refund by Note [Waterfall]."""
    left = refund.amount_minor
    for capture in captures:
        part = min(left, capture.amount_minor - capture.refunded_minor - capture.charged_back_minor)
        if part == 0:
            continue
        takes = Capture.objects.filter(
            pk=capture.pk, amount_minor__gte=F("refunded_minor") + F("charged_back_minor") + part
        )
        taken = takes.update(refunded_minor=F("refunded_minor") + part)
        assert taken == 1, "the payment is locked"
        db.insert_later(calls.make_call(capture.tender, Operation.REFUND, now=now, refund=refund, amount_minor=part))
        left -= part
    assert left == 0, "the shares of a payment never exceed its captures"
