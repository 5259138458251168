"""Writes: the next version of a plan is drafted, looked at, and published."""

from dataclasses import asdict
from datetime import datetime

from apps.fees import models, states
from apps.fees.contracts import FeePlanDraft, FeeRule, PlanStatus
from apps.fees.drafts import check_draft, read_standard_drafts
from apps.fees.errors import FeePlanBeginsTooEarly, FeePlanInvalid, FeePlanSuperseded, UnknownFeePlan
from apps.fees.selectors import forget_plans
from tradecore import audit, db


@db.use_case
def load_standard_fee_plans(*, now: datetime) -> list[str]:
    """Publish version 1 of the plans that are shipped. Returns the codes of those that were new.

    They are where a marketplace starts from: a plan that exists is left alone, for its later versions are its owner's.
    """
    known = set(models.FeePlan.objects.values_list("code", flat=True))
    new = [draft for draft in read_standard_drafts() if draft.code not in known]
    for draft in new:
        check_draft(draft)
        row = _insert(draft, version=1)
        _publish(row, actor="system", now=now)
    return [draft.code for draft in new]


@db.use_case
def draft_plan(*, draft: FeePlanDraft, actor: str, now: datetime) -> int:
    """Write the next version of a plan, to be looked at and published. Returns its version.

    Refuses, in this order: FeePlanInvalid, UnknownCurrency.
    """
    check_draft(draft)
    latest = models.FeePlan.objects.filter(code=draft.code).order_by("-version").first()
    if latest is not None and latest.currency != draft.currency:
        raise FeePlanInvalid(reason=f"the plan is in {latest.currency}")
    row = _insert(draft, version=latest.version + 1 if latest else 1)
    audit.record(actor=actor, action="fee_plan.drafted", subject=_subject(row), after=draft, now=now)
    return row.version


@db.use_case
def publish_plan(*, code: str, version: int, actor: str, now: datetime) -> None:
    """Put a version in force from its `valid_from`. Publishing what is published changes nothing.

    Refuses, in this order: UnknownFeePlan, FeePlanSuperseded, FeePlanBeginsTooEarly (where it replaces a version, it
    begins after that one and after `now`: nobody's fees are changed for the past).
    """
    row = models.FeePlan.objects.filter(code=code, version=version).first()
    if row is None:
        raise UnknownFeePlan(plan=code[:40])
    if row.status == PlanStatus.PUBLISHED.value:
        return
    published = models.FeePlan.objects.filter(code=code, status=PlanStatus.PUBLISHED.value)
    last = published.order_by("-version").first()
    if last is not None:
        _check_follows(row, last, now)
    _publish(row, actor=actor, now=now)


def _check_follows(row: models.FeePlan, last: models.FeePlan, now: datetime) -> None:
    """Refuses, in this order: FeePlanSuperseded, FeePlanBeginsTooEarly."""
    if last.version > row.version:
        raise FeePlanSuperseded(plan=row.code, published_version=last.version)
    begins_after = max(now, last.valid_from)
    if row.valid_from <= begins_after:
        raise FeePlanBeginsTooEarly(valid_from=row.valid_from, begins_after=begins_after)


def _insert(draft: FeePlanDraft, *, version: int) -> models.FeePlan:
    row = models.FeePlan.objects.create(
        code=draft.code,
        version=version,
        status=states.PLAN.initial,
        currency=draft.currency,
        valid_from=draft.valid_from,
    )
    db.insert_later(*(_rule_row(row, rule) for rule in draft.rules))
    return row


def _rule_row(plan: models.FeePlan, rule: FeeRule) -> models.FeeRule:
    category_id = models.ALL_CATEGORIES if rule.category_id is None else rule.category_id
    return models.FeeRule(plan=plan, **asdict(rule) | {"category_id": category_id})


def _publish(row: models.FeePlan, *, actor: str, now: datetime) -> None:
    states.PLAN.check(row.status, PlanStatus.PUBLISHED)
    draft = models.FeePlan.objects.filter(pk=row.pk, status=PlanStatus.DRAFT.value)
    forget_plans()
    if draft.update(status=PlanStatus.PUBLISHED.value, published_at=now):
        audit.record(actor=actor, action="fee_plan.published", subject=_subject(row), now=now)


def _subject(row: models.FeePlan) -> str:
    return f"fee_plan:{row.code}:{row.version}"
