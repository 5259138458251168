"""Random baskets and rules, small enough to meet one another: the same few ids, prices near the thresholds."""

from typing import Any

from hypothesis import strategies as st

from apps.pricing.api import (
    AmountOff,
    Basket,
    BasketLine,
    Bundle,
    BundlePart,
    DutyTerms,
    FixedPrice,
    PaymentDiscount,
    PromotionKind,
    PromotionRule,
    RateOff,
    Scope,
    ShopShipping,
    Surcharge,
    SurchargeKind,
    TaxBasePolicy,
    Tier,
    TierBasis,
    Tiers,
)

SHOPS = (1, 2)
CODES = ("SAVE", "MORE")
ITEM_KINDS = (
    PromotionKind.FLASH_SALE,
    PromotionKind.LIVE_FLASH_SALE,
    PromotionKind.CAMPAIGN,
    PromotionKind.FIXED_PRICE,
    PromotionKind.DIRECT_DISCOUNT,
)

amounts = st.integers(min_value=0, max_value=5_000)
rates_off = st.builds(RateOff, st.integers(min_value=0, max_value=10_000), st.none() | amounts)
offs = st.builds(AmountOff, amounts) | rates_off
prices = st.builds(FixedPrice, amounts)
tax_rates = st.sampled_from([0, 5_500, 8_875, 20_000])


@st.composite
def lines(draw: st.DrawFn, line_no: int) -> BasketLine:
    return BasketLine(
        line_no=line_no,
        shop_id=draw(st.sampled_from(SHOPS)),
        sku_id=draw(st.integers(min_value=1, max_value=4)),
        product_id=draw(st.integers(min_value=1, max_value=3)),
        category_id=draw(st.none() | st.integers(min_value=1, max_value=2)),
        list_unit_minor=draw(st.sampled_from([0, 1, 5, 333, 1999]) | amounts),
        quantity=draw(st.sampled_from([1, 2, 3, 7, 6_000])),
        tax_rate_e5=draw(tax_rates),
        hs6=draw(st.sampled_from(["610910", "640411"])),
    )


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    some_lines = tuple(draw(lines(line_no)) for line_no in range(1, draw(st.integers(1, 5)) + 1))
    tax_inclusive = draw(st.booleans())
    with_duty = not tax_inclusive and draw(st.booleans())
    surcharges = st.builds(
        Surcharge, st.sampled_from(SurchargeKind), st.integers(min_value=0, max_value=300), st.none() | amounts
    )
    return Basket(
        currency="GBP",
        tax_inclusive=tax_inclusive,
        tax_base_policy=draw(st.sampled_from(TaxBasePolicy)),
        lines=some_lines,
        shipping=tuple(
            ShopShipping(shop_id, draw(st.integers(min_value=0, max_value=900)), draw(tax_rates))
            for shop_id in sorted({line.shop_id for line in some_lines})
        ),
        duty=DutyTerms(per_heading_minor=300, intrinsic_max_minor=10**12) if with_duty else None,
        surcharges=tuple(draw(st.lists(surcharges, max_size=2))),
        payment_discount=draw(st.none() | st.builds(PaymentDiscount, st.just(900), offs)),
        recorded_difference_minor=draw(st.just(0) | st.integers(min_value=0, max_value=700)),
    )


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    ids = st.frozensets(st.integers(min_value=1, max_value=4), max_size=2)
    if draw(st.sampled_from([True, True, False])):
        return Scope()
    return draw(st.builds(Scope, sku_ids=ids, product_ids=ids, category_ids=ids, shop_ids=ids))


@st.composite
def rules(draw: st.DrawFn, promotion_id: int) -> PromotionRule:
    kind = draw(st.sampled_from([*PromotionKind, PromotionKind.COUPON, PromotionKind.COUPON]))
    of_platform = kind in {*ITEM_KINDS, PromotionKind.COUPON, PromotionKind.SHIPPING_DISCOUNT} and draw(st.booleans())
    limits = st.sampled_from([None, None, None, None, 0, 1, 4])
    return PromotionRule(
        promotion_id=promotion_id,
        kind=kind,
        shop_id=None if of_platform else draw(st.sampled_from(SHOPS)),
        currency=draw(st.sampled_from(["GBP"] * 15 + ["USD"])),
        benefit=draw(_benefits(kind)),
        platform_share_bp=draw(st.sampled_from([0, 3_000, 7_000, 10_000])),
        min_spend_minor=0 if kind in ITEM_KINDS else draw(st.sampled_from([0, 0, 2_000, 10_000])),
        scope=draw(scopes()),
        excluded=draw(scopes()),
        code=draw(st.sampled_from([None, None, *CODES])),
        uses_left=draw(limits),
        uses_left_for_buyer=draw(limits),
        budget_left_minor=draw(st.sampled_from([None, None, None, 0, 150, 5_000])),
    )


def _benefits(kind: PromotionKind) -> st.SearchStrategy[Any]:
    if kind in ITEM_KINDS:
        return offs | prices
    if kind is PromotionKind.BUNDLE:
        parts = st.lists(
            st.builds(BundlePart, st.integers(min_value=1, max_value=4), st.integers(min_value=1, max_value=2)),
            min_size=1,
            max_size=3,
            unique_by=lambda part: part.sku_id,
        )
        return st.builds(Bundle, parts.map(tuple), offs | prices)
    if kind in {PromotionKind.BUY_MORE_SAVE_MORE, PromotionKind.FULL_REDUCTION}:
        tiers = st.lists(
            st.builds(Tier, st.integers(min_value=1, max_value=3_000), offs),
            min_size=1,
            max_size=3,
            unique_by=lambda tier: tier.threshold,
        )
        return st.builds(Tiers, st.sampled_from(TierBasis), tiers.map(tuple))
    return offs


@st.composite
def rule_lists(draw: st.DrawFn) -> list[PromotionRule]:
    return [draw(rules(promotion_id)) for promotion_id in range(1, draw(st.integers(0, 8)) + 1)]
