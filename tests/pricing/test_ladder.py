"""The ladder as a whole: identities, sums, and what must not change a price."""

import sys
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.pricing.api import (
    AmountOff,
    Basket,
    BasketLine,
    DutyTerms,
    HeadingMissing,
    Layer,
    PaymentDiscount,
    PricedBasket,
    PricedLine,
    PromotionKind,
    PromotionRule,
    RateOff,
    RefundCause,
    Scope,
    ShopShipping,
    StepKind,
    Surcharge,
    SurchargeKind,
    Tier,
    TierBasis,
    Tiers,
    charges_back,
    check_identities,
    price_basket,
    refund_part,
    refundable_charges,
    refundable_line,
)
from tests.factories.pricing import (
    OTHER_SHOP,
    SHOP,
    a_basket,
    a_coupon,
    a_line,
    a_rule,
    all_lines,
    price,
    skus,
    the_order,
)
from tests.pricing.strategies import CODES, baskets, rule_lists
from tradecore.money import Money, UnknownCurrency

thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestEveryPrice:
    @thorough
    @given(basket=baskets(), rules=rule_lists(), codes=st.sets(st.sampled_from(CODES)))
    def test_keeps_the_identities(self, basket: Basket, rules: list[PromotionRule], codes: set[str]) -> None:
        priced = price_basket(basket=basket, rules=rules, codes=sorted(codes))
        check_identities(basket=priced)
        listed = sum(line.list_unit_minor * line.quantity for line in basket.lines)
        assert priced.breakdown.original_total_product_price_minor == listed
        assert priced.breakdown.recorded_difference_minor == basket.recorded_difference_minor
        for line in all_lines(priced):
            assert 0 <= line.net_minor <= line.list_minor
        pieces = {line.line_no: 0 for line in basket.lines}
        for line in all_lines(priced):
            pieces[line.line_no] += line.quantity
        assert pieces == {line.line_no: line.quantity for line in basket.lines}

    @thorough
    @given(basket=baskets(), rules=rule_lists(), codes=st.sets(st.sampled_from(CODES)), data=st.data())
    def test_does_not_depend_on_the_order_of_what_it_is_given(
        self, basket: Basket, rules: list[PromotionRule], codes: set[str], data: st.DataObject
    ) -> None:
        shuffled = Basket(
            currency=basket.currency,
            tax_inclusive=basket.tax_inclusive,
            tax_base_policy=basket.tax_base_policy,
            lines=tuple(data.draw(st.permutations(basket.lines))),
            shipping=tuple(data.draw(st.permutations(basket.shipping))),
            duty=basket.duty,
            surcharges=basket.surcharges,
            payment_discount=basket.payment_discount,
            recorded_difference_minor=basket.recorded_difference_minor,
        )
        other_rules = data.draw(st.permutations(rules))
        assert price_basket(basket=basket, rules=rules, codes=sorted(codes)) == price_basket(
            basket=shuffled, rules=other_rules, codes=sorted(codes)
        )

    @thorough
    @given(basket=baskets(), rules=rule_lists(), codes=st.sets(st.sampled_from(CODES)))
    def test_stays_within_what_each_promotion_may_give(
        self, basket: Basket, rules: list[PromotionRule], codes: set[str]
    ) -> None:
        priced = price_basket(basket=basket, rules=rules, codes=sorted(codes))
        rule_of = {rule.promotion_id: rule for rule in rules}
        for use in priced.promotion_uses:
            rule = rule_of[use.promotion_id]
            limits = [limit for limit in (rule.uses_left, rule.uses_left_for_buyer) if limit is not None]
            assert 0 < use.units <= min(limits, default=use.units)
            assert use.amount_minor > 0
            assert rule.budget_left_minor is None or use.amount_minor <= rule.budget_left_minor
            assert rule.currency == basket.currency
            assert rule.code is None or rule.code in codes
        for order in priced.orders:
            chosen = {(discount.layer, discount.promotion_id) for line in order.lines for discount in line.discounts}
            for layer in (Layer.SHOP_RULE, Layer.SELLER_COUPON, Layer.PLATFORM_COUPON):
                assert sum(at is layer for at, _ in chosen) <= 1

    @thorough
    @given(basket=baskets(), rules=rule_lists(), codes=st.sets(st.sampled_from(CODES)))
    def test_explains_every_promotion_that_was_considered(
        self, basket: Basket, rules: list[PromotionRule], codes: set[str]
    ) -> None:
        priced = price_basket(basket=basket, rules=rules, codes=sorted(codes))
        considered = {rule.promotion_id for rule in rules if rule.code is None or rule.code in codes}
        explained = [outcome.promotion_id for outcome in priced.outcomes if outcome.promotion_id is not None]
        assert sorted(explained) == sorted(considered)
        applied = {outcome.promotion_id for outcome in priced.outcomes if outcome.applied}
        assert applied == {use.promotion_id for use in priced.promotion_uses}
        for outcome in priced.outcomes:
            assert outcome.applied == (outcome.reason is None) == (outcome.amount_minor > 0)

    @thorough
    @given(basket=baskets(), rules=rule_lists(), data=st.data())
    def test_goes_back_to_the_last_cent_in_any_grouping(
        self, basket: Basket, rules: list[PromotionRule], data: st.DataObject
    ) -> None:
        priced = price_basket(basket=basket, rules=rules, codes=[])
        for order in priced.orders:
            paid = sum(_refund_in_steps(line, data) for line in order.lines)
            charges = charges_back(
                charges=refundable_charges(order), cause=RefundCause.CANCELLED_BEFORE_SHIPMENT, is_last=True
            )
            assert charges.shipping_subsidy_minor == order.breakdown.shipping_fee_platform_discount_minor
            assert paid + charges.paid_minor == order.breakdown.total_minor


