"""The eight worked examples, to the cent: what is bought, what goes back, and what it costs the seller."""

import pytest

from apps.pricing.api import (
    AmountOff,
    Basket,
    Cover,
    DutyTerms,
    Fee,
    FeeAmounts,
    FeeBasis,
    FeeRefundPolicy,
    FeeTerms,
    FixedPrice,
    IntrinsicValueExceeded,
    PricedBasket,
    PricedLine,
    PromotionKind,
    PromotionUse,
    RateOff,
    RefundCause,
    RefundPart,
    ShopShipping,
    TaxBasePolicy,
    Tier,
    TierBasis,
    Tiers,
    charge_fee,
    charges_back,
    convert,
    cover_debit,
    fee_back,
    fee_base,
    refund_discount,
    refund_part,
    refundable_charges,
    refundable_line,
    reserve,
)
from tests.factories.pricing import (
    OTHER_SHOP,
    SHOP,
    a_basket,
    a_coupon,
    a_line,
    a_rule,
    all_lines,
    discounts_of,
    nets,
    price,
    skus,
    the_order,
)
from tradecore.money import Money


def refund(line: PricedLine, units_from: int, units_to: int) -> RefundPart:
    return refund_part(line=refundable_line(line), units_from=units_from, units_to=units_to)


class TestE1:
    """US, tax on top, an item price and a capped coupon; the seller pays the shipping."""

    @pytest.fixture
    def priced(self) -> PricedBasket:
        basket = a_basket(
            a_line(1, 1999, tax_rate_e5=8875),
            a_line(2, 500, 3, tax_rate_e5=8875),
            currency="USD",
            tax_inclusive=False,
            shipping=(ShopShipping(SHOP, 499, tax_rate_e5=8875),),
        )
        return price(
            basket,
            a_rule(11, PromotionKind.FIXED_PRICE, FixedPrice(1499), currency="USD", scope=skus(1)),
            a_coupon(12, RateOff(1500, cap_minor=500), 2000, currency="USD"),
            a_rule(13, PromotionKind.SHIPPING_DISCOUNT, RateOff(10_000), currency="USD"),
        )

    def test_is_priced_to_the_cent(self, priced: PricedBasket) -> None:
        assert discounts_of(priced, 11) == [500, 0]
        assert discounts_of(priced, 12) == [225, 225]
        assert nets(priced) == [1274, 1275]
        assert [line.tax_minor for line in all_lines(priced)] == [113, 113]
        order = the_order(priced).breakdown
        assert (order.sub_total_minor, order.tax_minor) == (2549, 226)
        assert (order.original_shipping_fee_minor, order.shipping_fee_seller_discount_minor) == (499, 499)
        assert (order.shipping_fee_minor, order.shipping_tax_minor) == (0, 0)
        assert priced.total == Money(2775, "USD")

    def test_refunds_one_of_three_and_then_the_others(self, priced: PricedBasket) -> None:
        three = all_lines(priced)[1]
        one, others = refund(three, 0, 1), refund(three, 1, 3)
        assert (one.net_minor, one.tax_minor, one.paid_minor) == (425, 37, 462)
        assert (others.net_minor, others.tax_minor, others.paid_minor) == (850, 76, 926)
        assert one.paid_minor + others.paid_minor == 1388 == three.paid_minor

    def test_keeps_a_fifth_of_the_referral_fee_that_goes_back(self) -> None:
        referral = FeeTerms(rate_bp=600, refund_policy=FeeRefundPolicy.PRO_RATA_MINUS_ADMIN)
        assert charge_fee(terms=referral, base_minor=2549) == Fee(153, 0)
        whole = fee_back(terms=referral, base_minor=2549, returned_before_minor=0, returned_minor=1275)
        assert whole == Fee(62, 0)
        first = fee_back(terms=referral, base_minor=2549, returned_before_minor=0, returned_minor=425)
        rest = fee_back(terms=referral, base_minor=2549, returned_before_minor=425, returned_minor=850)
        assert first.amount_minor + rest.amount_minor == 62


