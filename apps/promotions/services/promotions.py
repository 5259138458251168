"""The life of a promotion: drafted, published, deactivated. Its terms never change."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError

from apps.promotions import contracts, models, states
from apps.promotions.codes import canonical_code
from apps.promotions.contracts import PromotionState, Terms
from apps.promotions.errors import CouponCodeTaken, StateNotAllowed, TitleTaken
from apps.promotions.kinds import SHAPES, to_columns
from apps.promotions.selectors import to_promotion
from apps.promotions.terms import check_terms
from tradecore import audit, db, locks
from tradecore.errors import NotFound
from tradecore.locks import Rank


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
def publish_promotion(*, promotion_id: int, shop_id: int | None, actor: str, now: datetime) -> contracts.Promotion:
    """Let a promotion of this owner apply, from its start on. Publishing what is published changes nothing.

    Refuses, in this order: NotFound, StateNotAllowed.
    """
    row = _change_state(promotion_id, shop_id, PromotionState.PUBLISHED, actor=actor, reason="", now=now)
    return to_promotion(row, now=now)


@db.use_case
def deactivate_promotion(
    *, promotion_id: int, shop_id: int | None, actor: str, reason: str, now: datetime
) -> contracts.Promotion:
    """Let a promotion of this owner apply no more, for good. What is held of it stays held, and may be posted.

    Refuses: NotFound.
    """
    row = _change_state(promotion_id, shop_id, PromotionState.DEACTIVATED, actor=actor, reason=reason, now=now)
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


def _change_state(
    promotion_id: int, shop_id: int | None, state: PromotionState, *, actor: str, reason: str, now: datetime
) -> models.Promotion:
    """The one function that changes the state of a promotion. Refuses, in this order: NotFound, StateNotAllowed."""
    row = locks.lock_row(Rank.PROMOTION, models.Promotion.objects.all(), promotion_id)
    if row is None or row.shop_id != shop_id:
        raise NotFound(what="promotion")
    before = row.state
    if before == state:
        return row
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
    return row
