"""Writes: the next version of a plan is drafted by one person, and published by two. See Note [Approvals] in tradecore.

A version is put in force without a second person only where it is the first of its plan, by one of two doors:
`load_standard_fee_plans` and `publish_first_version`.
"""

from dataclasses import asdict
from datetime import datetime

from apps.fees import models, states
from apps.fees.contracts import FeePlanDraft, FeeRule, PlanStatus
from apps.fees.drafts import check_draft, read_standard_drafts
from apps.fees.errors import (
    FeePlanBeginsTooEarly,
    FeePlanExists,
    FeePlanInReview,
    FeePlanInvalid,
    FeePlanSuperseded,
    UnknownFeePlan,
)
from apps.fees.selectors import forget_plans, get_version
from tradecore import approvals, audit, db, wire
from tradecore.approvals import Approved, ContentChanged, Rejected

#: The kind of approval that publishes a version.
PUBLICATION = "fees.publication"


@db.use_case
def load_standard_fee_plans(*, now: datetime) -> list[str]:
    """Publish version 1 of the plans that are shipped. Returns the codes of those that were new.

    They are where a marketplace starts from: a plan that exists is left alone, for its later versions are its owner's.
    """
    known = set(models.FeePlan.objects.values_list("code", flat=True))
    new = [draft for draft in read_standard_drafts() if draft.code not in known]
    for draft in new:
        _publish_first(draft, actor="system", now=now)
    return [draft.code for draft in new]


@db.use_case
def publish_first_version(*, draft: FeePlanDraft, actor: str, now: datetime) -> None:
    """Publish version 1 of a plan that there is not yet: what a new marketplace starts from beside what is shipped.

    Refuses, in this order: FeePlanInvalid, UnknownCurrency, FeePlanExists.
    """
    _publish_first(draft, actor=actor, now=now)


@db.use_case
def draft_plan(*, draft: FeePlanDraft, actor: str, now: datetime) -> int:
    """Write the next version of a plan, to be looked at and published. Returns its version.

    Refuses, in this order: FeePlanInvalid, UnknownCurrency, FeePlanInvalid again for another currency or market than
    the plan had.
    """
    check_draft(draft)
    latest = models.FeePlan.objects.filter(code=draft.code).order_by("-version").first()
    if latest is not None and latest.currency != draft.currency:
        raise FeePlanInvalid(reason=f"the plan is in {latest.currency}")
    if latest is not None and latest.market != draft.market:
        raise FeePlanInvalid(reason=f"the plan is of the market {latest.market}")
    row = _insert(draft, version=latest.version + 1 if latest else 1)
    audit.record(actor=actor, action="fee_plan.drafted", subject=_subject(row), after=draft, now=now)
    return row.version


@db.use_case
def request_publication(*, code: str, version: int, actor: str, reason: str, now: datetime) -> int:
    """Ask a second person to put a version in force from its `valid_from`. Returns the id of the request.

    What was rejected, or not decided in time, may be asked for again.
    Refuses, in this order: UnknownFeePlan, FeePlanSuperseded, FeePlanBeginsTooEarly (where it replaces a version, it
    begins after that one and after `now`: nobody's fees are changed for the past), FeePlanInReview.
    """
    row = _find(code, version)
    _check_follows(row, now=now)
    if row.status == PlanStatus.IN_REVIEW.value and row.review_ends_at is not None and now < row.review_ends_at:
        raise FeePlanInReview(plan=row.code, version=row.version)
    approval_id = approvals.request_approval(
        kind=PUBLICATION,
        subject=_subject(row),
        content=wire.to_json(get_version(code, version)),
        actor=actor,
        reason=reason,
        now=now,
    )
    if not _move(row, PlanStatus.IN_REVIEW, approval_id=approval_id, review_ends_at=now + approvals.LIFETIME):
        raise FeePlanInReview(plan=row.code, version=row.version)
    return approval_id