def e2_basket(policy: TaxBasePolicy = TaxBasePolicy.NET_PAID) -> Basket:
    return a_basket(
        a_line(1, 2499, 2, tax_rate_e5=20_000),
        a_line(2, 1250, tax_rate_e5=20_000),
        a_line(3, 799, 3),
        shipping=(ShopShipping(SHOP, 399, tax_rate_e5=20_000),),
        tax_base_policy=policy,
    )


def e2(policy: TaxBasePolicy = TaxBasePolicy.NET_PAID) -> PricedBasket:
    """UK, tax inside, a seller's and a platform's coupon, subsidised shipping."""
    return price(
        e2_basket(policy),
        a_rule(21, PromotionKind.DIRECT_DISCOUNT, RateOff(1000), scope=skus(1)),
        a_coupon(22, AmountOff(800), 6000),
        a_coupon(23, RateOff(1000, cap_minor=600), 5000, shop_id=None),
        a_rule(24, PromotionKind.SHIPPING_DISCOUNT, AmountOff(200), shop_id=None),
    )


COMMISSION = FeeTerms(rate_bp=900)
CREATOR = FeeTerms(rate_bp=1000)


class TestE2:
    def test_walks_down_the_ladder(self) -> None:
        priced = e2()
        assert [line.list_minor for line in all_lines(priced)] == [4998, 1250, 2397]
        assert [line.unit_minor for line in all_lines(priced)] == [2249, 1250, 799]
        assert discounts_of(priced, 21) == [500, 0, 0]
        assert discounts_of(priced, 22) == [442, 123, 235]
        assert discounts_of(priced, 23) == [331, 92, 177]
        assert nets(priced) == [3725, 1035, 1985]
        assert [line.tax_minor for line in all_lines(priced)] == [621, 173, 0]

    def test_comes_to_what_the_buyer_pays(self) -> None:
        priced = e2()
        order = the_order(priced).breakdown
        assert (order.seller_discount_minor, order.platform_discount_minor, order.sub_total_minor) == (1300, 600, 6745)
        assert (order.shipping_fee_platform_discount_minor, order.shipping_fee_minor) == (200, 199)
        assert (order.tax_minor - order.shipping_tax_minor, order.shipping_tax_minor) == (794, 33)
        assert priced.total == Money(6944, "GBP")

    def test_taxes_what_the_platform_pays_where_the_policy_says_so(self) -> None:
        priced = e2(TaxBasePolicy.BEFORE_PLATFORM_COUPON)
        assert [line.tax_minor for line in all_lines(priced)] == [676, 188, 0]
        order = the_order(priced).breakdown
        assert (order.tax_minor - order.shipping_tax_minor, order.shipping_tax_minor) == (864, 67)
        assert priced.total == Money(6944, "GBP")

    def test_settles_with_commission_and_creator(self) -> None:
        priced = e2()
        order, with_creator = the_order(priced).breakdown, all_lines(priced)[0]
        commission = charge_fee(terms=COMMISSION, base_minor=e2_commission_base(priced)).amount_minor
        creator = charge_fee(terms=CREATOR, base_minor=before_tax(with_creator)).amount_minor
        assert (e2_commission_base(priced), before_tax(with_creator)) == (7544, 3104)
        assert (commission, creator) == (679, 310)
        revenue = order.total_minor + order.platform_discount_minor + order.shipping_fee_platform_discount_minor
        assert (revenue, revenue - commission - creator) == (7744, 6755)

    def test_uses_each_promotion_once_and_says_who_pays(self) -> None:
        assert e2().promotion_uses == (
            PromotionUse(promotion_id=21, units=2, seller_minor=500, platform_minor=0),
            PromotionUse(promotion_id=22, units=1, seller_minor=800, platform_minor=0),
            PromotionUse(promotion_id=23, units=1, seller_minor=0, platform_minor=600),
            PromotionUse(promotion_id=24, units=1, seller_minor=0, platform_minor=200),
        )


def e2_commission_base(priced: PricedBasket) -> int:
    order = the_order(priced).breakdown
    return fee_base(
        basis=FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT,
        amounts=FeeAmounts(
            net_minor=order.sub_total_minor,
            tax_inclusive=True,
            platform_discount_minor=order.platform_discount_minor,
            shipping_fee_minor=order.shipping_fee_minor,
        ),
    )


