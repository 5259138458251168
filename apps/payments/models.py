"""The rows of payments. Amounts are minor units of the intent's currency."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.payments.states import CALL, DISPUTE, INTENT, REFUND, TENDER
from tradecore.ids import new_id


class PaymentIntent(models.Model):
    """What one payable asks its buyer for.

    OPEN while money may be asked for; PAID once captures cover the amount; CLOSED when nothing may be asked for any
    more. Never changed: payable, amount, currency. `captured_minor` counts what its captures brought, late money
    included; `refunded_minor` what refunds took or are about to take; `charged_back_minor` what chargebacks took of the
    rest, and have not given back.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    payable_ref = models.BigIntegerField()
    buyer_ref = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    charged_back_minor = models.BigIntegerField(default=0)
    status = models.CharField(max_length=8, default="OPEN")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_intent"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payable_ref"], name="payments_intent_payable"),
            models.CheckConstraint(condition=Q(status__in=INTENT.states), name="payments_intent_status"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="payments_intent_amount"),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__gte=0,
                    charged_back_minor__gte=0,
                    captured_minor__gte=F("refunded_minor") + F("charged_back_minor"),
                ),
                name="payments_intent_refunded",
            ),
        ]

    #: How the row was found, which is compared when it is changed.
    status_found: str
    version_found: int

    def note_found(self) -> None:
        """Say that the row in the database is like this one, or will be."""
        self.status_found, self.version_found = self.status, self.version

    def __str__(self) -> str:
        return f"payment {self.pk}"


class Tender(models.Model):
    """One way in which a part of an intent is paid: a card, a voucher, a bank slip. See states.TENDER.

    Never changed: method, provider, token, amount, instalments. A tender that failed is replaced, not revived.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="tenders")
    position = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=20)
    provider = models.CharField(max_length=30)
    method_token = models.CharField(max_length=100)
    instalments = models.PositiveSmallIntegerField(default=1)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=16, default="CREATED")
    decline_code = models.CharField(max_length=40, default="")
    next_action = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "payments_tender"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["intent", "position"], name="payments_tender_position"),
            models.CheckConstraint(condition=Q(status__in=TENDER.states), name="payments_tender_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_tender_amount"),
            models.CheckConstraint(condition=Q(instalments__gte=1), name="payments_tender_instalments"),
        ]
        indexes: ClassVar = [models.Index(fields=["status"], name="payments_tender_status")]

    def __str__(self) -> str:
        return f"{self.method} {self.pk}"


class Refund(models.Model):
    """Money of one intent on its way back to its buyer. See states.REFUND.

    `client_ref` names the act that asked for it, so that the act refunds once. Without an `order_ref` it is money that
    no order may keep: late, or paid twice.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="refunds")
    order_ref = models.BigIntegerField(null=True)
    client_ref = models.CharField(max_length=60)
    reason = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=10, default="REQUESTED")
    created_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_refund"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_ref"], name="payments_refund_once"),
            models.CheckConstraint(condition=Q(status__in=REFUND.states), name="payments_refund_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_refund_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_ref"], name="payments_refund_order"),
            models.Index(fields=["status"], name="payments_refund_status"),
        ]

    def __str__(self) -> str:
        return f"refund {self.pk}"


class ProviderCall(models.Model):
    """One thing asked of a provider, written before it is asked. Its id is our reference and the provider's key.

    CREATED until it is sent; PENDING when the provider knows it and has not ended it; UNKNOWN when no answer came.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="calls")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="calls", null=True)
    dispute = models.ForeignKey("Dispute", on_delete=models.PROTECT, related_name="calls", null=True)
    operation = models.CharField(max_length=10)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=10, default="CREATED")
    provider_ref = models.CharField(max_length=100, default="")
    ask_at = models.DateTimeField(null=True)
    asked_count = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "payments_call"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=CALL.states), name="payments_call_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_call_amount"),
            models.CheckConstraint(
                condition=Q(operation="refund", refund__isnull=False)
                | (Q(refund__isnull=True) & ~Q(operation="refund")),
                name="payments_call_refund",
            ),
            models.CheckConstraint(
                condition=Q(operation__in=["contest", "accept"], dispute__isnull=False)
                | (Q(dispute__isnull=True) & ~Q(operation__in=["contest", "accept"])),
                name="payments_call_dispute",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ask_at"], name="payments_call_ask"),
            models.Index(fields=["provider_ref"], name="payments_call_provider_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.pk}"


class Capture(models.Model):
    """Money that a provider took for us: a fact, whatever its intent's state.

    Never changed but `refunded_minor` and `charged_back_minor`: what of it went back, and what chargebacks took of the
    rest.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    tender = models.OneToOneField(Tender, on_delete=models.PROTECT, related_name="capture")
    provider = models.CharField(max_length=30)
    provider_ref = models.CharField(max_length=100)
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    charged_back_minor = models.BigIntegerField(default=0)
    is_late = models.BooleanField(default=False)
    captured_at = models.DateTimeField()

    class Meta:
        db_table = "payments_capture"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payments_capture_provider_ref"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_capture_amount"),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__gte=0,
                    charged_back_minor__gte=0,
                    amount_minor__gte=F("refunded_minor") + F("charged_back_minor"),
                ),
                name="payments_capture_refunded",
            ),
        ]

    def __str__(self) -> str:
        return f"capture {self.provider_ref}"


