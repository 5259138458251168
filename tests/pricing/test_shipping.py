"""The rate card, and L5."""

import pytest

from apps.pricing.api import (
    AmountOff,
    PromotionKind,
    PromotionUse,
    RateOff,
    ShippingRate,
    ShopShipping,
    quote_shipping,
    shipping_fee,
)
from tests.factories.pricing import OTHER_SHOP, SHOP, a_basket, a_coupon, a_line, a_rule, outcome_of, price, the_order

SHIPPING = PromotionKind.SHIPPING_DISCOUNT


class TestShippingFee:
    @pytest.mark.parametrize(
        ("weight_grams", "goods_minor", "fee_minor"),
        [(0, 0, 300), (1_000, 0, 300), (1_001, 0, 450), (2_000, 0, 450), (2_001, 4_999, 600), (9_000, 5_000, 0)],
    )
    def test_is_per_order_and_kilogram_begun_and_free_from_a_threshold(
        self, weight_grams: int, goods_minor: int, fee_minor: int
    ) -> None:
        rate = ShippingRate(base_minor=300, per_kg_minor=150, included_grams=1_000, free_from_minor=5_000)
        assert shipping_fee(rate=rate, goods_minor=goods_minor, weight_grams=weight_grams) == fee_minor

    def test_of_lines_is_by_their_weight_and_list_price(self) -> None:
        rate = ShippingRate(base_minor=0, per_kg_minor=100, free_from_minor=3_000)
        assert quote_shipping(rate=rate, lines=[a_line(1, 999, 3, weight_grams=700)]) == 300
        assert quote_shipping(rate=rate, lines=[a_line(1, 1_000, 3, weight_grams=700)]) == 0


class TestShippingDiscount:
    BASKET = a_basket(a_line(1, 5_000), shipping=(ShopShipping(SHOP, 1_000),))

    def test_is_the_sellers_first_and_the_platforms_on_what_is_left(self) -> None:
        seller, platform = a_rule(1, SHIPPING, AmountOff(400)), a_rule(2, SHIPPING, RateOff(5_000), shop_id=None)
        order = the_order(price(self.BASKET, platform, seller)).breakdown
        assert order.shipping_fee_seller_discount_minor == 400
        assert order.shipping_fee_platform_discount_minor == 300
        assert order.shipping_fee_minor == 300

    def test_is_never_more_than_the_fee(self) -> None:
        rules = [a_rule(1, SHIPPING, AmountOff(800)), a_rule(2, SHIPPING, AmountOff(800), shop_id=None)]
        order = the_order(price(self.BASKET, *rules)).breakdown
        assert (order.shipping_fee_platform_discount_minor, order.shipping_fee_minor) == (200, 0)

    def test_is_at_most_one_of_each(self) -> None:
        rules = [a_rule(number, SHIPPING, AmountOff(100 * number)) for number in (1, 2)]
        priced = price(self.BASKET, *rules)
        assert priced.breakdown.shipping_fee_minor == 800
        assert not outcome_of(priced, 1).applied

    def test_may_be_funded_by_both(self) -> None:
        order = the_order(
            price(self.BASKET, a_rule(1, SHIPPING, AmountOff(501), shop_id=None, platform_share_bp=5_000))
        )
        assert order.breakdown.shipping_fee_platform_discount_minor == 251
        assert order.breakdown.shipping_fee_seller_discount_minor == 250

    def test_has_its_threshold_on_what_the_coupons_leave(self) -> None:
        rule = a_rule(1, SHIPPING, AmountOff(100), min_spend_minor=4_500)
        assert outcome_of(price(self.BASKET, rule, a_coupon(2, AmountOff(500), shop_id=None)), 1).applied
        assert outcome_of(price(self.BASKET, rule, a_coupon(2, AmountOff(501), shop_id=None)), 1).missing_minor == 1

    def test_of_the_platform_helps_each_order_and_is_used_once(self) -> None:
        basket = a_basket(
            a_line(1, 5_000),
            a_line(2, 5_000, shop_id=OTHER_SHOP),
            shipping=(ShopShipping(SHOP, 300), ShopShipping(OTHER_SHOP, 200)),
        )
        priced = price(basket, a_rule(1, SHIPPING, AmountOff(250), shop_id=None))
        assert priced.promotion_uses == (PromotionUse(promotion_id=1, units=1, seller_minor=0, platform_minor=450),)

    def test_shares_its_budget_among_the_orders(self) -> None:
        basket = a_basket(
            a_line(1, 5_000),
            a_line(2, 5_000, shop_id=OTHER_SHOP),
            shipping=(ShopShipping(SHOP, 300), ShopShipping(OTHER_SHOP, 200)),
        )
        priced = price(basket, a_rule(1, SHIPPING, AmountOff(250), shop_id=None, budget_left_minor=499))
        assert [order.breakdown.shipping_fee_minor for order in priced.orders] == [300, 0]

    def test_of_a_seller_has_its_budget_to_itself(self) -> None:
        basket = a_basket(
            a_line(1, 5_000),
            a_line(2, 5_000, shop_id=OTHER_SHOP),
            shipping=(ShopShipping(SHOP, 300), ShopShipping(OTHER_SHOP, 200)),
        )
        priced = price(basket, a_rule(1, SHIPPING, AmountOff(250), budget_left_minor=250))
        assert [order.breakdown.shipping_fee_minor for order in priced.orders] == [50, 200]
