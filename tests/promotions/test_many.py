"""Five thousand live promotions in one market, and a basket that meets only its own."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection

from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind, Target, TargetKind
from apps.promotions.models import Promotion, PromotionScope
from tests.factories.promotions import make_promotion
from tests.support import NOON
from tradecore.ids import new_id

LIVE = 5_000

SHOPS, CATEGORIES = range(1, 21), range(1, 11)
PRODUCTS, SKUS = range(1, 101), range(1, 201)


def list_rules(codes: Iterable[str] = ()) -> int:
    """How many rules a basket of 200 SKUs of 20 shops meets."""
    rules = promotions.list_rules(
        market="GB",
        shop_ids=SHOPS,
        product_ids=PRODUCTS,
        sku_ids=SKUS,
        category_ids=CATEGORIES,
        codes=tuple(codes),
        buyer_ref=7,
        now=NOON,
    )
    return len(rules)


def rows_read(codes: Iterable[str] = ()) -> int:
    """How many rows and index entries the server looks at meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("FLUSH STATUS")
        list_rules(codes)
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())


def fill_market() -> None:
    """Discounts on other SKUs, coupons of a shop in the basket, and discounts of other shops on a shared category."""
    sku = make_promotion(PromotionKind.DIRECT_DISCOUNT, shop_id=1, targets=(Target(TargetKind.SKU, 10_000),))
    coupon = make_promotion(PromotionKind.SELLER_COUPON, shop_id=1)
    category = make_promotion(PromotionKind.DIRECT_DISCOUNT, shop_id=500, targets=(Target(TargetKind.CATEGORY, 1),))
    for number in range(LIVE // 3):
        copy(sku, number, target_id=20_000 + number)
        copy(coupon, number, code=f"COPY-{number}")
        copy(category, number, shop_id=1_000 + number, owner_key=1_000 + number)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE promotions_promotion, promotions_scope")


def copy(promotion: promotions.Promotion, number: int, **changes: Any) -> None:
    """Insert the promotion and its scope again, with some columns of either changed."""
    row = Promotion.objects.get(pk=promotion.id)
    scope = PromotionScope.objects.get(promotion_id=promotion.id)
    row.pk, row.title = new_id(), f"{promotion.id} {number}"
    scope.pk, scope.promotion_id = new_id(), row.pk
    for column, value in changes.items():
        setattr(scope if column in ("target_id", "owner_key") else row, column, value)
    row.save(force_insert=True)
    scope.save(force_insert=True)


@pytest.mark.mariadb
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestManyPromotions:
    def test_cost_a_basket_nothing_that_is_not_about_it(self) -> None:
        for sku in (1, 2, 3):
            make_promotion(PromotionKind.DIRECT_DISCOUNT, shop_id=sku, targets=(Target(TargetKind.SKU, sku),))
        make_promotion(code="SAVE10")
        fill_market()
        assert list_rules(["SAVE10"]) == 4
        assert rows_read(["SAVE10"]) < 100