def _refund_in_steps(line: PricedLine, data: st.DataObject) -> int:
    cuts = data.draw(st.sets(st.integers(min_value=0, max_value=line.quantity), max_size=4)) | {0, line.quantity}
    units = sorted(cuts)
    parts = [
        refund_part(line=refundable_line(line), units_from=before, units_to=after) for before, after in pairwise(units)
    ]
    assert all(part.paid_minor >= 0 for part in parts)
    return sum(part.paid_minor for part in parts)


class TestCurrencies:
    @pytest.mark.parametrize(("currency", "amount"), [("JPY", "2667"), ("GBP", "26.67"), ("KWD", "2.667")])
    def test_differ_only_in_where_the_point_is(self, currency: str, amount: str) -> None:
        basket = a_basket(a_line(1, 1000, 3, tax_rate_e5=10_000), currency=currency)
        priced = price(basket, a_coupon(1, RateOff(1111), currency=currency))
        assert priced.total.amount == amount
        assert the_order(priced).total == priced.total

    def test_are_known(self) -> None:
        with pytest.raises(UnknownCurrency):
            a_basket(a_line(1, 1000), currency="ZZZ")


class TestOfficialSample:
    """The price detail that the field publishes: 97.00 less two halves, tax 2.00, shipping 25 less 10 less 12."""

    @pytest.fixture
    def priced(self) -> PricedBasket:
        # Tax of 2.00 on 96.00 is a rate of 2.083 %.
        basket = a_basket(
            a_line(1, 9700, tax_rate_e5=2083),
            currency="USD",
            tax_inclusive=False,
            shipping=(ShopShipping(SHOP, 2500),),
        )
        return price(
            basket,
            a_coupon(1, AmountOff(50), currency="USD"),
            a_coupon(2, AmountOff(50), shop_id=None, currency="USD"),
            a_rule(3, PromotionKind.SHIPPING_DISCOUNT, AmountOff(1000), currency="USD"),
            a_rule(4, PromotionKind.SHIPPING_DISCOUNT, AmountOff(1200), shop_id=None, currency="USD"),
        )

    def test_agrees_in_every_sum(self, priced: PricedBasket) -> None:
        order = the_order(priced).breakdown
        assert (order.original_total_product_price_minor, order.sub_total_minor, order.tax_minor) == (9700, 9600, 200)
        assert order.sub_total_minor + order.tax_minor == 9800
        assert (order.shipping_fee_seller_discount_minor, order.shipping_fee_platform_discount_minor) == (1000, 1200)
        assert order.shipping_fee_minor == 300
        assert priced.total == Money(10_100, "USD")
        assert order.original_total_product_price_minor + order.original_shipping_fee_minor == 12_200


