"""Warehouses and stock. Quantities are pieces."""

from typing import Any

from rest_framework import serializers

from apps.inventory.api import QUANTITY_MAX, StockLevel, WaitingAdjustment, Warehouse
from apps.seller_desk.serializers.fields import CodeField
from tradecore.http.answers import Answer, answer_of
from tradecore.http.fields import IdField, StrictSerializer, TextField, WholeNumberField

CODE_LENGTH_MAX = 40
NAME_LENGTH_MAX = 100
PRIORITY_MAX = 1000
REASON_LENGTH_MAX = 200


class WarehouseRequest(StrictSerializer):
    """Of several warehouses that have a SKU, those with the lower `priority` numbers serve first."""

    code = CodeField(max_length=CODE_LENGTH_MAX)
    name = TextField(max_length=NAME_LENGTH_MAX)
    priority = WholeNumberField(min_value=0, max_value=PRIORITY_MAX, required=False)


class AdjustmentRequest(StrictSerializer):
    """Either `delta`, pieces that came or went; or `on_hand`, what was counted, against `expected_on_hand`.

    With `expected_on_hand` the adjustment counts only if that many pieces are on hand. What is held or committed never
    changes by an adjustment.
    """

    sku_id = IdField()
    warehouse_id = IdField()
    delta = WholeNumberField(min_value=-QUANTITY_MAX, max_value=QUANTITY_MAX, required=False)
    on_hand = WholeNumberField(min_value=0, max_value=QUANTITY_MAX, required=False)
    expected_on_hand = WholeNumberField(min_value=0, max_value=QUANTITY_MAX, required=False)
    reason = TextField(max_length=REASON_LENGTH_MAX)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("delta" in attrs) == ("on_hand" in attrs):
            raise serializers.ValidationError("Give either delta or on_hand.")
        if "on_hand" in attrs and "expected_on_hand" not in attrs:
            raise serializers.ValidationError("on_hand needs expected_on_hand: what was on hand when it was counted.")
        return attrs


WarehouseAnswer = answer_of(Warehouse, name="WarehouseAnswer")
StockLevelAnswer = answer_of(StockLevel, name="StockLevelAnswer")
WaitingAdjustmentAnswer = answer_of(WaitingAdjustment, name="WaitingAdjustmentAnswer")


class SkuStockAnswer(Answer):
    sku_id = IdField()
    code = serializers.CharField()
    levels = StockLevelAnswer(many=True)


class OwnSkuStockAnswer(SkuStockAnswer):
    """The stock of a SKU with its `waiting_adjustments`: those that an operator must approve before they are made."""

    waiting_adjustments = WaitingAdjustmentAnswer(many=True)


class ProductStockAnswer(Answer):
    product_id = IdField()
    title = serializers.CharField()
    skus = SkuStockAnswer(many=True)
