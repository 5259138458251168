"""Baskets and rules, with everything that a test does not talk about already filled in. Amounts are minor units."""

from collections.abc import Sequence
from typing import Any

from apps.pricing.api import (
    Basket,
    BasketLine,
    Benefit,
    Bundle,
    PricedBasket,
    PricedLine,
    PricedOrder,
    PromotionKind,
    PromotionOutcome,
    PromotionRule,
    Scope,
    ShopShipping,
    Tiers,
    price_basket,
)

SHOP = 1
OTHER_SHOP = 2


def a_line(line_no: int, list_unit_minor: int, quantity: int = 1, **given: Any) -> BasketLine:
    """A line of SHOP; its number is also that of its SKU and product, unless others are given."""
    facts: dict[str, Any] = {"shop_id": SHOP, "sku_id": line_no, "product_id": line_no} | given
    return BasketLine(line_no=line_no, list_unit_minor=list_unit_minor, quantity=quantity, **facts)


def a_basket(*lines: BasketLine, currency: str = "GBP", tax_inclusive: bool = True, **given: Any) -> Basket:
    """A basket that ships free unless ``shipping`` says otherwise."""
    free = tuple(ShopShipping(shop_id, 0) for shop_id in dict.fromkeys(line.shop_id for line in lines))
    shipping = given.pop("shipping", free)
    return Basket(currency=currency, tax_inclusive=tax_inclusive, lines=lines, shipping=shipping, **given)


def a_rule(
    promotion_id: int,
    kind: PromotionKind,
    benefit: Benefit | Tiers | Bundle,
    *,
    shop_id: int | None = SHOP,
    **given: Any,
) -> PromotionRule:
    """A rule of SHOP, or of the platform (None), that its owner funds."""
    facts: dict[str, Any] = {"currency": "GBP", "platform_share_bp": 0 if shop_id else 10_000} | given
    return PromotionRule(promotion_id=promotion_id, kind=kind, benefit=benefit, shop_id=shop_id, **facts)


def a_coupon(promotion_id: int, benefit: Benefit, min_spend_minor: int = 0, **given: Any) -> PromotionRule:
    return a_rule(promotion_id, PromotionKind.COUPON, benefit, min_spend_minor=min_spend_minor, **given)


def skus(*sku_ids: int) -> Scope:
    return Scope(sku_ids=frozenset(sku_ids))


def price(basket: Basket, *rules: PromotionRule, codes: Sequence[str] = ()) -> PricedBasket:
    return price_basket(basket=basket, rules=rules, codes=codes)


def the_order(priced: PricedBasket) -> PricedOrder:
    (order,) = priced.orders
    return order


def all_lines(priced: PricedBasket) -> list[PricedLine]:
    return [line for order in priced.orders for line in order.lines]


def nets(priced: PricedBasket) -> list[int]:
    return [line.net_minor for line in all_lines(priced)]


def discounts_of(priced: PricedBasket, promotion_id: int) -> list[int]:
    """What a promotion took off each line, 0 where nothing."""
    return [
        sum(discount.amount_minor for discount in line.discounts if discount.promotion_id == promotion_id)
        for line in all_lines(priced)
    ]


def outcome_of(priced: PricedBasket, promotion_id: int) -> PromotionOutcome:
    (outcome,) = [outcome for outcome in priced.outcomes if outcome.promotion_id == promotion_id]
    return outcome
