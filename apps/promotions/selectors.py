"""The reads of promotions, apart from the rules for pricing (`rules.py`)."""

from collections.abc import Sequence
from datetime import datetime

from apps.promotions import contracts, models
from apps.promotions.codes import canonical_code
from apps.promotions.contracts import (
    HeldUse,
    Hold,
    HoldStatus,
    PromotionKind,
    PromotionState,
    PromotionStatus,
    Target,
    TargetKind,
    Terms,
)
from apps.promotions.errors import PromotionNotActive, UnknownCoupon
from apps.promotions.kinds import to_benefit
from apps.promotions.standing import is_frozen, status_at
from tradecore import approvals, clock
from tradecore.approvals import AwaitsApproval
from tradecore.errors import NotFound

#: The kind of the approvals of what nothing bounds. See Note [Approvals] in tradecore.
PUBLISH_UNBOUNDED = "promotions.publish_unbounded"


def get_promotion(*, promotion_id: int, shop_id: int | None, now: datetime) -> contracts.Promotion:
    """One promotion of this shop, or of the platform (None).

    Refuses: NotFound.
    """
    row = models.Promotion.objects.filter(pk=promotion_id, shop_id=shop_id).first()
    if row is None:
        raise NotFound(what="promotion")
    return to_promotion(row, now=now)


def find_publication_request(*, promotion_id: int, now: datetime) -> AwaitsApproval | None:
    """What waits for a second person before the promotion is published, if anything does."""
    waiting = approvals.list_pending_of(subject=f"promotion:{promotion_id}", kind=PUBLISH_UNBOUNDED, now=now)
    return waiting[0].awaits if waiting else None


def get_coupon(*, market: str, code: str, now: datetime) -> contracts.Promotion:
    """The coupon that a buyer means by a code, or why it does not apply now. A draft is nobody's business yet.

    Refuses, in this order: CouponCodeInvalid, UnknownCoupon, PromotionNotActive.
    """
    canonical = canonical_code(code)
    published = models.Promotion.objects.exclude(state=PromotionState.DRAFT)
    row = published.filter(market=market, code=canonical).annotate(is_frozen=is_frozen("pk")).first()
    if row is None:
        raise UnknownCoupon(coupon_code=canonical)
    if row.is_frozen or status_at(row, now) is not PromotionStatus.ONGOING:
        raise PromotionNotActive(promotion_id=row.pk)
    return to_promotion(row, now=now)


def find_hold(*, owner_ref: int) -> Hold | None:
    """What the owner holds and what became of it; None if nothing was ever held or voided for it."""
    row = models.PromotionHold.objects.filter(pk=owner_ref).prefetch_related("uses").first()
    if row is None:
        return None
    uses = sorted(row.uses.all(), key=lambda use: use.promotion_id)
    titles = models.Promotion.objects.in_bulk([use.promotion_id for use in uses])
    return Hold(
        owner_ref=row.owner_ref,
        buyer_ref=row.buyer_ref,
        status=HoldStatus(row.status),
        expires_at=row.expires_at,
        resolved_at=row.resolved_at,
        uses=tuple(_to_held_use(use, titles[use.promotion_id].title) for use in uses),
    )


def list_overdue_holds(*, now: datetime, limit: int) -> Sequence[int]:
    """The owners of pending holds of the running clock whose backstop has passed, longest overdue first."""
    overdue = models.PromotionHold.objects.filter(
        status=HoldStatus.PENDING, clock=clock.clock_name(), expires_at__lte=now
    )
    return list(overdue.order_by("expires_at").values_list("owner_ref", flat=True)[:limit])


def to_promotion(row: models.Promotion, *, now: datetime) -> contracts.Promotion:
    """The contract of a promotion, as it stands at `now`."""
    return contracts.Promotion(
        id=row.pk,
        terms=_to_terms(row),
        state=PromotionState(row.state),
        status=status_at(row, now),
        held_uses=row.held_uses,
        posted_uses=row.posted_uses,
        held_minor=row.held_minor,
        posted_minor=row.posted_minor,
    )


def _to_terms(row: models.Promotion) -> Terms:
    scopes = row.scopes.order_by("target_kind", "target_id")
    return Terms(
        kind=PromotionKind(row.kind),
        shop_id=row.shop_id,
        market=row.market,
        currency=row.currency,
        title=row.title,
        benefit=to_benefit(
            price_minor=row.price_minor,
            amount_minor=row.amount_minor,
            rate_bp=row.rate_bp,
            cap_minor=row.cap_minor,
        ),
        targets=tuple(Target(TargetKind(scope.target_kind), scope.target_id) for scope in scopes),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        platform_share_bp=row.platform_share_bp,
        code=row.code,
        min_spend_minor=row.min_spend_minor,
        uses_cap=row.uses_cap,
        uses_per_buyer_cap=row.uses_per_buyer_cap,
        budget_minor=row.budget_minor,
    )


def _to_held_use(use: models.PromotionUse, title: str) -> HeldUse:
    return HeldUse(
        promotion_id=use.promotion_id,
        title=title,
        units=use.units,
        amount_minor=use.amount_minor,
        given_back_units=use.given_back_units,
        given_back_minor=use.given_back_minor,
    )
