"""A product of a shop, with its SKUs and their prices."""

from apps.catalog import api as catalog
from apps.sellers.api import Shop
from config.demo import content
from config.demo.site import ACTOR, Site
from tradecore.money import Money


def build_product(wanted: content.Product, shop: Shop, *, site: Site) -> dict[str, int]:
    """Make what of the product is not there yet. Returns the ids of its SKUs, by code; none if it was deleted since."""
    product_id = _find_product_id(wanted, shop, site) or _create(wanted, shop, site)
    site.product_ids[shop.handle, wanted.title] = product_id
    try:
        listing = catalog.get_shop_product(shop_id=shop.id, product_id=product_id, market=shop.market, now=site.now)
    except catalog.UnknownProduct:
        return {}
    known = {priced.sku.code: priced for priced in listing.skus}
    sku_ids = {sku.code: _build_sku(sku, known.get(sku.code), product_id, shop, site) for sku in wanted.skus}
    if listing.product.state is catalog.ProductState.DRAFT:
        catalog.publish_product(shop_id=shop.id, product_id=product_id, actor=ACTOR, now=site.now)
    return sku_ids


def _find_product_id(wanted: content.Product, shop: Shop, site: Site) -> int | None:
    """By a SKU code, which stays when titles are edited; by title, when the last run ended before there was a SKU."""
    sku = catalog.find_shop_sku(shop_id=shop.id, code=wanted.skus[0].code)
    if sku is not None:
        return sku.product_id
    named = catalog.ListingFilter(title_prefix=wanted.title)
    listings = catalog.list_shop_products(
        shop_id=shop.id, market=shop.market, now=site.now, before=None, limit=1, narrow=named
    )
    return listings[0].product.id if listings else None


def _create(wanted: content.Product, shop: Shop, site: Site) -> int:
    details = catalog.ProductDetails(
        category_id=site.category_ids[wanted.category],
        title=wanted.title,
        description=wanted.description,
        tax_category=wanted.tax,
    )
    site.count("products")
    return catalog.create_product(shop_id=shop.id, details=details, actor=ACTOR, now=site.now).id


def _build_sku(wanted: content.Sku, known: catalog.PricedSku | None, product_id: int, shop: Shop, site: Site) -> int:
    sku = known.sku if known else _add_sku(wanted, product_id, shop, site)
    if known is None or known.price is None:
        catalog.set_price(
            shop_id=shop.id,
            sku_id=sku.id,
            market=shop.market,
            amount=Money.parse(wanted.price, shop.currency),
            valid_from=site.now,
            actor=ACTOR,
            now=site.now,
        )
        site.count("prices")
    return sku.id


def _add_sku(wanted: content.Sku, product_id: int, shop: Shop, site: Site) -> catalog.Sku:
    details = catalog.SkuDetails(weight_grams=wanted.grams, option_values=wanted.options)
    site.count("SKUs")
    return catalog.add_sku(
        shop_id=shop.id, product_id=product_id, code=wanted.code, details=details, actor=ACTOR, now=site.now
    )
