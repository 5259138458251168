"""The address book."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.accounts import api as accounts
from apps.storefront.serializers.addresses import SavedAddressAnswer, SavedAddressRequest
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import MEMBER, Documented, Key
from tradecore.http.pages import ParameterInvalid

_PARTS = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "line2": "",
    "city": "London",
    "region": "",
    "postal_code": "SW1A 2AA",
    "country": "GB",
    "phone": "+442079250918",
    "is_default": True,
}
_SAVED = {"id": "420069437939290114", "version": 1, **_PARTS}
_REQUEST = OpenApiExample("request", _PARTS, request_only=True)

_route = partial(Documented, tag="Addresses", by=MEMBER)

list_addresses = _route(
    operation_id="list_addresses",
    summary="List the address book",
    answers={200: page_answer(SavedAddressAnswer)},
    refuses=[ParameterInvalid],
    examples=[OpenApiExample("answer", {"items": [_SAVED], "next_page_token": None}, response_only=True)],
)

add_address = _route(
    operation_id="add_address",
    summary="Add an address",
    takes=SavedAddressRequest,
    answers={201: SavedAddressAnswer},
    refuses=[accounts.AddressInvalid, NotFound, accounts.AddressBookFull],
    key=Key.HONOURED,
    etag=True,
    examples=[_REQUEST, OpenApiExample("answer", _SAVED, response_only=True, status_codes=[201])],
)

get_address = _route(
    operation_id="get_address",
    summary="Read an address",
    answers={200: SavedAddressAnswer},
    refuses=[NotFound],
    etag=True,
    examples=[OpenApiExample("answer", _SAVED, response_only=True)],
)

edit_address = _route(
    operation_id="edit_address",
    summary="Replace an address",
    takes=SavedAddressRequest,
    answers={200: SavedAddressAnswer},
    refuses=[accounts.AddressInvalid, NotFound, accounts.AddressChanged],
    key=Key.HONOURED,
    if_match=True,
    etag=True,
    examples=[_REQUEST, OpenApiExample("answer", _SAVED | {"version": 2}, response_only=True)],
)

remove_address = _route(
    operation_id="remove_address",
    summary="Remove an address",
    answers={204: None},
    refuses=[NotFound, accounts.AddressChanged],
    key=Key.HONOURED,
    if_match=True,
)