class CaptureShare(models.Model):
    """What one order has of the captures of its intent, how much of it went back, and how much was charged back.

    Written once it is paid.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="shares")
    order_ref = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    charged_back_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "payments_capture_share"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_ref"], name="payments_capture_share_order"),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__gte=0,
                    charged_back_minor__gte=0,
                    amount_minor__gte=F("refunded_minor") + F("charged_back_minor"),
                ),
                name="payments_capture_share_refunded",
            ),
        ]


class Dispute(models.Model):
    """A chargeback: a buyer's bank has taken money of one capture back, through the provider. See states.DISPUTE.

    The provider has the money from the moment at which it is OPEN until it is WON. Never changed: what it is about, its
    amount, `uncovered_minor` (what was more than orders had left of the capture: nobody's sale, and ours to lose),
    reason and deadline. `evidence` is what we answered, in texts by name; it may be answered again only where the
    provider has not taken it.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="disputes")
    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=30)
    provider_ref = models.CharField(max_length=100)
    reason_code = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    uncovered_minor = models.BigIntegerField(default=0)
    evidence_by = models.DateTimeField()
    evidence = models.JSONField(null=True)
    status = models.CharField(max_length=13, default="OPEN")
    version = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_dispute"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payments_dispute_provider_ref"),
            models.CheckConstraint(condition=Q(status__in=DISPUTE.states), name="payments_dispute_status"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, uncovered_minor__gte=0, uncovered_minor__lte=F("amount_minor")),
                name="payments_dispute_amount",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(DISPUTE.terminal), closed_at__isnull=False)
                | (Q(closed_at__isnull=True) & ~Q(status__in=sorted(DISPUTE.terminal))),
                name="payments_dispute_closed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "evidence_by"], name="payments_dispute_status")]

    def __str__(self) -> str:
        return f"dispute {self.provider_ref}"


class DisputeShare(models.Model):
    """What a dispute took of the share of one order. Never changed; a dispute that is won gives it back."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="shares")
    order_ref = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "payments_dispute_share"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dispute", "order_ref"], name="payments_dispute_share_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_dispute_share_amount"),
        ]
        indexes: ClassVar = [models.Index(fields=["order_ref"], name="payments_dispute_share_order")]

    def __str__(self) -> str:
        return f"{self.amount_minor} of order {self.order_ref}"


class ProviderAnswer(models.Model):
    """One thing that a provider said, as a reply, a webhook or an answer to our question. The statement never changes.

    It waits (`applied_at` empty) until a flow has applied it; `verdict` says what came of it. `attempts` counts how
    often that failed; after too many it is parked until somebody revives it.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=30)
    source = models.CharField(max_length=8)
    event_id = models.CharField(max_length=100, null=True)  # noqa: DJ001 - NULL is free of the unique constraint
    call_ref = models.BigIntegerField(null=True)
    statement = models.JSONField()
    received_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=30, default="")
    last_error = models.CharField(max_length=500, default="")

    class Meta:
        db_table = "payments_answer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payments_answer_event"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["applied_at", "claimed_until"], name="payments_answer_due"),
            models.Index(fields=["call_ref"], name="payments_answer_call"),
        ]

    def __str__(self) -> str:
        return f"{self.source} about {self.call_ref}"


class PaymentTransition(models.Model):
    """One change of state of an intent, tender, call, refund or dispute. Append-only."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    intent_id = models.BigIntegerField()
    subject = models.CharField(max_length=8)
    subject_id = models.BigIntegerField()
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "payments_transition"
        indexes: ClassVar = [models.Index(fields=["intent_id", "id"], name="payments_transition_intent")]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}: {self.after}"
