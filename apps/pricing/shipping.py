"""Shipping: the rate card that makes the quote, and L5, the discounts on it: the seller's, then the platform's."""

from collections.abc import Iterable

from apps.pricing.assessment import amount_miss, minimum_miss
from apps.pricing.benefits import discount_on, platform_part
from apps.pricing.contracts import BasketLine, Discount, Layer, ShippingRate
from apps.pricing.goods import Candidate, Goods, Miss

_GRAMS_PER_KG = 1_000


def shipping_fee(*, rate: ShippingRate, goods_minor: int, weight_grams: int) -> int:
    """Return the fee for one order, in minor units.

    ``goods_minor`` is compared with ``free_from_minor``; a kilogram that has begun is paid whole.
    """
    if rate.free_from_minor is not None and goods_minor >= rate.free_from_minor:
        return 0
    extra_grams = max(0, weight_grams - rate.included_grams)
    return rate.base_minor + rate.per_kg_minor * -(-extra_grams // _GRAMS_PER_KG)


def quote_shipping(*, rate: ShippingRate, lines: Iterable[BasketLine]) -> int:
    """Return the fee for one shop's lines, by their weight and list price: what they cost is not known before they are
    priced, and a promise of free shipping must not be withdrawn because of a discount."""
    lines = list(lines)
    return shipping_fee(
        rate=rate,
        goods_minor=sum(line.list_unit_minor * line.quantity for line in lines),
        weight_grams=sum(line.weight_grams * line.quantity for line in lines),
    )


def assess_shipping_discount(candidate: Candidate, goods: Goods, fee_minor: int, *, orders: int) -> int | Miss:
    """Return what a rule takes off one order's fee, or why it does not apply; ``orders`` are all of the purchase.

    Misses, in this order: BELOW_MINIMUM (of the eligible goods after all coupons), NO_EFFECT, BUDGET_SPENT.
    """
    rule = candidate.rule
    amount_minor = discount_on(rule.plain_benefit, fee_minor)
    sharers = orders if rule.shop_id is None else 1
    return (
        minimum_miss(rule, goods.total(candidate.lot))
        or amount_miss(rule, amount_minor, sharers=sharers)
        or amount_minor
    )


def best_shipping_discount(
    candidates: Iterable[Candidate], goods: Goods, fee_minor: int, *, orders: int
) -> Discount | None:
    """Return the largest discount, of equals the one cheapest for the platform, then the lowest id."""
    offers: list[tuple[int, int, int]] = []
    for candidate in candidates:
        rule = candidate.rule
        amount_minor = assess_shipping_discount(candidate, goods, fee_minor, orders=orders)
        if isinstance(amount_minor, int):
            platform_minor = platform_part(amount_minor, rule.platform_share_bp)
            offers.append((-amount_minor, platform_minor, rule.promotion_id))
    if not offers:
        return None
    negative_minor, platform_minor, promotion_id = min(offers)
    return Discount(Layer.SHIPPING, promotion_id, -negative_minor - platform_minor, platform_minor)
