"""The shops that somebody works for."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.seller_desk.errors import CurrencyMismatch
from apps.seller_desk.serializers import shops as forms
from apps.sellers import api as sellers
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import MEMBER, PAGE_QUERY, Documented, Key
from tradecore.http.pages import ParameterInvalid

_SHOP = {
    "id": "420069437939290116",
    "handle": "north-wool",
    "name": "North Wool",
    "contact_email": "desk@north-wool.example",
    "legal_name": "North Wool Ltd",
    "tax_number": "GB123456789",
    "market": "GB",
    "currency": "GBP",
    "fee_plan": "standard",
    "state": "ACTIVE",
    "is_selling": True,
    "version": 3,
}
_OWN_SHOP = _SHOP | {"role": "owner"}
_RATE = {
    "base": {"amount": "3.99", "currency": "GBP"},
    "per_kg": {"amount": "0.00", "currency": "GBP"},
    "included_grams": 2000,
    "free_from": {"amount": "60.00", "currency": "GBP"},
}

_route = partial(Documented, tag="Selling: shops", by=MEMBER)

list_shops = _route(
    operation_id="list_own_shops",
    summary="List my shops",
    answers={200: page_answer(forms.SellerShopAnswer)},
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_SHOP], "next_page_token": None}, response_only=True)],
)

get_shop = _route(
    operation_id="get_own_shop",
    summary="Read my shop",
    answers={200: forms.OwnShopAnswer},
    refuses=[NotFound],
    etag=True,
    examples=[OpenApiExample("answer", _OWN_SHOP, response_only=True)],
)

edit_shop = _route(
    operation_id="edit_own_shop",
    summary="Edit my shop",
    takes=forms.ShopEditRequest,
    answers={200: forms.OwnShopAnswer},
    refuses=[NotFound, sellers.VersionStale, sellers.InvalidField],
    key=Key.HONOURED,
    if_match=True,
    etag=True,
    examples=[
        OpenApiExample("request", {"name": "North Wool & Co"}, request_only=True),
        OpenApiExample("answer", _OWN_SHOP | {"name": "North Wool & Co", "version": 4}, response_only=True),
    ],
)

list_delivery_rates = _route(
    operation_id="list_delivery_rates",
    summary="List my delivery rates",
    answers={200: page_answer(forms.SellerDeliveryRateAnswer)},
    refuses=[NotFound, ParameterInvalid],
    examples=[
        OpenApiExample(
            "answer", {"items": [{"option": "standard", **_RATE}], "next_page_token": None}, response_only=True
        )
    ],
)

set_delivery_rate = _route(
    operation_id="set_delivery_rate",
    summary="Offer a delivery option at a rate",
    takes=forms.DeliveryRateRequest,
    answers={200: forms.SellerDeliveryRateAnswer},
    refuses=[NotFound, CurrencyMismatch, sellers.InvalidField],
    key=Key.HONOURED,
    examples=[
        OpenApiExample("request", _RATE, request_only=True),
        OpenApiExample("answer", {"option": "standard", **_RATE}, response_only=True),
    ],
)