class TestSteps:
    def test_name_layer_amount_funder_and_source(self) -> None:
        basket = a_basket(
            a_line(1, 1000, 2, tax_rate_e5=20_000),
            tax_inclusive=False,
            shipping=(ShopShipping(SHOP, 300, tax_rate_e5=20_000),),
            surcharges=(Surcharge(SurchargeKind.COD, 100),),
        )
        priced = price(
            basket,
            a_rule(1, PromotionKind.CAMPAIGN, AmountOff(100), shop_id=None, platform_share_bp=2_500),
            a_coupon(2, AmountOff(200)),
            a_rule(3, PromotionKind.SHIPPING_DISCOUNT, AmountOff(50), shop_id=None),
        )
        order = the_order(priced)
        told = [
            (step.layer.value, step.kind, step.amount_minor, step.funder, step.source_id)
            for step in order.lines[0].steps
        ]
        assert told == [
            (0, "LIST_PRICE", 2000, None, None),
            (1, "DISCOUNT", -150, "SELLER", 1),
            (1, "DISCOUNT", -50, "PLATFORM", 1),
            (3, "DISCOUNT", -200, "SELLER", 2),
            (6, "TAX_ADDED", 320, None, None),
        ]
        told = [
            (step.layer.value, step.kind, step.amount_minor, step.funder, step.source_id)
            for step in order.charges.steps
        ]
        assert told == [
            (5, "SHIPPING_FEE", 300, None, None),
            (5, "DISCOUNT", -50, "PLATFORM", 3),
            (6, "TAX_ADDED", 50, None, None),
            (7, "SURCHARGE", 100, None, None),
        ]

    def test_tell_tax_that_is_included_without_counting_it(self) -> None:
        (line,) = all_lines(price(a_basket(a_line(1, 1200, tax_rate_e5=20_000))))
        assert [(step.kind, step.amount_minor) for step in line.steps] == [
            (StepKind.LIST_PRICE, 1200),
            (StepKind.TAX_INCLUDED, 200),
        ]
        assert line.paid_minor == 1200


class TestPayment:
    def test_discount_is_the_platforms_and_spreads_over_everything_payable(self) -> None:
        basket = a_basket(
            a_line(1, 6000),
            a_line(2, 3000, shop_id=OTHER_SHOP),
            shipping=(ShopShipping(SHOP, 1000), ShopShipping(OTHER_SHOP, 0)),
            payment_discount=PaymentDiscount(77, RateOff(1_000, cap_minor=500)),
        )
        priced = price(basket)
        assert [line.payment_discount_minor for line in all_lines(priced)] == [300, 150]
        assert [order.charges.payment_discount_minor for order in priced.orders] == [50, 0]
        assert [order.total.amount for order in priced.orders] == ["66.50", "28.50"]
        assert priced.breakdown.payment_platform_discount_minor == 500

    def test_small_order_fee_looks_at_each_orders_sub_total(self) -> None:
        fees = (Surcharge(SurchargeKind.SMALL_ORDER, 99, below_minor=2000), Surcharge(SurchargeKind.HANDLING, 10))
        basket = a_basket(a_line(1, 1999), a_line(2, 2000, shop_id=OTHER_SHOP), surcharges=fees)
        assert [order.breakdown.fees_minor for order in price(basket).orders] == [109, 10]

    @pytest.mark.parametrize(("difference", "total"), [(25, 2025), (-25, 1975), (-2000, 0)])
    def test_recorded_difference_is_signed_and_in_the_total(self, difference: int, total: int) -> None:
        basket = a_basket(a_line(1, 1500), a_line(2, 500, shop_id=OTHER_SHOP), recorded_difference_minor=difference)
        priced = price(basket)
        assert priced.breakdown.recorded_difference_minor == difference
        assert priced.breakdown.total_minor == total == sum(order.breakdown.total_minor for order in priced.orders)

    def test_recorded_difference_of_a_free_purchase_is_in_its_charges(self) -> None:
        order = the_order(price(a_basket(a_line(1, 0, 3), recorded_difference_minor=7)))
        assert (order.charges.paid_minor, order.breakdown.total_minor) == (7, 7)

    def test_recorded_difference_cannot_take_more_than_there_is(self) -> None:
        with pytest.raises(ValueError, match="recorded difference"):
            price(a_basket(a_line(1, 1500), recorded_difference_minor=-1501))


