"""`python -m bench.build_stage SKUS ROUNDS PIECES`: put on sale what the scenarios buy, and print it as JSON.

Shops, rates, warehouses and what is special come in by the product's own doors, as those of the demo. The many SKUs are
inserted in bulk, row by row what the doors would have written.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from apps.catalog import api as catalog
from apps.catalog.fields import title_key
from apps.catalog.models import Product, Sku, SkuPrice
from apps.fees import api as fees
from apps.inventory import api as inventory
from apps.inventory.models import Stock, StockMovement
from apps.markets import api as markets
from apps.sellers.api import Shop
from bench.stage import HOT_PIECES, MARKED_COUNT, MARKET, PIECES, SHIPPING_MINOR, SHOP_COUNT, Stage, Ware
from config.demo import content
from config.demo.build_shops import build_shop
from config.demo.site import Site
from tradecore import clock, live_settings, worker_leases

ACTOR: Final = "benchmark"
CATEGORY: Final = "goods"
ACCOUNT: Final = "GB82WEST12345698765432"
CURRENCY: Final = "GBP"
SKUS_A_PRODUCT: Final = 5
WEIGHT_GRAMS: Final = 400


def main() -> None:
    """See the module."""
    sku_count, round_count, pieces = (int(argument) for argument in sys.argv[1:])
    worker_leases.ensure()
    site = Site(now=clock.now())
    markets.load_standard_markets(now=site.now)
    fees.load_standard_fee_plans(now=site.now)
    site.category_ids[CATEGORY] = catalog.create_category(
        slug=CATEGORY, name="Goods", parent_id=None, actor=ACTOR, now=site.now
    ).id
    shelves = [_fill_shop(number, sku_count // SHOP_COUNT, site) for number in range(SHOP_COUNT)]
    special = _open_special(round_count, pieces, site)
    _find_nothing_hot(site)
    worker_leases.release()
    stage = Stage(
        shelves=shelves,
        hot=special["HOT"],
        gone=special["GONE"],
        rushes=[special[f"RUSH-{number}"] for number in range(round_count)],
        marked=[special[f"MARKED-{number}"] for number in range(MARKED_COUNT)],
        product_ids=list(Product.objects.order_by("id").values_list("id", flat=True)[:1_000]),
    )
    print(json.dumps(asdict(stage)))


def _find_nothing_hot(site: Site) -> None:
    """What is marked is compared with what is not: it stays so, whatever its traffic."""
    live_settings.set_value(
        name=inventory.FOUND_FROM.name,
        target=live_settings.EVERYONE,
        value=0,
        actor=ACTOR,
        reason="for comparison",
        now=site.now,
    )


def _shop(handle: str, products: tuple[content.Product, ...] = ()) -> content.Shop:
    return content.Shop(
        handle=handle,
        name=handle.title(),
        market=MARKET,
        account=ACCOUNT,
        warehouses=(("MAIN", "Main warehouse"),),
        rates=(content.Rate("standard", f"{SHIPPING_MINOR / 100:.2f}"),),
        products=products,
    )


# --- What is special --------------------------------------------------------------------------------------------------


def _open_special(round_count: int, pieces: int, site: Site) -> dict[str, Ware]:
    """A shop of its own, so that nobody meets its SKUs by chance. By their codes."""
    stocks = {"HOT": HOT_PIECES, "GONE": 1} | {f"RUSH-{number}": pieces for number in range(round_count)}
    stocks |= {f"MARKED-{number}": HOT_PIECES for number in range(MARKED_COUNT)}
    products = tuple(
        content.Product(
            title=f"Special {code}",
            category=CATEGORY,
            description="On sale in the benchmark.",
            skus=(content.Sku(code, "19.99", WEIGHT_GRAMS, (stock,)),),
        )
        for code, stock in stocks.items()
    )
    build_shop(_shop("special", products), site=site)
    shop = site.shops["special"]
    wares = {code: Ware(_sku_id(shop, code), price_minor=1_999) for code in stocks}
    _sell_out(shop, wares["GONE"], site)
    for code in wares.keys() - {"HOT"}:
        inventory.mark_hot(sku_id=wares[code].sku_id, reason="flash sale", actor=ACTOR, now=site.now)
    return wares


def _sku_id(shop: Shop, code: str) -> int:
    sku = catalog.find_shop_sku(shop_id=shop.id, code=code)
    assert sku is not None
    return sku.id


def _sell_out(shop: Shop, ware: Ware, site: Site) -> None:
    (level,) = inventory.list_levels(sku_ids=[ware.sku_id])
    inventory.adjust_stock(
        shop_id=shop.id,
        warehouse_id=level.warehouse_id,
        sku_id=ware.sku_id,
        delta=-level.available,
        reason="the last one is gone",
        actor=ACTOR,
        now=site.now,
    )


# --- What there is plenty of ------------------------------------------------------------------------------------------


def _fill_shop(number: int, sku_count: int, site: Site) -> list[Ware]:
    """One shop with so many SKUs, PIECES of each in its warehouse."""
    handle = f"shop-{number}"
    build_shop(_shop(handle), site=site)
    shop = site.shops[handle]
    (warehouse,) = inventory.list_warehouses(shop_id=shop.id)
    products = [_product(shop, index, site) for index in range(-(-sku_count // SKUS_A_PRODUCT))]
    skus = [
        Sku(product=products[index // SKUS_A_PRODUCT], shop_id=shop.id, code=f"SKU-{index}", weight_grams=WEIGHT_GRAMS)
        for index in range(sku_count)
    ]
    wares = [Ware(sku.id, price_minor=999 + 10 * (index % 400)) for index, sku in enumerate(skus)]
    Product.objects.bulk_create(products)
    Sku.objects.bulk_create(skus, batch_size=2_000)
    SkuPrice.objects.bulk_create((_price(ware, site) for ware in wares), batch_size=2_000)
    Stock.objects.bulk_create(
        (Stock(sku_id=ware.sku_id, warehouse_id=warehouse.id, available=PIECES) for ware in wares), batch_size=2_000
    )
    StockMovement.objects.bulk_create((_first_count(ware, warehouse.id, site) for ware in wares), batch_size=2_000)
    return wares


def _product(shop: Shop, index: int, site: Site) -> Product:
    title = f"Thing {index} of {shop.name}"
    return Product(
        shop_id=shop.id,
        category_id=site.category_ids[CATEGORY],
        title=title,
        title_key=title_key(title),
        description="One of many.",
        tax_category=catalog.TaxCategory.STANDARD.value,
        state=catalog.ProductState.ACTIVE.value,
        created_at=site.now,
    )


def _price(ware: Ware, site: Site) -> SkuPrice:
    return SkuPrice(
        sku_id=ware.sku_id, market=MARKET, currency=CURRENCY, amount_minor=ware.price_minor, valid_from=site.now
    )


def _first_count(ware: Ware, warehouse_id: int, site: Site) -> StockMovement:
    return StockMovement(
        kind=inventory.MovementKind.ADJUSTED,
        sku_id=ware.sku_id,
        warehouse_id=warehouse_id,
        available=PIECES,
        held=0,
        committed=0,
        reason="first count",
        actor=ACTOR,
        occurred_at=site.now,
    )


if __name__ == "__main__":
    main()
