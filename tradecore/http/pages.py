"""Lists come in pages, in the order of their ids, newest first, found by key and never by offset.

A page's token is good for the list that gave it, for whoever asked, with the same filters: for anything else it is as
wrong as one that was tampered with.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.core import signing
from rest_framework.request import Request

from tradecore import wire
from tradecore.errors import Kind, Refusal
from tradecore.http.principals import scope_of

T = TypeVar("T")

PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
_SALT = "tradecore.page"
_PAGE_SIZE = re.compile(r"[0-9]{1,3}", re.ASCII)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII | re.IGNORECASE,
)


@dataclass
class ParameterInvalid(Refusal):
    """A query parameter is unknown, given twice, or not of the documented form."""

    code = "request.parameter_invalid"
    kind = Kind.MALFORMED
    title = "A query parameter is not acceptable."

    parameter: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: rows with an id below `before` (None: the first page), at most `size`.

    `salt` is what the tokens of this list are signed with.
    """

    size: int
    before: int | None
    filters: dict[str, Any]
    salt: str


FilterReader = Callable[[str], Any]


def read_page(request: Request, *, filters: dict[str, FilterReader] | None = None) -> PageRequest:
    """Read `page_size`, `page_token` and the known filters. Refuses: ParameterInvalid."""
    readers = filters or {}
    query = request.query_params
    narrowed = sorted((name, query[name]) for name in readers if name in query)
    salt = repr((_SALT, request.path, scope_of(request.user), narrowed))
    values: dict[str, Any] = {}
    for name in query:
        if name not in {"page_size", "page_token", *readers} or len(query.getlist(name)) > 1:
            raise ParameterInvalid(parameter=name[:60])
        if name in readers:
            values[name] = _read(name, str(query[name]), readers[name])
    size = _read("page_size", str(query.get("page_size", PAGE_SIZE_DEFAULT)), _read_size)
    before = _read("page_token", str(query["page_token"]), _token_reader(salt)) if "page_token" in query else None
    return PageRequest(size=size, before=before, filters=values, salt=salt)


def page_of(rows: Sequence[T], request: PageRequest, *, key: Callable[[T], int]) -> dict[str, Any]:
    """The JSON form of a page. `rows` hold one more than asked for when there is a next page."""
    items = rows[: request.size]
    has_more = len(rows) > request.size
    token = signing.dumps(key(items[-1]), salt=request.salt) if has_more else None
    return {"items": [wire.to_json(item) for item in items], "next_page_token": token}


def moment(text: str) -> datetime:
    """Reads an RFC 3339 moment with its offset."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def _read(name: str, text: str, reader: FilterReader) -> Any:
    try:
        return reader(text)
    except (ValueError, OverflowError, signing.BadSignature) as error:
        raise ParameterInvalid(parameter=name) from error


def _read_size(text: str) -> int:
    if not _PAGE_SIZE.fullmatch(text) or not 1 <= int(text) <= PAGE_SIZE_MAX:
        raise ValueError(text)
    return int(text)


def _token_reader(salt: str) -> FilterReader:
    def read(text: str) -> int:
        return int(signing.loads(text, salt=salt))

    return read