class TestImports:
    def test_need_a_heading_on_every_line(self) -> None:
        basket = a_basket(a_line(1, 100), tax_inclusive=False, duty=DutyTerms(300, 15_000))
        with pytest.raises(HeadingMissing) as refusal:
            price(basket)
        assert refusal.value == HeadingMissing(line_no=1, sku_id=1)


def work_of(basket: Basket, rules: list[PromotionRule]) -> int:
    """How many calls it takes to price a basket: as good as time, and the same on every machine."""
    calls = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        price_basket(basket=basket, rules=rules, codes=[])
    finally:
        sys.setprofile(None)
    return calls


def a_hundred_rules() -> list[PromotionRule]:
    """Of every layer, for the whole shop and for parts of it, with and without limits."""
    ids = iter(range(1, 101))
    on_items = [
        a_rule(next(ids), PromotionKind.DIRECT_DISCOUNT, RateOff(100 * step), scope=skus(step), uses_left=step or None)
        for step in range(1, 51)
    ]
    of_shop = [
        a_rule(
            next(ids),
            PromotionKind.BUY_MORE_SAVE_MORE,
            Tiers(TierBasis.QUANTITY, (Tier(2, RateOff(100 + step)), Tier(9, RateOff(200 + step)))),
        )
        for step in range(10)
    ]
    coupons = [
        a_coupon(next(ids), AmountOff(100 + step), 1_000, scope=Scope(category_ids=frozenset({step % 5})))
        for step in range(15)
    ]
    platform_coupons = [a_coupon(next(ids), RateOff(100 + step), shop_id=None) for step in range(15)]
    on_shipping = [
        a_rule(next(ids), PromotionKind.SHIPPING_DISCOUNT, AmountOff(step), shop_id=None) for step in range(1, 11)
    ]
    return [*on_items, *of_shop, *coupons, *platform_coupons, *on_shipping]


def lines_of(count: int, quantity: int = 2) -> list[BasketLine]:
    return [
        a_line(line_no, 1_000 + line_no, quantity, category_id=line_no % 5, tax_rate_e5=8_875)
        for line_no in range(1, count + 1)
    ]


class TestWork:
    @pytest.mark.parametrize("tax_inclusive", [True, False])
    def test_grows_no_faster_than_the_lines(self, tax_inclusive: bool) -> None:
        rules = a_hundred_rules()
        assert len(rules) == 100
        two, two_hundred = (
            work_of(a_basket(*lines_of(count), tax_inclusive=tax_inclusive), rules) for count in (2, 200)
        )
        assert two_hundred <= 20 * two

    def test_does_not_grow_with_the_quantity(self) -> None:
        rules = a_hundred_rules()
        few, many = (work_of(a_basket(*lines_of(30, quantity)), rules) for quantity in (2, 200))
        assert many <= 1.1 * few

    def test_keeps_six_thousand_pieces_as_thirty_lines(self) -> None:
        priced = price_basket(basket=a_basket(*lines_of(30, 200)), rules=a_hundred_rules()[50:], codes=[])
        assert len(all_lines(priced)) == 30
        assert sum(line.quantity for line in all_lines(priced)) == 6_000
