"""What SQL itself refuses, whatever the code does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind
from apps.promotions.models import BuyerUsage, Promotion, PromotionHold, PromotionScope, PromotionUse
from tests.factories.promotions import hold_promotions, make_draft, make_promotion, use_of
from tests.support import NOON
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


def refuses(body: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            body()
    except IntegrityError:
        return True
    return False


class TestPromotion:
    @pytest.mark.parametrize(
        "fields",
        [
            {"held_uses": 6, "posted_uses": 5},
            {"held_minor": 501, "posted_minor": 500},
            {"held_uses": -1},
            {"posted_uses": -1},
            {"held_minor": -1},
            {"posted_minor": -1},
            {"uses_cap": 0},
            {"budget_minor": 0},
            {"uses_per_buyer_cap": 0},
            {"state": "LOST"},
            {"ends_at": NOON, "starts_at": NOON},
            {"platform_share_bp": 10_001},
            {"platform_share_bp": -1},
            {"min_spend_minor": -1},
            {"rate_bp": 0},
            {"rate_bp": 10_001},
            {"cap_minor": 0},
        ],
    )
    def test_is_what_promotions_are(self, fields: dict[str, Any]) -> None:
        promotion = make_promotion(uses_cap=10, budget_minor=1_000)
        assert refuses(lambda: Promotion.objects.filter(pk=promotion.id).update(**fields))

    def test_may_be_used_up_to_its_caps(self) -> None:
        promotion = make_promotion(uses_cap=10, budget_minor=1_000)
        counters = {"held_uses": 6, "posted_uses": 4, "held_minor": 500, "posted_minor": 500}
        assert not refuses(lambda: Promotion.objects.filter(pk=promotion.id).update(**counters))

    @pytest.mark.parametrize(
        ("kind", "fields"),
        [
            (PromotionKind.FIXED_PRICE, {"shop_id": None}),
            (PromotionKind.FIXED_PRICE, {"price_minor": None}),
            (PromotionKind.FIXED_PRICE, {"price_minor": -1}),
            (PromotionKind.FIXED_PRICE, {"price_minor": None, "amount_minor": 5}),
            (PromotionKind.FIXED_PRICE, {"amount_minor": 5}),
            (PromotionKind.FIXED_PRICE, {"cap_minor": 5}),
            (PromotionKind.FIXED_PRICE, {"code": "SAVE10"}),
            (PromotionKind.DIRECT_DISCOUNT, {"min_spend_minor": 5}),
            (PromotionKind.DIRECT_DISCOUNT, {"amount_minor": 5}),
            (PromotionKind.DIRECT_DISCOUNT, {"rate_bp": None, "price_minor": 5}),
            (PromotionKind.SELLER_COUPON, {"shop_id": None}),
            (PromotionKind.SELLER_COUPON, {"code": None}),
            (PromotionKind.SELLER_COUPON, {"amount_minor": 0}),
            (PromotionKind.PLATFORM_COUPON, {"shop_id": 7}),
            (PromotionKind.PLATFORM_COUPON, {"code": None}),
            (PromotionKind.SHIPPING_DISCOUNT, {"code": "SAVE10"}),
            (PromotionKind.SHIPPING_DISCOUNT, {"amount_minor": None}),
            (PromotionKind.SHIPPING_DISCOUNT, {"kind": "LOTTERY"}),
        ],
    )
    def test_looks_as_its_kind_may(self, kind: PromotionKind, fields: dict[str, Any]) -> None:
        promotion = make_draft(kind)
        assert refuses(lambda: Promotion.objects.filter(pk=promotion.id).update(**fields))

    def test_has_a_code_of_its_own(self) -> None:
        make_draft(code="SAVE10")
        other = make_draft()
        assert refuses(lambda: Promotion.objects.filter(pk=other.id).update(code="SAVE10"))

    @pytest.mark.parametrize("kind", [PromotionKind.PLATFORM_COUPON, PromotionKind.SELLER_COUPON])
    def test_has_a_title_of_its_own(self, kind: PromotionKind) -> None:
        first = make_draft(kind)
        other = make_draft(kind, shop_id=first.terms.shop_id)
        assert refuses(lambda: Promotion.objects.filter(pk=other.id).update(title=first.terms.title))


class TestScope:
    @pytest.mark.parametrize(
        "fields",
        [
            {"target_kind": "ALL", "target_id": 7},
            {"target_kind": "SKU", "target_id": 0},
            {"target_kind": "MOON", "target_id": 7},
        ],
    )
    def test_names_one_thing(self, fields: dict[str, Any]) -> None:
        promotion = make_draft()
        assert refuses(lambda: PromotionScope.objects.filter(promotion_id=promotion.id).update(**fields))


class TestHold:
    @pytest.mark.parametrize(
        "fields",
        [
            {"status": "LOST", "resolved_at": NOON},
            {"status": "PENDING", "resolved_at": NOON},
            {"status": "POSTED", "resolved_at": None},
            {"expires_at": None},
            {"buyer_ref": None},
        ],
    )
    def test_its_status_agrees_with_the_rest(self, fields: dict[str, Any]) -> None:
        owner = hold_promotions()
        assert refuses(lambda: PromotionHold.objects.filter(pk=owner).update(**fields))


class TestUse:
    @pytest.mark.parametrize(
        "fields",
        [
            {"units": 0},
            {"amount_minor": -1},
            {"given_back_units": 2},
            {"given_back_units": -1},
            {"given_back_minor": 601},
            {"given_back_minor": -1},
        ],
    )
    def test_never_gives_back_more_than_was_taken(self, fields: dict[str, int]) -> None:
        owner = hold_promotions(use_of(make_promotion(), amount_minor=600))
        assert refuses(lambda: PromotionUse.objects.filter(hold_id=owner).update(**fields))

    def test_an_owner_has_one_per_promotion(self) -> None:
        promotion = make_promotion()
        owner = hold_promotions(use_of(promotion))
        again = PromotionUse(
            hold_id=owner,
            promotion_id=promotion.id,
            units=1,
            amount_minor=1,
            is_counted=False,
            is_counted_for_buyer=False,
        )
        assert refuses(lambda: again.save(force_insert=True))


class TestBuyerUsage:
    @pytest.mark.parametrize("uses", [-1, 3])
    def test_stays_between_nothing_and_the_cap(self, uses: int) -> None:
        promotion, buyer = make_promotion(uses_per_buyer_cap=2), new_id()
        hold_promotions(use_of(promotion), buyer_ref=buyer)
        usage = BuyerUsage.objects.filter(promotion_id=promotion.id, buyer_ref=buyer)
        assert refuses(lambda: usage.update(uses=uses))

    def test_a_buyer_has_one_per_promotion(self) -> None:
        promotion: promotions.Promotion = make_promotion(uses_per_buyer_cap=2)
        BuyerUsage.objects.create(promotion_id=promotion.id, buyer_ref=7, cap=2)
        assert refuses(lambda: BuyerUsage.objects.create(promotion_id=promotion.id, buyer_ref=7, cap=2))
