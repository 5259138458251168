"""The ladder, L0 to L7, from top to bottom.

L0 list price, L1 item price, L2 shop rule, L3 seller coupon, L4 platform coupon, L5 shipping, L6 duty and tax, L7
payment. Each layer reckons on what the layers above it have left; each discount is divided over lines by largest
remainder, with what is left of their prices as weights, so that no line becomes negative and every sum is kept.
"""

from collections.abc import Sequence

from apps.pricing.assembly import assemble_orders, sum_breakdowns
from apps.pricing.contracts import Basket, PricedBasket, PromotionRule
from apps.pricing.duty import require_headings, require_intrinsic_value
from apps.pricing.explain import explain, list_uses
from apps.pricing.identities import check_identities
from apps.pricing.search import Choice, choose
from apps.pricing.working import lay_out


def price_basket(*, basket: Basket, rules: Sequence[PromotionRule], codes: Sequence[str]) -> PricedBasket:
    """Return the lowest price that the rules admit, with its ladder and its explanation.

    ``codes`` are the coupon codes that the buyer gave, in their canonical form. Neither the order of the rules nor
    that of the lines matters: line numbers and promotion ids decide every tie.

    Refuses, in this order: HeadingMissing, IntrinsicValueExceeded (both only where the basket has duty).
    """
    if basket.duty:
        require_headings(basket.lines)
    choice = choose(lay_out(basket, rules, codes))
    _require_admissible_imports(choice)

    orders = assemble_orders(choice)
    uses = list_uses(choice)
    priced = PricedBasket(
        currency=basket.currency,
        orders=orders,
        breakdown=sum_breakdowns([order.breakdown for order in orders]),
        outcomes=explain(choice, uses, codes),
        promotion_uses=uses,
    )
    check_identities(basket=priced)
    return priced


def _require_admissible_imports(choice: Choice) -> None:
    """Each order is a consignment of its own, and its intrinsic value is what its goods are sold for."""
    duty = choice.workings.basket.duty
    if duty is None:
        return
    for reckoning in choice.reckonings:
        require_intrinsic_value(duty, shop_id=reckoning.shop.shop_id, intrinsic_minor=reckoning.sub_total_minor)
