"""Forms of requests are made once for all bodies."""

from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from tradecore.http.fields import IdField, StrictSerializer, TextField, WholeNumberField, form_of


class Line(StrictSerializer):
    sku_id = IdField()
    quantity = WholeNumberField(min_value=1, max_value=9)


class Wish(StrictSerializer):
    market = TextField(max_length=4)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(child=Line(), min_length=1, max_length=2)
    gift = Line(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["market"] == "XX":
            raise serializers.ValidationError("There is no such market.")
        return attrs


LINE = {"sku_id": "7", "quantity": 1}
GOOD = {"market": "GB", "lines": [LINE, LINE], "gift": LINE}
BODIES = [
    GOOD,
    GOOD | {"market": "XX"},
    GOOD | {"market": "TOO LONG"},
    GOOD | {"unknown": 1},
    GOOD | {"gift": None},
    GOOD | {"gift": [LINE]},
    GOOD | {"lines": []},
    GOOD | {"lines": [LINE, {"sku_id": 7, "quantity": True}]},
    GOOD | {"lines": [LINE, LINE | {"unknown": 1}]},
    {},
    [],
    "text",
]


def read(form: StrictSerializer, body: Any) -> Any:
    try:
        return form.run_validation(body)
    except ValidationError as refused:
        return refused.detail


class TestAForm:
    @pytest.mark.parametrize("body", BODIES)
    def test_says_of_each_body_what_a_new_one_would(self, body: Any) -> None:
        for other in BODIES:
            read(form_of(Wish), other)
        new = Wish(data=body)
        assert read(form_of(Wish), body) == (new.validated_data if new.is_valid() else new.errors)
