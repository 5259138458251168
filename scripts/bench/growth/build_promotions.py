"""`python -m bench.growth.build_promotions market COUNT` or `... rules COUNT LINES`: live promotions of the shops.

`market` brings the promotions of the ten shops up to COUNT: discounts on single SKUs and on products, coupons that
nobody names, deliveries that are free from an amount that nobody spends. `rules` adds COUNT promotions of the first
shop that all touch its first LINES SKUs. Both print what a piece of each SKU costs now, how many promotions are live,
and the SKUs of a large basket. They are inserted in bulk, row by row what the door would have written.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from apps.catalog.models import Sku, SkuPrice
from apps.promotions.contracts import PromotionKind, PromotionState, TargetKind
from apps.promotions.models import Promotion, PromotionScope
from bench.stage import MARKET, SHOP_COUNT
from tradecore import clock, worker_leases

CURRENCY: Final = "GBP"
LASTS: Final = timedelta(days=30)
NOBODY_SPENDS_MINOR: Final = 10**12
SKU_OFF_MINOR, PRODUCT_OFF_MINOR = 100, 50

#: Of twenty promotions so many are discounts on a SKU, on a product, and coupons; the rest is about deliveries.
_SKUS, _PRODUCTS, _COUPONS = 14, 3, 2


@dataclass(frozen=True)
class Good:
    """A SKU of a shop, and its list price."""

    shop_id: int
    product_id: int
    sku_id: int
    price_minor: int


def main() -> None:
    """See the module."""
    what, count, *more = sys.argv[1:]
    worker_leases.ensure()
    goods = _list_goods()
    basket: list[Good] = []
    if what == "market":
        _publish(goods, range(Promotion.objects.count(), int(count)), what)
    else:
        basket = [good for good in goods if good.shop_id == goods[0].shop_id][: int(more[0])]
        _publish(basket, range(int(count)), what)
    worker_leases.release()
    live = Promotion.objects.filter(state=PromotionState.PUBLISHED, market=MARKET).count()
    said = {"prices": dict(_prices(goods)), "live": live, "basket": [good.sku_id for good in basket]}
    print(json.dumps(said))


def _list_goods() -> list[Good]:
    """Those of the shops that have plenty, shop by shop."""
    prices = dict(SkuPrice.objects.values_list("sku_id", "amount_minor"))
    skus = Sku.objects.filter(code__startswith="SKU-").order_by("shop_id", "id")
    goods = [
        Good(shop_id, product_id, sku_id, prices[sku_id])
        for shop_id, product_id, sku_id in skus.values_list("shop_id", "product_id", "id")
    ]
    assert len({good.shop_id for good in goods}) == SHOP_COUNT
    return goods


def _publish(goods: Sequence[Good], numbers: range, title: str) -> None:
    """Promotions with these numbers, spread over the goods."""
    now = clock.now()
    promotions: list[Promotion] = []
    scopes: list[PromotionScope] = []
    for number in numbers:
        # A step that has no factor in common with round numbers of goods, so that each good has its turn.
        good = goods[number * 7_919 % len(goods)]
        kind, target_kind, target_id, terms = _terms_of(f"{title.upper()}{number}", number, good)
        promotion = Promotion(
            kind=kind,
            state=PromotionState.PUBLISHED,
            shop_id=good.shop_id,
            market=MARKET,
            currency=CURRENCY,
            title=f"{title} {number}",
            platform_share_bp=0,
            starts_at=now - timedelta(hours=1),
            ends_at=now + LASTS,
            created_at=now,
            **terms,
        )
        promotions.append(promotion)
        scopes.append(
            PromotionScope(
                promotion=promotion,
                market=MARKET,
                owner_key=good.shop_id,
                needs_code="code" in terms,
                target_kind=target_kind,
                target_id=target_id,
            )
        )
    Promotion.objects.bulk_create(promotions, batch_size=1_000)
    PromotionScope.objects.bulk_create(scopes, batch_size=1_000)


def _terms_of(code: str, number: int, good: Good) -> tuple[PromotionKind, TargetKind, int, dict[str, int | str]]:
    """The kind, whom it is about, and the columns of its benefit. code: what it has if it is a coupon."""
    turn = number % 20
    if turn < _SKUS:
        return PromotionKind.DIRECT_DISCOUNT, TargetKind.SKU, good.sku_id, {"amount_minor": SKU_OFF_MINOR}
    if turn < _SKUS + _PRODUCTS:
        return PromotionKind.DIRECT_DISCOUNT, TargetKind.PRODUCT, good.product_id, {"amount_minor": PRODUCT_OFF_MINOR}
    if turn < _SKUS + _PRODUCTS + _COUPONS:
        terms: dict[str, int | str] = {"amount_minor": SKU_OFF_MINOR, "code": code}
        return PromotionKind.SELLER_COUPON, TargetKind.SHOP, good.shop_id, terms
    free = {"amount_minor": SKU_OFF_MINOR, "min_spend_minor": NOBODY_SPENDS_MINOR}
    return PromotionKind.SHIPPING_DISCOUNT, TargetKind.SHOP, good.shop_id, dict[str, int | str](free)


def _prices(goods: Sequence[Good]) -> Iterator[tuple[int, int]]:
    """What a piece of each costs whose price a promotion lowers: of several discounts the largest counts."""
    discounts = PromotionScope.objects.filter(promotion__kind=PromotionKind.DIRECT_DISCOUNT)
    offs: dict[tuple[str, int], int] = {}
    for kind, target_id, off in discounts.values_list("target_kind", "target_id", "promotion__amount_minor"):
        assert off is not None, "a discount of an amount"
        offs[kind, target_id] = max(off, offs.get((kind, target_id), 0))
    for good in goods:
        off = max(offs.get((TargetKind.SKU, good.sku_id), 0), offs.get((TargetKind.PRODUCT, good.product_id), 0))
        if off:
            yield good.sku_id, good.price_minor - off


if __name__ == "__main__":
    main()
