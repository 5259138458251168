"""What there is to buy, and where. Nothing here says that a basket will be taken: a quote does."""

import re
from collections.abc import Sequence
from datetime import datetime

from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import api as catalog
from apps.inventory import api as inventory
from apps.markets import api as markets
from apps.sellers import api as sellers
from apps.storefront import render_browsing as render
from apps.storefront.openapi import browsing as docs
from apps.storefront.public import PublicEndpoint
from tradecore import clock
from tradecore.http.pages import moment, page_of, read_page
from tradecore.http.queries import read_id, read_query, required, text_up_to, whole_list

MARKET_LENGTH_MAX = 16
SEARCH_LENGTH_MAX = 100
CATEGORY_LENGTH_MAX = 255

_CATEGORY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


class Markets(PublicEndpoint):
    """The markets that take purchases, each with its ways of delivery."""

    @docs.list_markets
    def get(self, request: Request) -> Response:
        read_query(request.query_params)
        found = [market for market in markets.list_markets(now=clock.now()) if market.is_open]
        return Response(
            whole_list(render.market(market, markets.list_delivery_options(market.code)) for market in found)
        )


class Categories(PublicEndpoint):
    """The whole category tree, every category after its parent."""

    @docs.list_categories
    def get(self, request: Request) -> Response:
        read_query(request.query_params)
        return Response(whole_list(catalog.list_categories()))


class ShopPage(PublicEndpoint):
    """One shop, and what it charges for delivery."""

    @docs.get_shop
    def get(self, request: Request, shop_id: int) -> Response:
        shop = sellers.get_shop(shop_id=shop_id)
        if shop.state is sellers.ShopState.ONBOARDING:
            raise sellers.UnknownShop(shop_id=shop_id)  # it has not opened its doors yet
        return Response(render.shop(shop, sellers.list_shop_rates(shop_id=shop_id)))


class Products(PublicEndpoint):
    """Products that cost something in a market, newest first, with their SKUs."""

    @docs.list_products
    def get(self, request: Request) -> Response:
        page = read_page(request, filters=_PRODUCT_FILTERS)
        market = required(page.filters, "market")
        now = clock.now()
        markets.get_market(market, now=now)
        listings = catalog.list_products(
            market=market,
            now=now,
            before=page.before,
            limit=page.size + 1,
            shop_id=page.filters.get("shop_id"),
            narrow=catalog.ListingFilter(
                category_path=page.filters.get("category", ""),
                title_prefix=page.filters.get("q", ""),
                created_ge=page.filters.get("created_ge"),
                created_lt=page.filters.get("created_lt"),
            ),
        )
        shops = sellers.list_shops(shop_ids={listing.product.shop_id for listing in listings})
        available = _availability(listings)
        rows = [
            render.listed_product(listing, shop=shops[listing.product.shop_id], available=available)
            for listing in listings
        ]
        return Response(page_of(rows, page, key=lambda row: int(row["id"])))


class Product(PublicEndpoint):
    """One product with its SKUs: what each costs in a market, and how many pieces there are."""

    @docs.get_product
    def get(self, request: Request, product_id: int) -> Response:
        market, now = _market_of(request)
        listing = catalog.get_product(product_id=product_id, market=market, now=now)
        shop = sellers.get_shop(shop_id=listing.product.shop_id)
        return Response(render.product(listing, shop=shop, available=_availability([listing])))


class Sku(PublicEndpoint):
    """One SKU: what it costs in a market, and how many pieces there are."""

    @docs.get_sku
    def get(self, request: Request, sku_id: int) -> Response:
        market, now = _market_of(request)
        offer = catalog.list_offers(sku_ids=[sku_id], market=market, now=now).get(sku_id)
        if offer is None or not offer.is_listed:
            raise catalog.UnknownSku(sku_id=sku_id)
        available = inventory.list_availability(sku_ids=[sku_id])
        return Response(render.sku(offer, available=available[sku_id]))


def _market_of(request: Request) -> tuple[str, datetime]:
    """The market that the request names, and the moment as of which it is answered.

    Refuses, in this order: ParameterInvalid, UnknownMarket.
    """
    code = required(read_query(request.query_params, readers={"market": _read_market}), "market")
    now = clock.now()
    return markets.get_market(code, now=now).code, now


def _availability(listings: Sequence[catalog.Listing]) -> dict[int, int]:
    return inventory.list_availability(sku_ids=[priced.sku.id for listing in listings for priced in listing.skus])


def _read_category(text: str) -> str:
    if len(text) > CATEGORY_LENGTH_MAX or not _CATEGORY.fullmatch(text):
        raise ValueError(text)
    return text


_read_market = text_up_to(MARKET_LENGTH_MAX)

_PRODUCT_FILTERS = {
    "market": _read_market,
    "category": _read_category,
    "q": text_up_to(SEARCH_LENGTH_MAX),
    "shop_id": read_id,
    "created_ge": moment,
    "created_lt": moment,
}
