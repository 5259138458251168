"""Query parameters of routes that are not pages, and lists that are so short that they come whole."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.http import QueryDict

from tradecore import wire
from tradecore.http.converters import IdConverter
from tradecore.http.pages import FilterReader, ParameterInvalid

_ID = re.compile(IdConverter.regex)
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


def read_query(query: QueryDict, *, readers: Mapping[str, FilterReader] | None = None) -> dict[str, Any]:
    """The known parameters, read. Refuses: ParameterInvalid (unknown, given twice, or not of the documented form)."""
    readers = readers or {}
    values = {}
    for name in query:
        if name not in readers or len(query.getlist(name)) > 1:
            raise ParameterInvalid(parameter=name[:60])
        try:
            values[name] = readers[name](str(query[name]))
        except ValueError as error:
            raise ParameterInvalid(parameter=name) from error
    return values


def required(values: Mapping[str, Any], name: str) -> Any:
    """A parameter that the route cannot do without. Refuses: ParameterInvalid."""
    if name not in values:
        raise ParameterInvalid(parameter=name)
    return values[name]


def whole_list(items: Iterable[Any]) -> dict[str, Any]:
    """A list that is never longer than a page, in the form of the only page that it has."""
    return {"items": [wire.to_json(item) for item in items], "next_page_token": None}


def read_id(text: str) -> int:
    """Reads an id as every answer writes it."""
    if not _ID.fullmatch(text):
        raise ValueError(text)
    return IdConverter().to_python(text)


def number_in(lowest: int, highest: int) -> FilterReader:
    """A reader of whole numbers in ASCII digits, from the lowest to the highest."""

    def read(text: str) -> int:
        if not _DIGITS.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError(text)
        return int(text)

    return read


def one_of(allowed: Collection[str]) -> FilterReader:
    """A reader that knows a few words only."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


def text_up_to(length_max: int) -> FilterReader:
    """A reader of bounded text of one line."""

    def read(text: str) -> str:
        if not 1 <= len(text) <= length_max or not text.isprintable():
            raise ValueError(text)
        return text

    return read
