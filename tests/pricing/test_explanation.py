"""Why a promotion does not apply: the reason, in the order in which it is checked, and what is missing."""

import pytest

from apps.pricing.api import AmountOff, Layer, MissReason, PromotionKind, PromotionOutcome, RateOff, ShopShipping
from tests.factories.pricing import (
    OTHER_SHOP,
    SHOP,
    a_basket,
    a_coupon,
    a_line,
    a_rule,
    outcome_of,
    price,
    skus,
)

BASKET = a_basket(a_line(1, 6_000), a_line(2, 4_000), shipping=(ShopShipping(SHOP, 500),))


class TestMiss:
    @pytest.mark.parametrize(
        ("limits", "reason"),
        [
            ({"currency": "EUR", "scope": skus(99)}, MissReason.OTHER_CURRENCY),
            ({"scope": skus(99), "uses_left": 0}, MissReason.NOTHING_ELIGIBLE),
            ({"uses_left": 0, "uses_left_for_buyer": 0}, MissReason.EXHAUSTED),
            ({"uses_left_for_buyer": 0, "min_spend_minor": 99_999}, MissReason.BUYER_LIMIT),
            ({"min_spend_minor": 10_001, "budget_left_minor": 499}, MissReason.BELOW_MINIMUM),
            ({"budget_left_minor": 499}, MissReason.BUDGET_SPENT),
            ({"budget_left_minor": 0}, MissReason.BUDGET_SPENT),
        ],
    )
    @pytest.mark.parametrize("shop_id", [SHOP, None])
    @pytest.mark.parametrize("kind", [PromotionKind.COUPON, PromotionKind.SHIPPING_DISCOUNT])
    def test_has_one_reason_in_the_order_checked(
        self, kind: PromotionKind, shop_id: int | None, limits: dict[str, object], reason: MissReason
    ) -> None:
        priced = price(BASKET, a_rule(1, kind, AmountOff(500), shop_id=shop_id, **limits))
        outcome = outcome_of(priced, 1)
        assert (outcome.applied, outcome.reason, outcome.amount_minor, outcome.units) == (False, reason, 0, 0)
        assert priced.total.amount == "105.00"
        assert priced.promotion_uses == ()

    def test_of_no_effect_is_told(self) -> None:
        priced = price(BASKET, a_coupon(1, RateOff(0)), a_rule(2, PromotionKind.SHIPPING_DISCOUNT, AmountOff(0)))
        assert {outcome.reason for outcome in priced.outcomes} == {MissReason.NO_EFFECT}

    def test_tells_the_missing_amount_of_what_its_turn_finds(self) -> None:
        priced = price(
            BASKET,
            a_coupon(1, AmountOff(1_000)),
            a_coupon(2, AmountOff(100), 9_500, shop_id=None),
            a_coupon(3, AmountOff(500), 7_000, scope=skus(1)),
            a_rule(4, PromotionKind.SHIPPING_DISCOUNT, AmountOff(100), min_spend_minor=9_100),
        )
        assert outcome_of(priced, 1).applied
        assert outcome_of(priced, 2).missing_minor == 500
        assert outcome_of(priced, 3).missing_minor == 1_000
        assert outcome_of(priced, 4).missing_minor == 100

    def test_of_a_platforms_shipping_rule_is_told_for_the_order_that_lacks_least(self) -> None:
        basket = a_basket(
            a_line(1, 1_000),
            a_line(2, 2_500, shop_id=OTHER_SHOP),
            shipping=(ShopShipping(SHOP, 500), ShopShipping(OTHER_SHOP, 500)),
        )
        rule = a_rule(1, PromotionKind.SHIPPING_DISCOUNT, AmountOff(100), shop_id=None, min_spend_minor=3_000)
        assert outcome_of(price(basket, rule), 1).missing_minor == 500


class TestCodes:
    def test_that_nobody_knows_are_told_once_and_last(self) -> None:
        priced = price(BASKET, a_coupon(1, AmountOff(100), code="SAVE"), codes=["NOPE", "SAVE", "NOPE"])
        assert priced.outcomes == (
            PromotionOutcome(
                promotion_id=1, code="SAVE", layer=Layer.SELLER_COUPON, applied=True, units=1, amount_minor=100
            ),
            PromotionOutcome(promotion_id=None, code="NOPE", layer=None, applied=False, reason=MissReason.UNKNOWN_CODE),
        )

    def test_that_were_not_given_are_not_given_away(self) -> None:
        assert price(BASKET, a_coupon(1, AmountOff(100), code="SECRET")).outcomes == ()

    def test_are_compared_exactly(self) -> None:
        priced = price(BASKET, a_coupon(1, AmountOff(100), code="SAVE"), codes=["save"])
        assert [outcome.reason for outcome in priced.outcomes] == [MissReason.UNKNOWN_CODE]


class TestOutcome:
    def test_stands_by_layer_and_id(self) -> None:
        priced = price(
            BASKET,
            a_coupon(1, AmountOff(1), shop_id=None),
            a_rule(2, PromotionKind.SHIPPING_DISCOUNT, AmountOff(1)),
            a_coupon(4, AmountOff(1)),
            a_coupon(3, AmountOff(1)),
            a_rule(5, PromotionKind.CAMPAIGN, AmountOff(1)),
        )
        assert [outcome.promotion_id for outcome in priced.outcomes] == [5, 3, 4, 1, 2]

    def test_needs_each_promotion_once(self) -> None:
        with pytest.raises(ValueError, match="one rule"):
            price(BASKET, a_coupon(1, AmountOff(1)), a_coupon(1, AmountOff(2)))
