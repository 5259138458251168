"""What pricing is told of promotions: what may apply, as it stands, and nothing else."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.pricing import api as pricing
from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind, Target, TargetKind
from tests.factories.promotions import hold_promotions, make_draft, make_promotion, use_of
from tests.support import NOON
from tradecore import freezes
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

BUYER = 77
SHOP, OTHER_SHOP = 11, 12
CATEGORY, PRODUCT, SKU = 21, 31, 41


def list_rules(
    *, codes: Iterable[str] = (), market: str = "GB", category_ids: Iterable[int] = (CATEGORY,)
) -> tuple[pricing.PromotionRule, ...]:
    """What may apply to a basket of one SKU."""
    return promotions.list_rules(
        market=market,
        shop_ids={SHOP},
        product_ids={PRODUCT},
        sku_ids={SKU},
        category_ids=category_ids,
        codes=tuple(codes),
        buyer_ref=BUYER,
        now=NOON,
    )


def make_discount(*targets: Target, shop_id: int = SHOP) -> promotions.Promotion:
    return make_promotion(PromotionKind.DIRECT_DISCOUNT, shop_id=shop_id, targets=targets)


class TestScope:
    @pytest.mark.parametrize(
        ("target", "scope"),
        [
            (Target(TargetKind.SHOP, SHOP), pricing.Scope(shop_ids=frozenset({SHOP}))),
            (Target(TargetKind.CATEGORY, CATEGORY), pricing.Scope(category_ids=frozenset({CATEGORY}))),
            (Target(TargetKind.PRODUCT, PRODUCT), pricing.Scope(product_ids=frozenset({PRODUCT}))),
            (Target(TargetKind.SKU, SKU), pricing.Scope(sku_ids=frozenset({SKU}))),
        ],
    )
    def test_finds_what_names_something_in_the_basket(self, target: Target, scope: pricing.Scope) -> None:
        promotion = make_discount(target)
        (rule,) = list_rules()
        assert (rule.promotion_id, rule.scope) == (promotion.id, scope)

    def test_finds_what_is_for_everything(self) -> None:
        promotion = make_promotion(PromotionKind.SHIPPING_DISCOUNT)
        (rule,) = list_rules()
        assert (rule.promotion_id, rule.scope, rule.shop_id) == (promotion.id, pricing.Scope(), None)

    @pytest.mark.parametrize("kind", [TargetKind.CATEGORY, TargetKind.PRODUCT, TargetKind.SKU])
    def test_leaves_out_what_names_something_else(self, kind: TargetKind) -> None:
        make_discount(Target(kind, 99))
        assert list_rules() == ()

    def test_leaves_out_the_categories_of_shops_that_are_not_in_the_basket(self) -> None:
        make_discount(Target(TargetKind.CATEGORY, CATEGORY), shop_id=OTHER_SHOP)
        own = make_discount(Target(TargetKind.CATEGORY, CATEGORY))
        platform = make_promotion(PromotionKind.SHIPPING_DISCOUNT, targets=(Target(TargetKind.CATEGORY, CATEGORY),))
        assert [rule.promotion_id for rule in list_rules()] == [own.id, platform.id]

    def test_names_only_what_is_in_the_basket(self) -> None:
        make_discount(Target(TargetKind.SKU, SKU), Target(TargetKind.SKU, 99), Target(TargetKind.PRODUCT, PRODUCT))
        (rule,) = list_rules()
        assert rule.scope == pricing.Scope(sku_ids=frozenset({SKU}), product_ids=frozenset({PRODUCT}))

    def test_leaves_out_other_markets(self) -> None:
        make_promotion(PromotionKind.SHIPPING_DISCOUNT, market="FR")
        assert list_rules() == ()
        assert len(list_rules(market="FR")) == 1


class TestCodes:
    def test_are_needed(self) -> None:
        coupon = make_promotion(code="SAVE10")
        assert list_rules() == ()
        (rule,) = list_rules(codes=["save10"])
        assert (rule.promotion_id, rule.code, rule.kind) == (coupon.id, "SAVE10", pricing.PromotionKind.COUPON)

    def test_are_those_of_the_market(self) -> None:
        make_promotion(code="SAVE10", market="FR")
        assert list_rules(codes=["SAVE10"]) == ()

    def test_bring_the_whole_scope_so_that_a_miss_can_be_told(self) -> None:
        make_promotion(
            PromotionKind.SELLER_COUPON,
            code="SHOES",
            shop_id=SHOP,
            targets=(Target(TargetKind.SKU, 98), Target(TargetKind.SKU, 99)),
        )
        (rule,) = list_rules(codes=["SHOES"])
        assert rule.scope == pricing.Scope(sku_ids=frozenset({98, 99}))

    def test_refuse_what_no_code_looks_like(self) -> None:
        with pytest.raises(promotions.CouponCodeInvalid):
            list_rules(codes=["no code"])


class TestStanding:
    def test_leaves_out_what_does_not_apply_now(self) -> None:
        make_draft(PromotionKind.SHIPPING_DISCOUNT)
        make_promotion(
            PromotionKind.SHIPPING_DISCOUNT, starts_at=NOON + timedelta(days=1), ends_at=NOON + timedelta(days=2)
        )
        make_promotion(PromotionKind.SHIPPING_DISCOUNT, starts_at=NOON - timedelta(days=2), ends_at=NOON)
        stopped = make_promotion(PromotionKind.SHIPPING_DISCOUNT)
        promotions.deactivate_promotion(promotion_id=stopped.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        frozen = make_promotion(PromotionKind.SHIPPING_DISCOUNT)
        freezes.place_freeze(kind=freezes.PROMOTION, subject=frozen.id, reason="odd", actor="ops", now=NOON)
        assert list_rules() == ()

    def test_says_what_is_left(self) -> None:
        promotion = make_promotion(code="SAVE10", uses_cap=10, uses_per_buyer_cap=3, budget_minor=5_000)
        hold_promotions(use_of(promotion, amount_minor=600), buyer_ref=BUYER)
        hold_promotions(use_of(promotion, amount_minor=400), buyer_ref=new_id())
        (rule,) = list_rules(codes=["SAVE10"])
        assert (rule.uses_left, rule.uses_left_for_buyer, rule.budget_left_minor) == (8, 2, 4_000)

    def test_says_that_nothing_bounds_it(self) -> None:
        make_promotion(code="SAVE10")
        (rule,) = list_rules(codes=["SAVE10"])
        assert (rule.uses_left, rule.uses_left_for_buyer, rule.budget_left_minor) == (None, None, None)

    def test_tells_what_is_used_up_so_that_pricing_can_explain_it(self) -> None:
        promotion = make_promotion(code="SAVE10", uses_cap=1, uses_per_buyer_cap=1)
        hold_promotions(use_of(promotion), buyer_ref=BUYER)
        (rule,) = list_rules(codes=["SAVE10"])
        assert (rule.uses_left, rule.uses_left_for_buyer) == (0, 0)


class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "layer"),
        [
            (PromotionKind.FIXED_PRICE, pricing.Layer.ITEM_PRICE),
            (PromotionKind.DIRECT_DISCOUNT, pricing.Layer.ITEM_PRICE),
            (PromotionKind.SELLER_COUPON, pricing.Layer.SELLER_COUPON),
            (PromotionKind.PLATFORM_COUPON, pricing.Layer.PLATFORM_COUPON),
            (PromotionKind.SHIPPING_DISCOUNT, pricing.Layer.SHIPPING),
        ],
    )
    def test_find_their_rung_of_the_ladder(self, kind: PromotionKind, layer: pricing.Layer) -> None:
        owner = (
            {"shop_id": SHOP} if kind not in (PromotionKind.PLATFORM_COUPON, PromotionKind.SHIPPING_DISCOUNT) else {}
        )
        promotion = make_promotion(kind, **owner)
        (rule,) = list_rules(codes=[promotion.terms.code] if promotion.terms.code else [])
        assert rule.layer is layer
        assert rule.benefit == promotion.terms.benefit
        assert rule.platform_share_bp == promotion.terms.platform_share_bp
        assert rule.min_spend_minor == promotion.terms.min_spend_minor


class TestStatements:
    def test_do_not_grow_with_promotions(self) -> None:
        for number in range(5):
            make_discount(Target(TargetKind.SKU, SKU))
            make_promotion(code=f"SAVE-{number}", uses_per_buyer_cap=1)
        with CaptureQueriesContext(connection) as captured:
            rules = list_rules(codes=[f"SAVE-{number}" for number in range(5)])
        assert len(rules) == 10
        assert len(captured) == 1

    def test_are_one_without_codes(self) -> None:
        with CaptureQueriesContext(connection) as captured:
            list_rules()
        assert len(captured) == 1
