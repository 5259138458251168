"""What a shop offers: products, their SKUs, and what those cost."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.catalog import api as catalog
from apps.markets.api import UnknownMarket
from apps.seller_desk.errors import CurrencyMismatch
from apps.seller_desk.openapi.waiting import APPROVAL_ID, EXPIRES_AT, waits
from apps.seller_desk.serializers import products as forms
from apps.seller_desk.serializers.waiting import AwaitsApprovalAnswer
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import CREATED_QUERY, MEMBER, PAGE_QUERY, Documented, Key, query

_SHOP_ID = "420069437939290116"
_NEW_PRODUCT = {
    "category_id": "420069437939290115",
    "title": "Scarf",
    "description": "Warm, and red.",
    "tax_category": "standard",
}
_PRODUCT = _NEW_PRODUCT | {
    "id": "420069437939290118",
    "shop_id": _SHOP_ID,
    "state": "DRAFT",
    "version": 1,
    "created_at": "2026-03-11T12:00:00.000Z",
}
_NEW_SKU = {
    "code": "SCARF-RED",
    "weight_grams": 250,
    "option_values": {"colour": "red"},
    "hs6": "611710",
    "gtin": "",
    "is_active": True,
}
_SKU = _NEW_SKU | {"id": "420069437939290117", "product_id": _PRODUCT["id"], "shop_id": _SHOP_ID, "version": 1}
_LISTING = _PRODUCT | {"skus": [_SKU | {"price": {"amount": "19.99", "currency": "GBP"}}]}
_NEW_PRICE = {"market": "GB", "amount": {"amount": "19.99", "currency": "GBP"}, "valid_from": "2026-03-12T00:00:00Z"}
_PRICE = _NEW_PRICE | {
    "id": "420069437939290119",
    "sku_id": _SKU["id"],
    "valid_from": "2026-03-12T00:00:00.000Z",
}
_WAITING_PRICE = {
    "approval_id": APPROVAL_ID,
    "market": "GB",
    "price": {"amount": "19.99", "currency": "GBP"},
    "amount": {"amount": "0.99", "currency": "GBP"},
    "valid_from": None,
    "expires_at": EXPIRES_AT,
}

_route = partial(Documented, tag="Selling: products", by=MEMBER)

list_products = _route(
    operation_id="list_own_products",
    summary="List my products",
    answers={200: page_answer(forms.SellerListingAnswer)},
    refuses=[NotFound],
    parameters=[
        query("category", {"type": "string", "minLength": 1, "maxLength": 255}, "The path of a category."),
        query("q", {"type": "string", "minLength": 1, "maxLength": 100}, "How the title begins, in any case."),
        *CREATED_QUERY,
        *PAGE_QUERY,
    ],
    examples=[OpenApiExample("answer", {"items": [_LISTING], "next_page_token": None}, response_only=True)],
)

create_product = _route(
    operation_id="create_product",
    summary="Draft a product",
    takes=forms.ProductRequest,
    answers={201: forms.SellerProductAnswer},
    refuses=[NotFound, catalog.InvalidField, catalog.UnknownCategory],
    key=Key.HONOURED,
    etag=True,
    examples=[
        OpenApiExample("request", _NEW_PRODUCT, request_only=True),
        OpenApiExample("answer", _PRODUCT, response_only=True, status_codes=[201]),
    ],
)

get_product = _route(
    operation_id="get_own_product",
    summary="Read a product of mine",
    answers={200: forms.SellerListingAnswer},
    refuses=[NotFound, catalog.UnknownProduct],
    etag=True,
    examples=[OpenApiExample("answer", _LISTING, response_only=True)],
)

edit_product = _route(
    operation_id="edit_product",
    summary="Edit a product",
    takes=forms.ProductEditRequest,
    answers={200: forms.SellerProductAnswer},
    refuses=[
        NotFound,
        catalog.UnknownProduct,
        catalog.VersionStale,
        catalog.InvalidField,
        catalog.UnknownCategory,
    ],
    key=Key.HONOURED,
    if_match=True,
    etag=True,
    examples=[
        OpenApiExample("request", {"title": "Red scarf"}, request_only=True),
        OpenApiExample("answer", _PRODUCT | {"title": "Red scarf", "version": 2}, response_only=True),
    ],
)

publish_product = _route(
    operation_id="publish_product",
    summary="Show a product to buyers",
    takes=forms.ProductStateRequest,
    answers={200: forms.SellerProductAnswer},
    refuses=[NotFound, catalog.UnknownProduct],
    key=Key.HONOURED,
    etag=True,
    examples=[OpenApiExample("answer", _PRODUCT | {"state": "ACTIVE", "version": 2}, response_only=True)],
)

deactivate_product = _route(
    operation_id="deactivate_product",
    summary="Hide a product from buyers",
    takes=forms.ProductStateRequest,
    answers={200: forms.SellerProductAnswer},
    refuses=[NotFound, catalog.UnknownProduct, catalog.StateNotAllowed],
    key=Key.HONOURED,
    etag=True,
    examples=[OpenApiExample("answer", _PRODUCT | {"state": "DEACTIVATED", "version": 3}, response_only=True)],
)

add_sku = _route(
    operation_id="add_sku",
    summary="Add a SKU",
    takes=forms.SkuRequest,
    answers={201: forms.SellerSkuAnswer},
    refuses=[NotFound, catalog.UnknownProduct, catalog.InvalidField, catalog.TooManySkus, catalog.SkuCodeTaken],
    key=Key.HONOURED,
    etag=True,
    examples=[
        OpenApiExample("request", _NEW_SKU, request_only=True),
        OpenApiExample("answer", _SKU, response_only=True, status_codes=[201]),
    ],
)

get_sku = _route(
    operation_id="get_own_sku",
    summary="Read a SKU of mine",
    answers={200: forms.SellerOwnSkuAnswer},
    refuses=[NotFound, catalog.UnknownSku],
    etag=True,
    examples=[OpenApiExample("answer", _SKU | {"waiting_prices": [_WAITING_PRICE]}, response_only=True)],
)

edit_sku = _route(
    operation_id="edit_sku",
    summary="Edit a SKU",
    takes=forms.SkuEditRequest,
    answers={200: forms.SellerSkuAnswer},
    refuses=[NotFound, catalog.UnknownSku, catalog.VersionStale, catalog.InvalidField],
    key=Key.HONOURED,
    if_match=True,
    etag=True,
    examples=[
        OpenApiExample("request", {"weight_grams": 260}, request_only=True),
        OpenApiExample("answer", _SKU | {"weight_grams": 260, "version": 2}, response_only=True),
    ],
)

list_prices = _route(
    operation_id="list_prices",
    summary="List the prices of a SKU",
    answers={200: page_answer(forms.PriceAnswer)},
    refuses=[NotFound, catalog.UnknownSku],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_PRICE], "next_page_token": None}, response_only=True)],
)

set_price = _route(
    operation_id="set_price",
    summary="Set a price",
    takes=forms.PriceRequest,
    answers={201: forms.PriceAnswer, 202: AwaitsApprovalAnswer},
    refuses=[
        NotFound,
        UnknownMarket,
        CurrencyMismatch,
        catalog.UnknownSku,
        catalog.PriceOutOfRange,
        catalog.PriceInPast,
        catalog.PriceExists,
    ],
    key=Key.HONOURED,
    examples=[
        OpenApiExample("request", _NEW_PRICE, request_only=True),
        OpenApiExample("answer", _PRICE, response_only=True, status_codes=[201]),
        waits(catalog.PRICE_DROP),
    ],
)
