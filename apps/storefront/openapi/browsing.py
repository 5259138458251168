"""What there is to buy, and where."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.catalog import api as catalog
from apps.markets import api as markets
from apps.sellers import api as sellers
from apps.storefront.serializers import browsing as forms
from tradecore.errors import NotFound
from tradecore.http.answers import ID_SCHEMA, page_answer
from tradecore.http.openapi import ANYBODY, CREATED_QUERY, PAGE_QUERY, Documented, query
from tradecore.http.pages import ParameterInvalid

_MARKET = query("market", {"type": "string", "minLength": 1, "maxLength": 16}, "The code of a market.", required=True)

_MARKET_EXAMPLE = {
    "code": "GB",
    "name": "United Kingdom",
    "currency": "GBP",
    "prices_include_tax": True,
    "time_zone": "Europe/London",
    "delivery_options": [{"code": "standard", "name": "Standard delivery"}],
}
_CATEGORY = {"id": "420069437939290115", "parent_id": None, "path": "fashion", "name": "Fashion"}
_SHOP = {"id": "420069437939290116", "handle": "north-wool", "name": "North Wool", "is_selling": True}
_RATE = {
    "option": "standard",
    "base": {"amount": "3.99", "currency": "GBP"},
    "per_kg": {"amount": "0.00", "currency": "GBP"},
    "included_grams": 2000,
    "free_from": {"amount": "60.00", "currency": "GBP"},
}
_SKU = {
    "id": "420069437939290117",
    "code": "SCARF-RED",
    "option_values": {"colour": "red"},
    "weight_grams": 250,
    "price": {"amount": "19.99", "currency": "GBP"},
    "available": 12,
}
_PRODUCT = {
    "id": "420069437939290118",
    "category_id": _CATEGORY["id"],
    "title": "Scarf",
    "created_at": "2026-03-11T12:00:00.000Z",
    "shop": _SHOP,
    "skus": [_SKU],
}

_route = partial(Documented, tag="Browsing", by=ANYBODY)

list_markets = _route(
    operation_id="list_markets",
    summary="List the markets",
    answers={200: page_answer(forms.MarketAnswer)},
    refuses=[ParameterInvalid],
    examples=[OpenApiExample("answer", {"items": [_MARKET_EXAMPLE], "next_page_token": None}, response_only=True)],
)

list_categories = _route(
    operation_id="list_categories",
    summary="List the categories",
    answers={200: page_answer(forms.CategoryAnswer)},
    refuses=[ParameterInvalid],
    examples=[OpenApiExample("answer", {"items": [_CATEGORY], "next_page_token": None}, response_only=True)],
)

get_shop = _route(
    operation_id="get_shop",
    summary="Read a shop",
    answers={200: forms.ShopAnswer},
    refuses=[NotFound, sellers.UnknownShop],
    examples=[
        OpenApiExample(
            "answer", _SHOP | {"market": "GB", "currency": "GBP", "delivery_rates": [_RATE]}, response_only=True
        )
    ],
)

list_products = _route(
    operation_id="list_products",
    summary="List products",
    answers={200: page_answer(forms.ListedProductAnswer)},
    refuses=[markets.UnknownMarket],
    parameters=[
        _MARKET,
        query("category", {"type": "string", "maxLength": 255}, "The path of a category; what is below it counts too."),
        query("q", {"type": "string", "minLength": 1, "maxLength": 100}, "How the title begins, in any case."),
        query("shop_id", ID_SCHEMA, "Products of this shop only."),
        *CREATED_QUERY,
        *PAGE_QUERY,
    ],
    examples=[OpenApiExample("answer", {"items": [_PRODUCT], "next_page_token": None}, response_only=True)],
)

get_product = _route(
    operation_id="get_product",
    summary="Read a product",
    answers={200: forms.ProductAnswer},
    refuses=[NotFound, markets.UnknownMarket, catalog.UnknownProduct],
    parameters=[_MARKET],
    examples=[OpenApiExample("answer", _PRODUCT | {"description": "Warm, and red."}, response_only=True)],
)

get_sku = _route(
    operation_id="get_sku",
    summary="Read a SKU",
    answers={200: forms.SkuAnswer},
    refuses=[NotFound, markets.UnknownMarket, catalog.UnknownSku],
    parameters=[_MARKET],
    examples=[
        OpenApiExample(
            "answer",
            _SKU
            | {
                "product_id": _PRODUCT["id"],
                "shop_id": _SHOP["id"],
                "category_id": _CATEGORY["id"],
                "title": "Scarf",
            },
            response_only=True,
        )
    ],
)