def before_tax(part: PricedLine | RefundPart) -> int:
    return fee_base(
        basis=FeeBasis.GOODS_BEFORE_TAX,
        amounts=FeeAmounts(net_minor=part.net_minor, tax_minor=part.tax_minor, tax_inclusive=True),
    )


class TestE3:
    """Partial refunds of E2 until nothing is left: buyer, VAT, claw-back, commission, creator, seller's net."""

    # Line, units before and after, cause, whether they are the order's last.
    STEPS = (
        (0, 0, 1, RefundCause.CHANGE_OF_MIND, False),
        (0, 1, 2, RefundCause.SELLER_FAULT, False),
        (2, 0, 2, RefundCause.CHANGE_OF_MIND, False),
        (2, 2, 3, RefundCause.CHANGE_OF_MIND, False),
        (1, 0, 1, RefundCause.SELLER_FAULT, True),
    )

    def rows(self) -> list[tuple[int, ...]]:
        priced = e2()
        lines, charges = all_lines(priced), refundable_charges(the_order(priced))
        commission_base, creator_base = e2_commission_base(priced), before_tax(lines[0])
        returned, creator_returned = 0, 0
        rows: list[tuple[int, ...]] = []
        for place, units_from, units_to, cause, is_last in self.STEPS:
            part = refund(lines[place], units_from, units_to)
            shipping = charges_back(charges=charges, cause=cause, is_last=is_last)
            buyer, clawback = part.paid_minor + shipping.paid_minor, part.platform_discount_minor
            commission = fee_back(
                terms=COMMISSION,
                base_minor=commission_base,
                returned_before_minor=returned,
                returned_minor=buyer + clawback,
            ).amount_minor
            returned += buyer + clawback
            of_creator = before_tax(part) if place == 0 else 0
            creator = fee_back(
                terms=CREATOR,
                base_minor=creator_base,
                returned_before_minor=creator_returned,
                returned_minor=of_creator,
            ).amount_minor
            creator_returned += of_creator
            seller_net = commission + creator - buyer - clawback
            rows.append((buyer, part.tax_minor, clawback, commission, creator, seller_net))
        return rows

    def test_goes_back_to_the_cent_at_each_step(self) -> None:
        assert self.rows() == [
            (1862, 310, 165, 182, 155, -1690),
            (1863, 311, 166, 183, 155, -1691),
            (1323, 0, 118, 130, 0, -1311),
            (662, 0, 59, 65, 0, -656),
            (1035 + 199, 173, 92, 119, 0, -1207),
        ]

    def test_adds_up_to_what_was_paid_charged_and_funded(self) -> None:
        buyer, vat, clawback, commission, creator, seller_net = (
            sum(column) for column in zip(*self.rows(), strict=True)
        )
        assert (buyer, vat, clawback, commission, creator) == (6944, 794, 600, 679, 310)
        assert (seller_net, 6755 + seller_net) == (-6555, 200)

    def test_gives_the_shipping_subsidy_and_its_vat_back_at_the_end(self) -> None:
        charges = refundable_charges(the_order(e2()))
        shipping = charges_back(charges=charges, cause=RefundCause.SELLER_FAULT, is_last=True)
        assert (shipping.paid_minor, shipping.shipping_tax_minor, shipping.shipping_subsidy_minor) == (199, 33, 200)


class TestE4:
    """The traps of rounding: no price rises, nothing becomes negative, every cent stays."""

    @pytest.mark.parametrize(
        ("prices", "coupon", "shares"),
        [
            ([333, 333, 333], 100, [34, 33, 33]),
            ([5, 5, 5, 1], 8, [3, 3, 2, 0]),
            ([1999, 1, 1], 2000, [1998, 1, 1]),
        ],
    )
    def test_divides_a_coupon_by_largest_remainder(self, prices: list[int], coupon: int, shares: list[int]) -> None:
        lines = [a_line(line_no, minor) for line_no, minor in enumerate(prices, start=1)]
        priced = price(a_basket(*lines), a_coupon(41, AmountOff(coupon)))
        assert discounts_of(priced, 41) == shares
        assert min(nets(priced)) >= 0

    def test_divides_a_price_over_units_by_cumulative_floor(self) -> None:
        (line,) = all_lines(price(a_basket(a_line(1, 400, 3)), a_coupon(42, AmountOff(200))))
        assert [refund(line, unit, unit + 1).paid_minor for unit in range(3)] == [333, 333, 334]
        assert [refund(line, 0, 1).paid_minor, refund(line, 1, 3).paid_minor] == [333, 667]


