"""The choice among promotions, against a reference that tries everything and shares no code with it."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.pricing import search
from apps.pricing.api import (
    AmountOff,
    Basket,
    MissReason,
    PricedBasket,
    PromotionKind,
    PromotionRule,
    RateOff,
    ShopShipping,
    Surcharge,
    SurchargeKind,
    Tier,
    TierBasis,
    Tiers,
    price_basket,
)
from tests.factories.pricing import (
    OTHER_SHOP,
    SHOP,
    a_basket,
    a_coupon,
    a_line,
    a_rule,
    discounts_of,
    outcome_of,
    price,
    skus,
)

LOWER_LAYERS = {PromotionKind.BUY_MORE_SAVE_MORE, PromotionKind.COUPON}


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def divide(amount: int, weights: list[int]) -> list[int]:
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    shares = [floor(share) for share in exact]
    by_fraction = sorted(range(len(weights)), key=lambda place: (shares[place] - exact[place], place))
    for place in by_fraction[: amount - sum(shares)]:
        shares[place] += 1
    return shares


def take_off(rule: PromotionRule, base: int) -> int:
    """0 where the rule does not apply."""
    benefit = rule.benefit
    if isinstance(benefit, Tiers):
        reached = [tier for tier in benefit.tiers if tier.threshold <= base]
        if not reached:
            return 0
        benefit = max(reached, key=lambda tier: tier.threshold).benefit
    if base < rule.min_spend_minor:
        return 0
    if isinstance(benefit, AmountOff):
        return min(benefit.amount_minor, base)
    assert isinstance(benefit, RateOff)
    return half_up(Fraction(base * benefit.rate_bp, 10_000))


@dataclass
class Reference:
    """Everything in the open: L2 to L7 of one basket for one given combination."""

    basket: Basket
    shipping_rules: list[PromotionRule]

    def payable(self, combination: tuple[PromotionRule, ...]) -> tuple[int, int] | None:
        """The buyer's payable and the platform's cost, or None when one of the rules does not apply."""
        nets = [line.list_unit_minor * line.quantity for line in self.basket.lines]
        platform_cost = 0
        for rule in combination:
            eligible = [
                place
                for place, line in enumerate(self.basket.lines)
                if rule.shop_id in (None, line.shop_id) and (rule.scope.is_empty or line.sku_id in rule.scope.sku_ids)
            ]
            off = take_off(rule, sum(nets[place] for place in eligible))
            if off == 0:
                return None
            for place, share in zip(eligible, divide(off, [nets[place] for place in eligible]), strict=True):
                nets[place] -= share
            platform_cost += half_up(Fraction(off * rule.platform_share_bp, 10_000))
        of_orders = [self.order(quote, nets) for quote in self.basket.shipping]
        return sum(payable for payable, _ in of_orders), platform_cost + sum(cost for _, cost in of_orders)

    def order(self, quote: ShopShipping, nets: list[int]) -> tuple[int, int]:
        places = [place for place, line in enumerate(self.basket.lines) if line.shop_id == quote.shop_id]
        sub_total, fee, platform_cost = sum(nets[place] for place in places), quote.fee_minor, 0
        for of_seller in (True, False):
            mine = [rule for rule in self.shipping_rules if (rule.shop_id == quote.shop_id) is of_seller]
            mine = [rule for rule in mine if rule.shop_id in (None, quote.shop_id)]
            off = max((min(take_off_fee(rule, sub_total), fee) for rule in mine), default=0)
            fee -= off
            platform_cost += 0 if of_seller else off
        taxes = 0
        if not self.basket.tax_inclusive:
            taxes += sum(
                half_up(Fraction(nets[place] * self.basket.lines[place].tax_rate_e5, 100_000)) for place in places
            )
            taxes += half_up(Fraction(fee * quote.tax_rate_e5, 100_000))
        surcharges = sum(
            fee.amount_minor for fee in self.basket.surcharges if fee.below_minor is None or sub_total < fee.below_minor
        )
        return sub_total + fee + taxes + surcharges, platform_cost


def take_off_fee(rule: PromotionRule, spend: int) -> int:
    assert isinstance(rule.benefit, AmountOff)
    return rule.benefit.amount_minor if spend >= rule.min_spend_minor else 0


def best_by_trying_everything(basket: Basket, rules: list[PromotionRule]) -> tuple[int, int, list[int]]:
    reference = Reference(basket, [rule for rule in rules if rule.kind is PromotionKind.SHIPPING_DISCOUNT])
    shops = [quote.shop_id for quote in basket.shipping]
    slots = [
        *(
            [rule for rule in rules if rule.kind is kind and rule.shop_id == shop_id]
            for shop_id in shops
            for kind in (PromotionKind.BUY_MORE_SAVE_MORE, PromotionKind.COUPON)
        ),
        [rule for rule in rules if rule.kind is PromotionKind.COUPON and rule.shop_id is None],
    ]
    found = []
    for picked in product(*([None, *slot] for slot in slots)):
        combination = tuple(rule for rule in picked if rule)
        standing = reference.payable(combination)
        if standing:
            found.append((*standing, sorted(rule.promotion_id for rule in combination)))
    return min(found)


def what_was_chosen(priced: PricedBasket, rules: list[PromotionRule]) -> tuple[int, int, list[int]]:
    on_goods = {rule.promotion_id for rule in rules if rule.kind in LOWER_LAYERS}
    ids = sorted(use.promotion_id for use in priced.promotion_uses if use.promotion_id in on_goods)
    platform = priced.breakdown.platform_discount_minor + priced.breakdown.shipping_fee_platform_discount_minor
    return priced.breakdown.total_minor, platform, ids


spends = st.sampled_from([0, 0, 500, 1_000, 1_500])
offs = st.builds(AmountOff, st.integers(0, 400)) | st.builds(RateOff, st.integers(0, 6_000))


@st.composite
def few_rules(draw: st.DrawFn) -> list[PromotionRule]:
    scopes = st.sampled_from([skus(), skus(), skus(1, 2), skus(2, 3)])
    rules = []
    for promotion_id in range(1, draw(st.integers(1, 7)) + 1):
        kind = draw(st.sampled_from([PromotionKind.COUPON, *LOWER_LAYERS, PromotionKind.SHIPPING_DISCOUNT]))
        if kind is PromotionKind.BUY_MORE_SAVE_MORE:
            tiers = Tiers(TierBasis.AMOUNT, (Tier(draw(spends), draw(offs)), Tier(1_200, draw(offs))))
            rules.append(a_rule(promotion_id, kind, tiers, shop_id=draw(st.sampled_from([1, 2])), scope=draw(scopes)))
        elif kind is PromotionKind.COUPON:
            shop_id = draw(st.sampled_from([1, 2, None]))
            share = draw(st.sampled_from([0, 5_000])) if shop_id else draw(st.sampled_from([10_000, 6_000]))
            rules.append(
                a_coupon(
                    promotion_id, draw(offs), draw(spends), shop_id=shop_id, scope=draw(scopes), platform_share_bp=share
                )
            )
        else:
            off = AmountOff(draw(st.integers(1, 300)))
            shop_id = draw(st.sampled_from([1, 2, None]))
            rules.append(a_rule(promotion_id, kind, off, shop_id=shop_id, min_spend_minor=draw(spends)))
    return rules


@st.composite
def few_lines(draw: st.DrawFn) -> Basket:
    lines = [
        a_line(
            line_no,
            draw(st.integers(1, 900)),
            draw(st.integers(1, 2)),
            shop_id=draw(st.sampled_from([1, 2])),
            tax_rate_e5=draw(st.sampled_from([0, 5_500, 20_000])),
        )
        for line_no in range(1, draw(st.integers(1, 4)) + 1)
    ]
    return a_basket(
        *lines,
        tax_inclusive=draw(st.booleans()),
        shipping=tuple(
            ShopShipping(shop_id, draw(st.integers(0, 400)), tax_rate_e5=20_000)
            for shop_id in dict.fromkeys(line.shop_id for line in lines)
        ),
        surcharges=tuple(draw(st.lists(st.just(Surcharge(SurchargeKind.SMALL_ORDER, 150, 700)), max_size=1))),
    )


class TestChoice:
    @settings(max_examples=300, deadline=None)
    @given(basket=few_lines(), rules=few_rules())
    def test_is_the_lowest_of_all_combinations(self, basket: Basket, rules: list[PromotionRule]) -> None:
        priced = price_basket(basket=basket, rules=rules, codes=[])
        assert what_was_chosen(priced, rules) == best_by_trying_everything(basket, rules)

    def test_gives_up_a_discount_to_reach_a_threshold(self) -> None:
        priced = price(
            a_basket(a_line(1, 10_000)),
            a_coupon(1, AmountOff(100)),
            a_coupon(2, AmountOff(2_000), 10_000, shop_id=None),
        )
        assert priced.total.amount == "80.00"
        assert outcome_of(priced, 1).reason is MissReason.OUTBID

    def test_costs_the_platform_less_where_the_buyer_pays_the_same(self) -> None:
        of_platform = a_coupon(1, AmountOff(500), shop_id=None)
        shared = a_coupon(2, AmountOff(500), shop_id=None, platform_share_bp=4_000)
        priced = price(a_basket(a_line(1, 1_000)), of_platform, shared)
        assert [use.promotion_id for use in priced.promotion_uses] == [2]

    def test_takes_the_lowest_id_where_all_is_equal(self) -> None:
        priced = price(a_basket(a_line(1, 1_000)), *(a_coupon(number, AmountOff(50)) for number in (9, 3, 5)))
        assert [use.promotion_id for use in priced.promotion_uses] == [3]

    def test_prefers_what_the_buyer_picked_to_what_applies_by_itself(self) -> None:
        basket = a_basket(a_line(1, 1_000))
        rules = [a_coupon(1, AmountOff(300)), a_coupon(2, AmountOff(100), code="MINE")]
        assert price(basket, *rules).total.amount == "7.00"
        assert price(basket, *rules, codes=["MINE"]).total.amount == "9.00"

    def test_falls_back_on_the_others_when_the_picked_one_does_not_apply(self) -> None:
        basket = a_basket(a_line(1, 1_000))
        rules = [
            a_coupon(1, AmountOff(300), shop_id=None),
            a_coupon(2, AmountOff(100), 2_000, shop_id=None, code="MINE"),
        ]
        priced = price(basket, *rules, codes=["MINE"])
        assert priced.total.amount == "7.00"
        assert outcome_of(priced, 2).reason is MissReason.BELOW_MINIMUM

    def test_takes_the_better_of_two_picked_ones(self) -> None:
        rules = [a_coupon(1, AmountOff(300), code="A"), a_coupon(2, AmountOff(100), code="B")]
        assert price(a_basket(a_line(1, 1_000)), *rules, codes=["B", "A"]).total.amount == "7.00"

    def test_is_one_platform_coupon_per_purchase_and_one_seller_coupon_per_order(self) -> None:
        basket = a_basket(a_line(1, 1_000), a_line(2, 1_000, shop_id=OTHER_SHOP))
        rules = [
            a_coupon(number, AmountOff(10), shop_id=shop)
            for number, shop in enumerate([SHOP, SHOP, OTHER_SHOP, None, None])
        ]
        priced = price(basket, *rules)
        assert [use.promotion_id for use in priced.promotion_uses] == [0, 2, 3]


class TestBounds:
    def test_keep_the_best_of_many_alternatives(self) -> None:
        coupons = [
            a_coupon(number, AmountOff(number), shop_id=shop) for number, shop in enumerate([SHOP, None] * 40, start=1)
        ]
        priced = price(a_basket(a_line(1, 1_000)), *coupons)
        assert [use.promotion_id for use in priced.promotion_uses] == [79, 80]

    def test_keep_doing_nothing_among_the_plans_of_many_shops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "MAX_COMBINATIONS", 2**6)
        shops = range(1, 7)
        basket = a_basket(*(a_line(shop_id, 1_000, shop_id=shop_id) for shop_id in shops))
        small = [
            a_coupon(10 * shop_id + step, AmountOff(1 + step), shop_id=shop_id)
            for shop_id in shops
            for step in range(3)
        ]
        priced = price(basket, *small, a_coupon(99, AmountOff(1_000), 6_000, shop_id=None))
        assert sum(discounts_of(priced, 99)) == 1_000

    def test_limit_what_is_reckoned_to_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reckoned = 0
        standing_of = search._standing

        def counted(*given: Any) -> search.Standing:
            nonlocal reckoned
            reckoned += 1
            return standing_of(*given)

        monkeypatch.setattr(search, "_standing", counted)
        lines = [a_line(line_no, 700 + line_no, tax_rate_e5=20_000) for line_no in range(1, 101)]
        coupons = [
            a_coupon(number, AmountOff(number), shop_id=shop) for number, shop in enumerate([SHOP, None] * 40, start=1)
        ]
        price(a_basket(*lines, tax_inclusive=False), *coupons)
        assert reckoned <= 2 * search.MAX_RECKONINGS
