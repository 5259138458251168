"""A shop's orders and parcels."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.fulfilment import api as fulfilment
from apps.orders import api as orders
from apps.seller_desk.serializers import orders as forms
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import CREATED_QUERY, MEMBER, PAGE_QUERY, Documented, Key, query
from tradecore.http.pages import ParameterInvalid

_ORDER_ID = "420069437939290121"
_LINES = {"lines": [{"line_id": "420069437939290122", "quantity": 1}]}
_SUMMARY = {
    "id": _ORDER_ID,
    "number": "0420 0694 3793 9290 1215",
    "shop_id": "420069437939290116",
    "status": "AWAITING_SHIPMENT",
    "total": {"amount": "69.44", "currency": "GBP"},
    "unit_count": 2,
    "placed_at": "2026-03-11T12:00:00.000Z",
    "paid_at": "2026-03-11T12:00:04.000Z",
}
_PARCEL = {"carrier": "royal-mail", "tracking_number": "RM123456789GB"}
_PACKAGE = _PARCEL | {
    "id": "420069437939290123",
    "number": "0420 0694 3793 9290 1233",
    "order_id": _ORDER_ID,
    "shop_id": _SUMMARY["shop_id"],
    "state": "ARRANGED",
    "units": _LINES["lines"],
    "arranged_at": "2026-03-12T09:00:00.000Z",
    "collect_cancel_at": "2026-03-17T23:59:59.000Z",
    "collected_at": None,
    "ended_at": None,
    "is_contradicted": False,
    "tracking": [],
}
_REPORT = {"event_id": "scan-1", "status": "COLLECTED", "occurred_at": "2026-03-12T17:30:00Z"}
_TRACKED = _PACKAGE | {
    "state": "COLLECTED",
    "collected_at": "2026-03-12T17:31:02.000Z",
    "tracking": [
        {
            "status": "COLLECTED",
            "occurred_at": "2026-03-12T17:30:00.000Z",
            "received_at": "2026-03-12T17:31:02.000Z",
        }
    ],
}

_route = partial(Documented, tag="Selling: orders", by=MEMBER)

list_orders = _route(
    operation_id="list_shop_orders",
    summary="List my shop's orders",
    answers={200: page_answer(forms.SellerOrderSummaryAnswer)},
    refuses=[NotFound],
    parameters=[
        query("status", {"type": "string", "enum": list(forms.STATUSES)}, "Orders that stand there only."),
        query("cancel_request", {"type": "string", "enum": ["OPEN"]}, "Orders whose buyer asks to cancel only."),
        *CREATED_QUERY,
        *PAGE_QUERY,
    ],
    examples=[OpenApiExample("answer", {"items": [_SUMMARY], "next_page_token": None}, response_only=True)],
)

get_order = _route(
    operation_id="get_shop_order",
    summary="Read an order of my shop",
    answers={200: forms.SellerOrderAnswer},
    refuses=[NotFound],
)

cancel_order = _route(
    operation_id="cancel_shop_order",
    summary="Cancel an order, or some of it",
    takes=forms.SellerCancelRequest,
    answers={200: forms.SellerOrderAnswer},
    refuses=[NotFound, orders.NotCancellable, orders.LineUnknown, orders.TooManyUnits],
    key=Key.REQUIRED,
    examples=[OpenApiExample("request", _LINES | {"reason": "out_of_stock"}, request_only=True)],
)

approve_cancel_request = _route(
    operation_id="approve_cancel_request",
    summary="Agree to cancel",
    takes=forms.ApproveCancelRequest,
    answers={200: forms.SellerOrderAnswer},
    refuses=[NotFound, orders.CancelRequestNotOpen, orders.OrderOnHold],
    key=Key.REQUIRED,
)

reject_cancel_request = _route(
    operation_id="reject_cancel_request",
    summary="Do not agree to cancel",
    takes=forms.RejectCancelRequest,
    answers={200: forms.SellerOrderAnswer},
    refuses=[NotFound, orders.CancelRequestNotOpen],
    key=Key.REQUIRED,
    examples=[OpenApiExample("request", {"reason": "packed_already"}, request_only=True)],
)

list_packages = _route(
    operation_id="list_packages",
    summary="List the parcels of an order",
    answers={200: page_answer(forms.SellerPackageAnswer)},
    refuses=[NotFound, ParameterInvalid],
    examples=[OpenApiExample("answer", {"items": [_PACKAGE], "next_page_token": None}, response_only=True)],
)

ship_order = _route(
    operation_id="ship_order",
    summary="Ship an order, or some of it",
    takes=forms.ShipRequest,
    answers={201: forms.SellerPackageAnswer},
    refuses=[
        fulfilment.ShipmentInvalid,
        NotFound,
        orders.NotReadyToShip,
        orders.OrderOnHold,
        orders.LineUnknown,
        orders.TooManyUnits,
    ],
    key=Key.REQUIRED,
    examples=[
        OpenApiExample("all of it", _PARCEL, request_only=True),
        OpenApiExample("some of it", _PARCEL | _LINES, request_only=True),
        OpenApiExample("answer", _PACKAGE, response_only=True, status_codes=[201]),
    ],
)

get_package = _route(
    operation_id="get_package",
    summary="Read a parcel",
    answers={200: forms.SellerPackageAnswer},
    refuses=[NotFound],
    examples=[OpenApiExample("answer", _PACKAGE, response_only=True)],
)

report_tracking = _route(
    operation_id="report_tracking",
    summary="Report what a carrier says",
    takes=forms.TrackingRequest,
    answers={200: forms.SellerPackageAnswer},
    refuses=[NotFound, fulfilment.TrackingInvalid],
    key=Key.REQUIRED,
    examples=[
        OpenApiExample("request", _REPORT, request_only=True),
        OpenApiExample("answer", _TRACKED, response_only=True),
    ],
)
