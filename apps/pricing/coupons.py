"""L3 and L4, the coupons: at most one of the seller per order, at most one of the platform per purchase.

Both are one arithmetic. The threshold is on what is left of the eligible goods' price when the coupon's turn comes; a
percentage is rounded once, in total; a platform coupon is divided once over the lines of all orders (E5).
"""

from apps.pricing.assessment import amount_miss, minimum_miss
from apps.pricing.benefits import discount_on
from apps.pricing.contracts import PromotionRule
from apps.pricing.goods import Candidate, Cut, Goods, Miss


def coupon_amount(rule: PromotionRule, spend_minor: int) -> int | Miss:
    """Return what a coupon takes off its eligible goods, which cost so much, or why it does not apply.

    Misses, in this order: BELOW_MINIMUM, NO_EFFECT, BUDGET_SPENT.
    """
    amount_minor = discount_on(rule.plain_benefit, spend_minor)
    return minimum_miss(rule, spend_minor) or amount_miss(rule, amount_minor) or amount_minor


def assess_coupon(candidate: Candidate, goods: Goods) -> Cut | Miss:
    """Return what a coupon takes off the goods as they are, or why it does not apply."""
    amount_minor = coupon_amount(candidate.rule, goods.total(candidate.lot))
    if isinstance(amount_minor, Miss):
        return amount_minor
    return goods.cut(rule=candidate.rule, lot=candidate.lot, amount_minor=amount_minor)
