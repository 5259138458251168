"""The rows of fees."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from apps.fees.contracts import FeeBasis, FeeRefundPolicy, PlanStatus
from tradecore.ids import new_id

ALL_CATEGORIES: Final = 0
"""`category_id` of a rule for all goods: a number, because a unique key takes every NULL for another value."""

WAIT_S_MAX: Final = 366 * 24 * 3600
"""Nobody waits longer than a year for their money, nor for their reserve."""

# Plain texts, so that old migrations stand without the enums of today.
_BASES: Final = [basis.value for basis in FeeBasis]
_REFUND_POLICIES: Final = [policy.value for policy in FeeRefundPolicy]
_STATUSES: Final = [status.value for status in PlanStatus]


class FeePlan(models.Model):
    """One version of a plan. See states.PLAN.

    Neither its terms nor its rules ever change: a draft that is not liked is followed by another one. A published
    version is in force from `valid_from` until a later one that is published begins.

    `approval_id` is the latest request to publish it. It is in review until that is decided, at the latest until
    `review_ends_at`: what nobody has decided by then waits to be asked for again.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=[(status, status) for status in _STATUSES])
    market = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    valid_from = models.DateTimeField()
    settle_after_s = models.PositiveIntegerField()
    reserve_bp = models.PositiveIntegerField(default=0)
    reserve_s = models.PositiveIntegerField(default=0)
    approval_id = models.BigIntegerField(null=True, blank=True)
    review_ends_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "fees_plan"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="fees_plan_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="fees_plan_version_counts"),
            models.CheckConstraint(
                condition=Q(status="draft", approval_id__isnull=True, published_at__isnull=True)
                | Q(status__in=["in_review", "rejected"], approval_id__isnull=False, published_at__isnull=True)
                | Q(status="published", published_at__isnull=False),
                name="fees_plan_published",
            ),
            models.CheckConstraint(
                condition=Q(approval_id__isnull=True, review_ends_at__isnull=True)
                | Q(approval_id__isnull=False, review_ends_at__isnull=False),
                name="fees_plan_review",
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(version=1) | Q(approval_id__isnull=False),
                name="fees_plan_four_eyes",
            ),
            models.CheckConstraint(condition=Q(settle_after_s__lte=WAIT_S_MAX), name="fees_plan_settles"),
            models.CheckConstraint(
                condition=Q(reserve_bp=0, reserve_s=0)
                | Q(reserve_bp__gte=1, reserve_bp__lte=10_000, reserve_s__gte=1, reserve_s__lte=WAIT_S_MAX),
                name="fees_plan_reserve",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} version {self.version}"


class FeeRule(models.Model):
    """One fee of one version of a plan, for all goods or for those of one category. Fixed with its version."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="rules", db_index=False)
    kind = models.CharField(max_length=40)
    category_id = models.BigIntegerField(default=ALL_CATEGORIES)
    basis = models.CharField(max_length=40, choices=[(basis, basis) for basis in _BASES])
    rate_bp = models.PositiveIntegerField()
    fixed_minor = models.BigIntegerField(default=0)
    cap_minor = models.BigIntegerField(null=True, blank=True)
    tax_rate_e5 = models.PositiveIntegerField(default=0)
    refund_policy = models.CharField(max_length=24, choices=[(policy, policy) for policy in _REFUND_POLICIES])
    admin_bp = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "fees_rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "kind", "category_id"], name="fees_rule_once"),
            models.CheckConstraint(condition=Q(basis__in=_BASES), name="fees_rule_basis"),
            models.CheckConstraint(condition=Q(rate_bp__lte=10_000), name="fees_rule_rate"),
            models.CheckConstraint(condition=Q(fixed_minor__gte=0), name="fees_rule_fixed"),
            models.CheckConstraint(condition=Q(cap_minor__isnull=True) | Q(cap_minor__gte=0), name="fees_rule_cap"),
            models.CheckConstraint(condition=Q(tax_rate_e5__lte=100_000), name="fees_rule_tax_rate"),
            models.CheckConstraint(
                condition=Q(refund_policy="PRO_RATA_MINUS_ADMIN", admin_bp__gte=1, admin_bp__lte=10_000)
                | Q(refund_policy__in=["KEEP", "PRO_RATA"], admin_bp=0),
                name="fees_rule_admin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}: {self.kind}"