class TestE5:
    """A platform coupon across two shops, funded 70 to 30, and a seller's coupon in one of them."""

    @pytest.fixture
    def priced(self) -> PricedBasket:
        basket = a_basket(a_line(1, 6500), a_line(2, 1990), a_line(3, 3480, shop_id=OTHER_SHOP))
        return price(
            basket,
            a_coupon(51, AmountOff(1000)),
            a_coupon(52, AmountOff(2000), 10_000, shop_id=None, platform_share_bp=7000),
        )

    def test_is_divided_once_over_the_lines_of_both(self, priced: PricedBasket) -> None:
        assert discounts_of(priced, 51) == [766, 234, 0]
        assert discounts_of(priced, 52) == [1045, 320, 635]
        assert [order.total.amount for order in priced.orders] == ["61.25", "28.45"]
        assert priced.total == Money(8970, "GBP")

    def test_splits_the_funding_before_the_lines(self, priced: PricedBasket) -> None:
        funded = [
            (discount.platform_minor, discount.seller_minor)
            for line in all_lines(priced)
            for discount in line.discounts
            if discount.promotion_id == 52
        ]
        assert funded == [(732, 313), (224, 96), (444, 191)]
        assert [sum(part) for part in zip(*funded, strict=True)] == [1400, 600]

    def test_gives_back_one_shop_and_leaves_the_other_as_it_was_sold(self, priced: PricedBasket) -> None:
        kept, cancelled = priced.orders
        (line,) = cancelled.lines
        assert refund(line, 0, 1).paid_minor == 2845
        to_budgets = refund_discount(discount=line.discounts[0], quantity=1, units_from=0, units_to=1)
        assert (to_budgets.platform_minor, to_budgets.seller_minor) == (444, 191)
        assert sum(discounts_of(priced, 52)[:2]) == 1365
        assert kept.total == Money(6125, "GBP")


class TestE6:
    """A flash price with a quota, buy more save more on the rest, and a coupon on everything."""

    @pytest.fixture
    def priced(self) -> PricedBasket:
        ten_percent_from_three = Tiers(TierBasis.QUANTITY, (Tier(3, RateOff(1000)),))
        return price(
            a_basket(a_line(1, 2500, 3), a_line(2, 3000, 2)),
            a_rule(61, PromotionKind.FLASH_SALE, FixedPrice(990), scope=skus(1), uses_left_for_buyer=2),
            a_rule(62, PromotionKind.BUY_MORE_SAVE_MORE, ten_percent_from_three),
            a_coupon(63, AmountOff(500)),
        )

    def test_splits_a_line_by_price(self, priced: PricedBasket) -> None:
        segments = [(line.line_no, line.segment_no, line.quantity, line.unit_minor) for line in all_lines(priced)]
        assert segments == [(1, 1, 2, 990), (1, 2, 1, 2500), (2, 1, 2, 3000)]

    def test_keeps_the_shop_rule_off_the_flash_pieces(self, priced: PricedBasket) -> None:
        assert discounts_of(priced, 62) == [0, 250, 600]
        assert discounts_of(priced, 63) == [103, 117, 280]
        assert nets(priced) == [1877, 2133, 5120]
        assert priced.total == Money(9130, "GBP")

    def test_counts_pieces_for_the_quota(self, priced: PricedBasket) -> None:
        flash = priced.promotion_uses[0]
        assert (flash.units, flash.amount_minor) == (2, 3020)


