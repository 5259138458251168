"""The rows of after-sales. Amounts are minor units of the order's currency; quantities are units of order lines."""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.aftersales.contracts import EDITS_MAX, OFFERS_MAX, Act, Actor, CaseKind, CaseState, Default, Verdict
from apps.aftersales.reasons import BOUNDS
from apps.aftersales.states import CASE
from apps.pricing.api import RefundCause
from tradecore.ids import format_number, new_id


def _words(words: Iterable[StrEnum]) -> list[str]:
    """The words of a column."""
    return sorted(word.value for word in words)


_STATES = sorted(CaseState(state).value for state in CASE.states)
_TERMINAL = sorted(CaseState(state).value for state in CASE.terminal)
#: Where a case is neither over nor decided for the buyer: its units are spoken for.
_UNDECIDED = sorted(CaseState(state).value for state in set(CASE.states) - CASE.terminal - {CaseState.SUCCESS})


class Case(models.Model):
    """One thing that somebody asks about units of one order, after their shipment. See states.CASE and `duties.py`.

    Everything about it changes under the lock of its order. Never changed: order, initiator, `package_id` (of a parcel
    that was refused). Until it is over, `next_actor` owes `next_action` by `due_at`, or else `default_action` happens.
    `is_open` while its units are spoken for: until they gave their money back, were replaced, or the case was closed;
    meanwhile it holds the order where `holds_order`: not about a refused parcel, whose money went back before, and not
    what is decided in the transaction that opens it. `holds_stock`
    while what is to replace the goods is set aside, as the stock hold of the case. `gone_id` is what went back of the
    order, `refund_id` the money of it on its way; a case may succeed with neither, where nothing was left to give.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    order_id = models.BigIntegerField()
    purchase_id = models.BigIntegerField()
    shop_id = models.BigIntegerField()
    buyer_ref = models.BigIntegerField()
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=40)
    cause = models.CharField(max_length=30)
    initiator = models.CharField(max_length=10)
    package_id = models.BigIntegerField(null=True)

    state = models.CharField(max_length=25)
    version = models.PositiveIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    holds_order = models.BooleanField(default=True)
    next_actor = models.CharField(max_length=10, default=Actor.NOBODY.value)
    next_action = models.CharField(max_length=25, default="")
    due_at = models.DateTimeField(null=True)
    default_action = models.CharField(max_length=20, default="")

    edit_count = models.PositiveSmallIntegerField(default=0)
    offer_count = models.PositiveSmallIntegerField(default=0)
    offered_minor = models.BigIntegerField(null=True)
    agreed_minor = models.BigIntegerField(null=True)
    refund_minor = models.BigIntegerField(null=True)
    gone_id = models.BigIntegerField(null=True)
    refund_id = models.BigIntegerField(null=True)

    return_carrier = models.CharField(max_length=40, default="")
    return_tracking_number = models.CharField(max_length=60, default="")
    replacement_carrier = models.CharField(max_length=40, default="")
    replacement_tracking_number = models.CharField(max_length=60, default="")
    holds_stock = models.BooleanField(default=False)
    escalated_from = models.CharField(max_length=25, default="")
    verdict = models.CharField(max_length=15, default="")
    platform_pays = models.BooleanField(default=False)

    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "aftersales_case"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=_words(CaseKind)), name="aftersales_case_kind"),
            models.CheckConstraint(condition=Q(cause__in=_words(RefundCause)), name="aftersales_case_cause"),
            models.CheckConstraint(condition=Q(initiator__in=_words(BOUNDS)), name="aftersales_case_initiator"),
            models.CheckConstraint(condition=Q(state__in=_STATES), name="aftersales_case_state"),
            models.CheckConstraint(
                condition=Q(
                    state__in=_TERMINAL,
                    next_actor=Actor.NOBODY.value,
                    next_action="",
                    due_at__isnull=True,
                    default_action="",
                    closed_at__isnull=False,
                )
                | (
                    ~Q(state__in=_TERMINAL)
                    & Q(
                        next_actor__in=[Actor.BUYER.value, Actor.SELLER.value, Actor.PLATFORM.value],
                        next_action__in=_words(Act),
                        due_at__isnull=False,
                        default_action__in=_words(Default),
                        closed_at__isnull=True,
                    )
                ),
                name="aftersales_case_next_action",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_UNDECIDED, is_open=True)
                | Q(state__in=_TERMINAL, is_open=False)
                | Q(state=CaseState.SUCCESS.value),
                name="aftersales_case_open",
            ),
            models.CheckConstraint(
                condition=Q(holds_stock=False) | Q(is_open=True), name="aftersales_case_holds_stock"
            ),
            models.CheckConstraint(
                condition=Q(edit_count__lte=EDITS_MAX, offer_count__lte=OFFERS_MAX), name="aftersales_case_counts"
            ),
            models.CheckConstraint(
                condition=(Q(offered_minor__isnull=True) | Q(offered_minor__gt=0))
                & (Q(agreed_minor__isnull=True) | Q(offered_minor__isnull=False, agreed_minor=F("offered_minor")))
                & (Q(refund_minor__isnull=True) | Q(refund_minor__gte=0)),
                name="aftersales_case_amounts",
            ),
            models.CheckConstraint(
                condition=Q(gone_id__isnull=True, refund_minor__isnull=True, refund_id__isnull=True)
                | Q(gone_id__isnull=False, refund_minor=0, refund_id__isnull=True)
                | Q(gone_id__isnull=False, refund_minor__gt=0, refund_id__isnull=False),
                name="aftersales_case_refund",
            ),
            models.CheckConstraint(
                condition=Q(kind=CaseKind.REFUSED_PARCEL.value, package_id__isnull=False, gone_id__isnull=True)
                | (~Q(kind=CaseKind.REFUSED_PARCEL.value) & Q(package_id__isnull=True)),
                name="aftersales_case_package",
            ),
            models.CheckConstraint(condition=Q(verdict__in=["", *_words(Verdict)]), name="aftersales_case_verdict"),
            models.CheckConstraint(
                condition=Q(platform_pays=False) | Q(verdict=Verdict.SUPPORT_BUYER.value),
                name="aftersales_case_platform_pays",
            ),
            models.UniqueConstraint(fields=["package_id"], name="aftersales_case_package_once"),
            models.UniqueConstraint(fields=["refund_id"], name="aftersales_case_refund_once"),
            models.UniqueConstraint(fields=["gone_id"], name="aftersales_case_gone_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_id", "id"], name="aftersales_case_order"),
            models.Index(fields=["buyer_ref", "id"], name="aftersales_case_buyer"),
            models.Index(fields=["shop_id", "id"], name="aftersales_case_newest"),
            models.Index(fields=["shop_id", "next_actor", "id"], name="aftersales_case_shop"),
            models.Index(fields=["next_actor", "id"], name="aftersales_case_waiting"),
        ]

    def __str__(self) -> str:
        return format_number(self.pk)


class CaseLine(models.Model):
    """So many units of one order line that a case is about, and what was found of them when they came back.

    `wanted_sku_id` is the SKU that takes their place, where goods are replaced or exchanged. The lines of a case are
    replaced as a whole when its buyer edits it, and are final once it was reviewed, `good` and `damaged` apart.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="lines", db_index=False)
    line_id = models.BigIntegerField()
    sku_id = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    wanted_sku_id = models.BigIntegerField(null=True)
    good = models.PositiveIntegerField(default=0)
    damaged = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "aftersales_case_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "line_id"], name="aftersales_case_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="aftersales_case_line_quantity"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("good") + F("damaged")), name="aftersales_case_line_found"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class CaseStep(models.Model):
    """One thing that somebody did with a case, or the clock. Append-only.

    `sequence` is the version of the case after it; `actor_ref` names the person where it is somebody of the platform's.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps", db_index=False)
    sequence = models.PositiveIntegerField()
    actor = models.CharField(max_length=10)
    actor_ref = models.CharField(max_length=80, default="")
    act = models.CharField(max_length=30)
    reason = models.CharField(max_length=40, default="")
    comment = models.CharField(max_length=1000, default="")
    before = models.CharField(max_length=25, default="")
    after = models.CharField(max_length=25)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "aftersales_case_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "sequence"], name="aftersales_case_step_sequence"),
            models.CheckConstraint(condition=Q(actor__in=_words(Actor)), name="aftersales_case_step_actor"),
            models.CheckConstraint(condition=Q(after__in=_STATES), name="aftersales_case_step_after"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.actor}"


class CaseEvidence(models.Model):
    """What somebody has shown of a case: a text, and where images are. Append-only; no file is kept here."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="evidence")
    given_by = models.CharField(max_length=10)
    text = models.CharField(max_length=1000, default="")
    images = models.JSONField()
    given_at = models.DateTimeField()

    class Meta:
        db_table = "aftersales_case_evidence"
        verbose_name_plural = "case evidence"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(given_by__in=_words(Actor)), name="aftersales_case_evidence_by"),
        ]

    def __str__(self) -> str:
        return f"{len(self.images)} images by {self.given_by}"
