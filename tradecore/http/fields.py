"""Fields that take what they document and nothing that merely resembles it."""

import re
from functools import cache, cached_property
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tradecore.errors import Refusal
from tradecore.ids import MAX_ID
from tradecore.money import Money

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer of requests that refuses members it does not know. It keeps nothing of a body: see `form_of`."""

    @cached_property
    def passing(self) -> frozenset[str]:
        """The members whose text may look like the number of a card."""
        fields = self.fields.items()
        return frozenset(name for name, field in fields if getattr(field, "may_look_like_card_number", False))

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = data.keys() - self.fields.keys()
            if unknown:
                raise serializers.ValidationError(
                    {str(name): ["This member is not known."] for name in sorted(unknown)}
                )
        return super().to_internal_value(data)


@cache
def form_of(serializer: type[StrictSerializer]) -> StrictSerializer:
    """The one instance that reads all bodies of this form: making its fields anew takes longer than reading a body."""
    return serializer()


@extend_schema_field({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"})
class IdField(serializers.Field[int, Any, str, Any]):
    """An id: a string of digits, as ids are in every answer."""

    default_error_messages = {"invalid": "This is not an id."}

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and _ID.fullmatch(data)) or int(data) > MAX_ID:
            self.fail("invalid")
        return int(data)

    def to_representation(self, value: int) -> str:
        return str(value)


class WholeNumberField(serializers.IntegerField):
    """An integer that came as a JSON integer: no string, no boolean, no fraction."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """A boolean that came as one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """Bounded text that came as a string, without control characters."""

    default_error_messages = {"control": "Control characters are not accepted."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if _CONTROL.search(text):
            self.fail("control")
        return text


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": "^[0-9]{1,16}([.][0-9]{1,3})?$", "example": "69.44"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "example": "GBP"},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }
)
class MoneyField(serializers.Field[Money, Any, dict[str, str], Any]):
    """`{"amount": "69.44", "currency": "GBP"}`: a decimal string with the currency's own number of decimals."""

    default_error_messages = {
        "invalid": "Money is an object of amount and currency, both strings.",
    }

    def to_internal_value(self, data: Any) -> Money:
        if not isinstance(data, dict) or data.keys() != {"amount", "currency"}:
            self.fail("invalid")
        amount, currency = data["amount"], data["currency"]
        if not (isinstance(amount, str) and isinstance(currency, str)):
            self.fail("invalid")
        try:
            return Money.parse(amount, currency)
        except Refusal as refusal:
            raise serializers.ValidationError(refusal.title) from refusal

    def to_representation(self, value: Money) -> dict[str, str]:
        return {"amount": value.amount, "currency": value.currency}
