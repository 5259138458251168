"""The life of a promotion: drafted, published, deactivated. Its terms never change."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from apps.pricing.api import RateOff
from apps.promotions import contracts, models, states
from apps.promotions.codes import canonical_code
from apps.promotions.contracts import PromotionState, Terms
from apps.promotions.errors import CouponCodeTaken, StateNotAllowed, TitleTaken
from apps.promotions.kinds import SHAPES, to_columns
from apps.promotions.selectors import PUBLISH_UNBOUNDED, to_promotion
from apps.promotions.terms import check_terms
from tradecore import approvals, audit, db, locks
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.errors import NotFound
from tradecore.locks import Rank
from tradecore.money import Money


@db.use_case
def create_promotion(*, terms: Terms, actor: str, now: datetime) -> contracts.Promotion:
    """Draft a promotion of the shop or of the platform that the terms name. Nobody sees it before it is published.

    The caller has made sure that the actor may speak for the owner, and for the share of the platform.
    Refuses, in this order: CouponCodeInvalid, UnknownCurrency, PromotionInvalid, CouponCodeTaken, TitleTaken.
    """
    if terms.code is not None:
        terms = replace(terms, code=canonical_code(terms.code))
    check_terms(terms)
    row = _insert(terms, now=now)
    _insert_scopes(row, terms)
    audit.record(actor=actor, action="promotion.created", subject=f"promotion:{row.pk}", after=terms, now=now)
    return to_promotion(row, now=now)


@db.use_case
def publish_promotion(
    *, promotion_id: int, shop_id: int | None, actor: str, now: datetime
) -> contracts.Promotion | AwaitsApproval:
    """Let a promotion of this owner apply, from its start on. Publishing what is published changes nothing.

    A coupon, or a discount of the platform, that nothing bounds in money is not published but asked for.
    Refuses, in this order: NotFound, StateNotAllowed. Locks: the promotion.
    """
    row = _lock(promotion_id, shop_id)
    if row.state == PromotionState.DRAFT and not row.is_bounded:
        return _ask_to_publish(to_promotion(row, now=now), actor=actor, now=now)
    _change_state(row, PromotionState.PUBLISHED, actor=actor, reason="", now=now)
    return to_promotion(row, now=now)


@db.transaction_required
def carry_out_publication(approved: Approved, now: datetime) -> None:
    """The handler of approved publications.

    Refuses, in this order: NotFound, StateNotAllowed. Locks: the promotion.
    """
    shop_id = approved.content["shop_id"]
    row = _lock(int(approved.content["promotion_id"]), None if shop_id is None else int(shop_id))
    _change_state(row, PromotionState.PUBLISHED, actor=approved.approved_by, reason=approved.reason, now=now)


@db.use_case
def deactivate_promotion(
    *, promotion_id: int, shop_id: int | None, actor: str, reason: str, now: datetime
) -> contracts.Promotion:
    """Let a promotion of this owner apply no more, for good. What is held of it stays held, and may be posted.

    Refuses: NotFound. Locks: the promotion.
    """
    row = _lock(promotion_id, shop_id)
    _change_state(row, PromotionState.DEACTIVATED, actor=actor, reason=reason, now=now)
    return to_promotion(row, now=now)


def _insert(terms: Terms, *, now: datetime) -> models.Promotion:
    """Refuses, in this order: CouponCodeTaken, TitleTaken."""
    row = models.Promotion(
        kind=terms.kind,
        shop_id=terms.shop_id,
        market=terms.market,
        currency=terms.currency,
        title=terms.title,
        code=terms.code,
        min_spend_minor=terms.min_spend_minor,
        platform_share_bp=terms.platform_share_bp,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        uses_cap=terms.uses_cap,
        uses_per_buyer_cap=terms.uses_per_buyer_cap,
        budget_minor=terms.budget_minor,
        created_at=now,
        **to_columns(terms.benefit),
    )
    try:
        with db.savepoint():
            row.save(force_insert=True)
    except IntegrityError:
        in_market = models.Promotion.objects.filter(market=terms.market)
        if terms.code is not None and in_market.filter(code=terms.code).exists():
            raise CouponCodeTaken(coupon_code=terms.code) from None
        if in_market.filter(shop_id=terms.shop_id, title=terms.title).exists():
            raise TitleTaken(promotion_title=terms.title) from None
        raise
    return row


def _insert_scopes(row: models.Promotion, terms: Terms) -> None:
    models.PromotionScope.objects.bulk_create(
        models.PromotionScope(
            promotion=row,
            market=terms.market,
            owner_key=terms.shop_id or 0,
            needs_code=SHAPES[terms.kind].has_code,
            target_kind=target.kind,
            target_id=target.id,
        )
        for target in terms.targets
    )


def _lock(promotion_id: int, shop_id: int | None) -> models.Promotion:
    """Refuses: NotFound."""
    row = locks.lock_row(Rank.PROMOTION, models.Promotion, promotion_id)
    if row is None or row.shop_id != shop_id:
        raise NotFound(what="promotion")
    return row


def _ask_to_publish(drafted: contracts.Promotion, *, actor: str, now: datetime) -> AwaitsApproval:
    return approvals.request_once(
        kind=PUBLISH_UNBOUNDED,
        subject=f"promotion:{drafted.id}",
        content=_describe(drafted),
        actor=actor,
        reason="neither a cap nor a budget bounds what it gives",
        now=now,
    )


def _describe(drafted: contracts.Promotion) -> dict[str, Any]:
    """What the second person reads. The terms of a promotion never change."""
    terms = drafted.terms
    assert isinstance(terms.benefit, RateOff), "any other benefit is bounded"
    return {
        "promotion_id": drafted.id,
        "shop_id": terms.shop_id,
        "market": terms.market,
        "kind": terms.kind,
        "title": terms.title,
        "code": terms.code,
        "rate_off": _percent(terms.benefit.rate_bp),
        "funded_by_the_platform": _percent(terms.platform_share_bp),
        "targets": [f"{target.kind} {target.id or ''}".rstrip() for target in terms.targets],
        "min_spend": Money(terms.min_spend_minor, terms.currency),
        "uses_cap": terms.uses_cap,
        "uses_per_buyer_cap": terms.uses_per_buyer_cap,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
    }


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g} %"


def _change_state(row: models.Promotion, state: PromotionState, *, actor: str, reason: str, now: datetime) -> None:
    """The one function that changes the state of a promotion, which is locked. Refuses: StateNotAllowed."""
    before = row.state
    if before == state:
        return
    if not states.PROMOTION.allows(before, state):
        raise StateNotAllowed(state=before, wanted=state)
    models.Promotion.objects.filter(pk=row.pk, state=before).update(state=state)
    row.state = state
    audit.record(
        actor=actor,
        action=f"promotion.{state.lower()}",
        subject=f"promotion:{row.pk}",
        reason=reason,
        before={"state": before},
        after={"state": state},
        now=now,
    )