@db.transaction_required
def carry_out_publication(approved: Approved, now: datetime) -> None:
    """The handler of approved publications.

    Refuses, in this order: UnknownFeePlan, ContentChanged (the version is not what was read), FeePlanSuperseded,
    FeePlanBeginsTooEarly.
    """
    row = _find(approved.content["code"], approved.content["version"])
    if wire.to_json(get_version(row.code, row.version)) != approved.content:
        raise ContentChanged
    _check_follows(row, now=now)
    assert row.approval_id == approved.approval_id, f"{row} was asked for anew while a request was pending"
    _publish(row, now=now)
    audit.record(
        actor=approved.approved_by, action="fee_plan.published", subject=_subject(row), reason=approved.reason, now=now
    )


@db.transaction_required
def note_rejection(rejected: Rejected, _now: datetime) -> None:
    """The handler of rejected publications: the version is not in review any more. Refuses: UnknownFeePlan."""
    row = _find(rejected.content["code"], rejected.content["version"])
    assert row.approval_id == rejected.approval_id, f"{row} was asked for anew while a request was pending"
    moved = _move(row, PlanStatus.REJECTED)
    assert moved, f"{row} was decided under the lock of its request"


def _find(code: str, version: int) -> models.FeePlan:
    row = models.FeePlan.objects.filter(code=code, version=version).first()
    if row is None:
        raise UnknownFeePlan(plan=code[:40])
    return row


def _check_follows(row: models.FeePlan, *, now: datetime) -> None:
    """Refuses, in this order: FeePlanSuperseded, FeePlanBeginsTooEarly."""
    published = models.FeePlan.objects.filter(code=row.code, status=PlanStatus.PUBLISHED.value)
    last = published.order_by("-version").first()
    if last is None:
        return
    if last.version >= row.version:
        raise FeePlanSuperseded(plan=row.code, published_version=last.version)
    begins_after = max(now, last.valid_from)
    if row.valid_from <= begins_after:
        raise FeePlanBeginsTooEarly(valid_from=row.valid_from, begins_after=begins_after)


def _publish_first(draft: FeePlanDraft, *, actor: str, now: datetime) -> None:
    """Refuses, in this order: FeePlanInvalid, UnknownCurrency, FeePlanExists."""
    check_draft(draft)
    if models.FeePlan.objects.filter(code=draft.code).exists():
        raise FeePlanExists(plan=draft.code)
    row = _insert(draft, version=1)
    _publish(row, now=now)
    audit.record(actor=actor, action="fee_plan.published", subject=_subject(row), after=draft, now=now)


def _insert(draft: FeePlanDraft, *, version: int) -> models.FeePlan:
    row = models.FeePlan.objects.create(
        code=draft.code,
        version=version,
        status=states.PLAN.initial,
        market=draft.market,
        currency=draft.currency,
        valid_from=draft.valid_from,
        settle_after_s=draft.settle_after_s,
        reserve_bp=draft.reserve_bp,
        reserve_s=draft.reserve_s,
    )
    db.insert_later(*(_rule_row(row, rule) for rule in draft.rules))
    return row


def _rule_row(plan: models.FeePlan, rule: FeeRule) -> models.FeeRule:
    category_id = models.ALL_CATEGORIES if rule.category_id is None else rule.category_id
    return models.FeeRule(plan=plan, **asdict(rule) | {"category_id": category_id})


def _publish(row: models.FeePlan, *, now: datetime) -> None:
    forget_plans()
    moved = _move(row, PlanStatus.PUBLISHED, published_at=now)
    assert moved, f"{row} was published by somebody else at the same time"


def _move(row: models.FeePlan, status: PlanStatus, **columns: object) -> bool:
    """Change its status, unless it is no longer as it was read. What is asked for again stays in review."""
    if row.status != status.value:
        states.PLAN.check(row.status, status)
    as_read = models.FeePlan.objects.filter(pk=row.pk, status=row.status, approval_id=row.approval_id)
    return bool(as_read.update(status=status.value, **columns))


def _subject(row: models.FeePlan) -> str:
    return f"fee_plan:{row.code}:{row.version}"