class TestE7:
    """FR, imported under the scheme: duty per heading, VAT on goods, shipping share and duty."""

    DUTY = DutyTerms(per_heading_minor=300, intrinsic_max_minor=15_000)

    def basket(self, shoes_minor: int = 3500) -> Basket:
        return a_basket(
            a_line(1, 1200, 2, hs6="610910", tax_rate_e5=20_000),
            a_line(2, shoes_minor, hs6="640411", tax_rate_e5=20_000),
            currency="EUR",
            tax_inclusive=False,
            shipping=(ShopShipping(SHOP, 400, tax_rate_e5=20_000),),
            duty=self.DUTY,
        )

    def test_lands_with_duty_and_vat(self) -> None:
        priced = price(self.basket())
        lines, order = all_lines(priced), the_order(priced).breakdown
        assert [line.shipping_share_minor for line in lines] == [163, 237]
        assert [line.duty_minor for line in lines] == [300, 300]
        assert [line.tax_base_minor for line in lines] == [2863, 4037]
        assert [line.tax_minor for line in lines] == [573, 807]
        assert (order.duty_minor, order.tax_minor, order.shipping_tax_minor) == (600, 1380, 0)
        assert order.sub_total_minor + order.shipping_fee_minor == 6300
        assert priced.total == Money(8280, "EUR")

    def test_owes_a_fifth_of_the_duty_in_vat(self) -> None:
        without = a_basket(*self.basket().lines, currency="EUR", tax_inclusive=False, shipping=self.basket().shipping)
        assert price(without).breakdown.tax_minor == 1260
        assert price(self.basket()).breakdown.tax_minor == 1260 + 120

    def test_is_refused_above_the_intrinsic_value(self) -> None:
        with pytest.raises(IntrinsicValueExceeded) as refusal:
            price(self.basket(shoes_minor=13_600))
        assert refusal.value == IntrinsicValueExceeded(shop_id=SHOP, intrinsic_minor=16_000, max_minor=15_000)


class TestE8:
    """A currency without decimals, a payout in another one, a reserve, and a late refund."""

    COMMISSION = FeeTerms(rate_bp=700)
    CREATOR = FeeTerms(rate_bp=800)

    @pytest.fixture
    def priced(self) -> PricedBasket:
        lines = [a_line(line_no, yen, tax_rate_e5=10_000) for line_no, yen in enumerate((1980, 1980, 3300), start=1)]
        return price(a_basket(*lines, currency="JPY"), a_coupon(81, AmountOff(500), currency="JPY"))

    def test_is_priced_to_the_yen(self, priced: PricedBasket) -> None:
        assert discounts_of(priced, 81) == [137, 136, 227]
        assert nets(priced) == [1843, 1844, 3073]
        assert [line.tax_minor for line in all_lines(priced)] == [168, 168, 279]
        assert priced.total.amount == "6760"

    def test_is_paid_out_after_fees_and_reserve(self, priced: PricedBasket) -> None:
        total, third = priced.breakdown.total_minor, all_lines(priced)[2]
        commission = charge_fee(terms=self.COMMISSION, base_minor=total).amount_minor
        creator = charge_fee(terms=self.CREATOR, base_minor=before_tax(third)).amount_minor
        settlement = total - commission - creator
        held = reserve(settlement_minor=settlement, rate_bp=1000)
        assert (commission, creator, settlement, held) == (473, 224, 6063, 606)
        payout = Money(settlement - held, "JPY")
        assert payout.amount == "5457"
        assert convert(amount=payout, rate_e6=6712, currency="USD") == Money(3663, "USD")

    def test_takes_a_late_refund_from_the_reserve_first(self, priced: PricedBasket) -> None:
        third = refund(all_lines(priced)[2], 0, 1)
        commission = fee_back(
            terms=self.COMMISSION, base_minor=6760, returned_before_minor=0, returned_minor=third.net_minor
        ).amount_minor
        creator = fee_back(
            terms=self.CREATOR, base_minor=2794, returned_before_minor=0, returned_minor=before_tax(third)
        ).amount_minor
        assert (third.paid_minor, commission, creator) == (3073, 215, 224)
        debit = third.paid_minor - commission - creator
        assert (debit, cover_debit(debit_minor=debit, reserve_minor=606)) == (2634, Cover(606, 2028))
