"""What the contracts refuse of their callers."""

from collections.abc import Callable

import pytest

from apps.pricing.api import (
    AmountOff,
    Bundle,
    BundlePart,
    DutyTerms,
    FixedPrice,
    Layer,
    PromotionKind,
    RateOff,
    ShopShipping,
    Surcharge,
    SurchargeKind,
    TierBasis,
    Tiers,
)
from tests.factories.pricing import OTHER_SHOP, SHOP, a_basket, a_line, a_rule
from tradecore.money import MAX_MINOR


class TestContracts:
    @pytest.mark.parametrize(
        ("make", "what"),
        [
            (lambda: a_line(1, 100, 0), "at least one piece"),
            (lambda: a_line(1, -1), "out of bounds"),
            (lambda: a_line(1, MAX_MINOR, 2), "out of bounds"),
            (lambda: a_line(1, 1, weight_grams=-1), "not negative"),
            (lambda: ShopShipping(SHOP, -1), "not negative"),
            (lambda: Surcharge(SurchargeKind.COD, -1), "not negative"),
            (a_basket, "not empty"),
            (lambda: a_basket(a_line(1, 1), a_line(1, 2)), "distinct"),
            (lambda: a_basket(a_line(1, 1), shipping=()), "exactly one shipping quote"),
            (lambda: a_basket(a_line(1, 1), shipping=(ShopShipping(OTHER_SHOP, 0),)), "exactly one shipping quote"),
            (lambda: a_basket(a_line(1, 1), duty=DutyTerms(300, 15_000)), "before tax"),
            (lambda: AmountOff(-1), "not negative"),
            (lambda: RateOff(10_001), "at most the whole price"),
            (lambda: RateOff(1, cap_minor=-1), "not negative"),
            (lambda: FixedPrice(-1), "not negative"),
            (lambda: Tiers(TierBasis.AMOUNT, ()), "at least one tier"),
            (lambda: Bundle((), AmountOff(1)), "pieces"),
            (lambda: Bundle((BundlePart(1, 1), BundlePart(1, 2)), AmountOff(1)), "each SKU once"),
            (lambda: a_rule(1, PromotionKind.COUPON, FixedPrice(1)), "its own benefits"),
            (lambda: a_rule(1, PromotionKind.BUNDLE, AmountOff(1)), "its own benefits"),
            (lambda: a_rule(1, PromotionKind.COUPON, AmountOff(1), platform_share_bp=10_001), "at most the whole"),
            (lambda: a_rule(1, PromotionKind.CAMPAIGN, AmountOff(1), min_spend_minor=1), "no minimum spend"),
            (lambda: a_rule(1, PromotionKind.COUPON, AmountOff(1), min_spend_minor=-1), "not negative"),
            (
                lambda: a_rule(1, PromotionKind.BUNDLE, Bundle((BundlePart(1, 1),), AmountOff(1)), shop_id=None),
                "belongs to a shop",
            ),
        ],
    )
    def test_refuse_what_no_caller_may_give(self, make: Callable[[], object], what: str) -> None:
        with pytest.raises(ValueError, match=what):
            make()


class TestLayer:
    @pytest.mark.parametrize(
        ("kind", "shop_id", "layer"),
        [
            (PromotionKind.CAMPAIGN, None, Layer.ITEM_PRICE),
            (PromotionKind.COUPON, SHOP, Layer.SELLER_COUPON),
            (PromotionKind.COUPON, None, Layer.PLATFORM_COUPON),
            (PromotionKind.SHIPPING_DISCOUNT, SHOP, Layer.SHIPPING),
            (PromotionKind.SHIPPING_DISCOUNT, None, Layer.SHIPPING),
        ],
    )
    def test_follows_from_kind_and_owner(self, kind: PromotionKind, shop_id: int | None, layer: Layer) -> None:
        assert a_rule(1, kind, AmountOff(1), shop_id=shop_id).layer is layer
