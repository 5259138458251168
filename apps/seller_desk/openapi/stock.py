"""What a shop has, and where it lies."""

from functools import partial

from drf_spectacular.utils import OpenApiExample

from apps.catalog.api import UnknownSku
from apps.inventory import api as inventory
from apps.seller_desk.openapi.waiting import APPROVAL_ID, EXPIRES_AT, waits
from apps.seller_desk.serializers import stock as forms
from apps.seller_desk.serializers.waiting import AwaitsApprovalAnswer
from tradecore.errors import NotFound
from tradecore.http.answers import page_answer
from tradecore.http.openapi import MEMBER, PAGE_QUERY, Documented, Key
from tradecore.http.pages import ParameterInvalid

_NEW_WAREHOUSE = {"code": "LEEDS", "name": "Leeds", "priority": 0}
_WAREHOUSE = _NEW_WAREHOUSE | {"id": "420069437939290120", "shop_id": "420069437939290116"}
_LEVEL = {
    "sku_id": "420069437939290117",
    "warehouse_id": _WAREHOUSE["id"],
    "warehouse_code": "LEEDS",
    "available": 12,
    "held": 1,
    "committed": 2,
    "on_hand": 15,
}
_SKU_STOCK = {"sku_id": _LEVEL["sku_id"], "code": "SCARF-RED", "levels": [_LEVEL]}
_STOCK = {"product_id": "420069437939290118", "title": "Scarf", "skus": [_SKU_STOCK]}
_ADJUSTMENT = {"sku_id": _LEVEL["sku_id"], "warehouse_id": _WAREHOUSE["id"]}
_WAITING_ADJUSTMENT = {
    "approval_id": APPROVAL_ID,
    "warehouse_id": _WAREHOUSE["id"],
    "delta": 12_000,
    "reason": "delivery 18",
    "expires_at": EXPIRES_AT,
}

_route = partial(Documented, tag="Selling: stock", by=MEMBER)

list_warehouses = _route(
    operation_id="list_warehouses",
    summary="List my warehouses",
    answers={200: page_answer(forms.WarehouseAnswer)},
    refuses=[NotFound, ParameterInvalid],
    examples=[OpenApiExample("answer", {"items": [_WAREHOUSE], "next_page_token": None}, response_only=True)],
)

create_warehouse = _route(
    operation_id="create_warehouse",
    summary="Open a warehouse",
    takes=forms.WarehouseRequest,
    answers={201: forms.WarehouseAnswer},
    refuses=[NotFound, inventory.WarehouseInvalid, inventory.WarehouseCodeTaken],
    key=Key.HONOURED,
    examples=[
        OpenApiExample("request", _NEW_WAREHOUSE, request_only=True),
        OpenApiExample("answer", _WAREHOUSE, response_only=True, status_codes=[201]),
    ],
)

list_stock = _route(
    operation_id="list_stock",
    summary="List my stock",
    answers={200: page_answer(forms.ProductStockAnswer)},
    refuses=[NotFound],
    parameters=PAGE_QUERY,
    examples=[OpenApiExample("answer", {"items": [_STOCK], "next_page_token": None}, response_only=True)],
)

get_sku_stock = _route(
    operation_id="get_sku_stock",
    summary="Read the stock of a SKU",
    answers={200: forms.OwnSkuStockAnswer},
    refuses=[NotFound, UnknownSku],
    examples=[
        OpenApiExample("answer", _SKU_STOCK | {"waiting_adjustments": [_WAITING_ADJUSTMENT]}, response_only=True)
    ],
)

adjust_stock = _route(
    operation_id="adjust_stock",
    summary="Adjust stock",
    takes=forms.AdjustmentRequest,
    answers={201: forms.StockLevelAnswer, 202: AwaitsApprovalAnswer},
    refuses=[
        NotFound,
        UnknownSku,
        inventory.AdjustmentInvalid,
        inventory.StockChanged,
        inventory.NotEnoughAvailable,
    ],
    key=Key.REQUIRED,
    examples=[
        OpenApiExample("a delta", _ADJUSTMENT | {"delta": 12, "reason": "delivery 17"}, request_only=True),
        OpenApiExample(
            "a count",
            _ADJUSTMENT | {"on_hand": 15, "expected_on_hand": 14, "reason": "yearly count"},
            request_only=True,
        ),
        OpenApiExample("answer", _LEVEL, response_only=True, status_codes=[201]),
        waits(inventory.BULK_CHANGE),
    ],
)
