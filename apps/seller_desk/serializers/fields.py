"""Fields that only sellers fill in."""

import re
from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tradecore.http.fields import MoneyField, TextField
from tradecore.http.pages import moment
from tradecore.money import Money

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_VISIBLE = re.compile(r"^[!-~]+$")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """A moment of this century, as RFC 3339 writes it, with its offset."""

    default_error_messages = {
        "invalid": "This is not a moment as RFC 3339 writes it, with its offset from UTC.",
        "out_of_range": "Moments lie between the years 2000 and 2100.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not (isinstance(data, str) and _RFC_3339.fullmatch(data)):
            self.fail("invalid")
        try:
            read = moment(data)
        except (ValueError, OverflowError):
            self.fail("invalid")
        if not _EARLIEST <= read < _LATEST:
            self.fail("out_of_range")
        return read


class PriceField(MoneyField):
    """Money that is not negative."""

    default_error_messages = {"negative": "This amount is not negative."}

    def to_internal_value(self, data: Any) -> Money:
        amount = super().to_internal_value(data)
        if amount.minor < 0:
            self.fail("negative")
        return amount


class CodeField(serializers.CharField):
    """A code: visible ASCII characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(RegexValidator(_VISIBLE, "This has characters that are not visible ASCII."))

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class GivenCodeField(CodeField):
    """A code that a carrier or a maker of goods has made. It is not searched for card numbers.

    One GTIN, and one parcel's number, in ten passes for the number of a card.
    """

    may_look_like_card_number = True


class ParagraphsField(serializers.CharField):
    """Bounded plain text of several lines. What `TextField` refuses is refused in each of them."""

    _line = TextField(allow_blank=True, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data).replace("\r\n", "\n")
        for line in text.split("\n"):
            self._line.to_internal_value(line.replace("\t", " "))
        return text
