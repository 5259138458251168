"""How a promotion stands: whether it applies at a moment, and what is left of it.

What is shown, what is offered to pricing and what is enforced all ask here, so that none of them says otherwise.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery

from apps.promotions.contracts import PromotionState, PromotionStatus
from apps.promotions.errors import BudgetExhausted, BuyerLimitReached, PromotionExhausted, PromotionNotActive
from apps.promotions.models import BuyerUsage, Promotion
from tradecore import freezes
from tradecore.errors import Refusal
from tradecore.models import Freeze


@dataclass(frozen=True, slots=True)
class Standing:
    """A promotion as one buyer finds it; `used_by_buyer` is None where they have never used it."""

    promotion: Promotion
    used_by_buyer: int | None
    is_frozen: bool

    def uses_left_for_buyer(self) -> int | None:
        cap = self.promotion.uses_per_buyer_cap
        return None if cap is None else cap - (self.used_by_buyer or 0)


def status_at(promotion: Promotion, now: datetime) -> PromotionStatus:
    """The status that is shown. Only ONGOING applies; `is_ongoing` says the same to SQL."""
    if promotion.state != PromotionState.PUBLISHED:
        return PromotionStatus(promotion.state)
    if now < promotion.starts_at:
        return PromotionStatus.NOT_START
    return PromotionStatus.ONGOING if now < promotion.ends_at else PromotionStatus.EXPIRED


def is_ongoing(now: Any, *, prefix: str = "") -> Q:
    """The condition that a promotion is ONGOING at a moment; `prefix` leads to it from another table."""
    terms = {"state": PromotionState.PUBLISHED, "starts_at__lte": now, "ends_at__gt": now}
    return Q(**{prefix + term: value for term, value in terms.items()})


def uses_left(promotion: Promotion) -> int | None:
    """How many uses are left for all buyers together; None without a cap."""
    if promotion.uses_cap is None:
        return None
    return promotion.uses_cap - promotion.held_uses - promotion.posted_uses


def budget_left(promotion: Promotion) -> int | None:
    """How much money is left; None without a budget."""
    if promotion.budget_minor is None:
        return None
    return promotion.budget_minor - promotion.held_minor - promotion.posted_minor


def has_left(*, units: int, amount_minor: int) -> Q:
    """The condition that so much is left of a promotion: `uses_left` and `budget_left`, said to SQL."""
    uses = Q(uses_cap__isnull=True) | Q(uses_cap__gte=F("held_uses") + F("posted_uses") + units)
    budget = Q(budget_minor__isnull=True) | Q(budget_minor__gte=F("held_minor") + F("posted_minor") + amount_minor)
    return uses & budget


def find_refusal(standing: Standing, *, units: int, amount_minor: int, now: datetime) -> Refusal | None:
    """Why so much of a promotion cannot be had, in this order: not active, exhausted, the buyer's limit, the budget."""
    promotion = standing.promotion
    if standing.is_frozen or status_at(promotion, now) is not PromotionStatus.ONGOING:
        return PromotionNotActive(promotion_id=promotion.pk)
    if _is_less(uses_left(promotion), units):
        return PromotionExhausted(promotion_id=promotion.pk)
    if _is_less(standing.uses_left_for_buyer(), units):
        return BuyerLimitReached(promotion_id=promotion.pk)
    if _is_less(budget_left(promotion), amount_minor):
        return BudgetExhausted(promotion_id=promotion.pk)
    return None


def is_frozen(promotion_id: str) -> Exists:
    """Whether the promotion that the column of the outer query names is frozen."""
    return Exists(Freeze.objects.filter(kind=freezes.PROMOTION, subject=OuterRef(promotion_id)))


def used_by(buyer_ref: Any, promotion_id: str) -> Subquery:
    """How often the buyer has used the promotion that the column of the outer query names."""
    usage = BuyerUsage.objects.filter(promotion_id=OuterRef(promotion_id), buyer_ref=buyer_ref)
    return Subquery(usage.values("uses"))


def _is_less(left: int | None, wanted: int) -> bool:
    return left is not None and left < wanted
