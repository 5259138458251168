"""Money on its way back.

# Note [Waterfall]
A refund goes back through the tenders that paid, in the order in which they were given: the first tender takes back all
that it brought before the second takes any. Each part is one call to the provider that captured it.
"""

from datetime import datetime

from django.db.models import F

from apps.payments.errors import RefundExceedsCapture
from apps.payments.events import RefundOpened
from apps.payments.models import Capture, CaptureShare, PaymentIntent, Refund
from apps.payments.provider import Operation
from apps.payments.services import calls, rows
from tradecore import db
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


def return_captures(intent: PaymentIntent, *, now: datetime) -> None:
    """Send back whatever a closed intent has captured: it was never paid in full. The caller stores the intent."""
    for capture in Capture.objects.filter(tender__intent=intent, refunded_minor=0).select_related("tender"):
        return_capture(intent, capture, reason=NOT_PAID_IN_FULL, now=now)


def return_capture(intent: PaymentIntent, capture: Capture, *, reason: str, now: datetime) -> None:
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


def _take_from_share(order_ref: int, amount: Money) -> None:
    share = CaptureShare.objects.filter(order_ref=order_ref)
    taken = share.filter(refunded_minor__lte=F("amount_minor") - amount.minor)
    if not taken.update(refunded_minor=F("refunded_minor") + amount.minor):
        left = share.values_list(F("amount_minor") - F("refunded_minor"), flat=True).first()
        raise RefundExceedsCapture(refundable=Money(left or 0, amount.currency), asked=amount)


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
        part = min(left, capture.amount_minor - capture.refunded_minor)
        if part == 0:
            continue
        Capture.objects.filter(pk=capture.pk).update(refunded_minor=F("refunded_minor") + part)
        db.insert_later(calls.make_call(capture.tender, Operation.REFUND, now=now, refund=refund, amount_minor=part))
        left -= part
    assert left == 0, "the shares of a payment never exceed its captures"
