"""Reads: the version of a plan that is in force."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from apps.fees import models
from apps.fees.contracts import FeeBasis, FeePlan, FeeRefundPolicy, FeeRule, PlanStatus, PlanVersion
from apps.fees.errors import UnknownFeePlan
from tradecore.memo import Memo

REMEMBERED_S = 5

_published: Memo[str, tuple[FeePlan, ...]] = Memo(ttl_s=REMEMBERED_S)


def get_plan(code: str, *, now: datetime) -> FeePlan:
    """The version in force at `now`. Refuses: UnknownFeePlan."""
    plans = list_plans([code], now=now)
    if code not in plans:
        raise UnknownFeePlan(plan=code[:40])
    return plans[code]


def get_version(code: str, version: int) -> FeePlan:
    """One version of a plan, in force or not. Refuses: UnknownFeePlan."""
    plan = models.FeePlan.objects.filter(code=code, version=version).prefetch_related("rules").first()
    if plan is None:
        raise UnknownFeePlan(plan=code[:40])
    return _plan_of(plan, plan.rules.all())


def list_versions(*, limit: int) -> list[PlanVersion]:
    """Versions of plans, whatever their status: the newest ones, by code, of each the latest first."""
    rows = models.FeePlan.objects.order_by("-id")[:limit]
    versions = [
        PlanVersion(
            code=row.code,
            version=row.version,
            market=row.market,
            currency=row.currency,
            status=PlanStatus(row.status),
        )
        for row in rows
    ]
    return sorted(versions, key=lambda each: (each.code, -each.version))


def list_plans(codes: Iterable[str], *, now: datetime) -> dict[str, FeePlan]:
    """Code -> the version in force at `now`, for those of the codes that have one.

    One statement for all of them, or none: published versions are remembered (see Note [Remembered masters]).
    """
    published = _published.get_many(codes, _load_published)
    in_force = {code: [plan for plan in plans if plan.valid_from <= now] for code, plans in published.items()}
    return {code: plans[-1] for code, plans in in_force.items() if plans}


def forget_plans() -> None:
    """Ask anew for every plan: one was published here."""
    _published.forget_all()


def _load_published(codes: Collection[str]) -> dict[str, tuple[FeePlan, ...]]:
    """All published versions of the plans, oldest first."""
    rows = models.FeeRule.objects.filter(plan__code__in=codes, plan__status=PlanStatus.PUBLISHED.value)
    rules: dict[models.FeePlan, list[models.FeeRule]] = defaultdict(list)
    for row in rows.select_related("plan"):
        rules[row.plan].append(row)
    plans: dict[str, list[FeePlan]] = defaultdict(list)
    for plan in sorted(rules, key=lambda plan: plan.version):
        plans[plan.code].append(_plan_of(plan, rules[plan]))
    return {code: tuple(versions) for code, versions in plans.items()}


def rule_of(row: models.FeeRule) -> FeeRule:
    """The contract of a stored rule."""
    return FeeRule(
        kind=row.kind,
        category_id=None if row.category_id == models.ALL_CATEGORIES else row.category_id,
        basis=FeeBasis(row.basis),
        rate_bp=row.rate_bp,
        fixed_minor=row.fixed_minor,
        cap_minor=row.cap_minor,
        tax_rate_e5=row.tax_rate_e5,
        refund_policy=FeeRefundPolicy(row.refund_policy),
        admin_bp=row.admin_bp,
    )


def _plan_of(plan: models.FeePlan, rules: Iterable[models.FeeRule]) -> FeePlan:
    in_order = sorted(rules, key=lambda rule: (rule.kind, rule.category_id))
    return FeePlan(
        code=plan.code,
        version=plan.version,
        market=plan.market,
        currency=plan.currency,
        valid_from=plan.valid_from,
        settle_after_s=plan.settle_after_s,
        reserve_bp=plan.reserve_bp,
        reserve_s=plan.reserve_s,
        rules=tuple(rule_of(rule) for rule in in_order),
    )
