"""How contracts look as JSON, for answers, events and stored outcomes alike.

Ids are strings, money is `{"amount": "69.44", "currency": "GBP"}`, moments are RFC 3339 in UTC. A field named `id`, or
one that ends in `_id` or `_ref`, is an id; every other integer is a number.
"""

import dataclasses
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime
from enum import Enum
from functools import singledispatch
from typing import Any

from tradecore.money import Money


def to_json(value: Any, *, field: str = "") -> Any:
    """The JSON form of a contract, or of anything that stands in one. Raises TypeError for what has none."""
    return _form(value, field)


@singledispatch
def _form(value: Any, _field: str) -> Any:
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return {item.name: _form(getattr(value, item.name), item.name) for item in dataclasses.fields(value)}


@_form.register(type(None))
@_form.register(bool)
@_form.register(str)
def _(value: Any, _field: str) -> Any:
    return value


@_form.register
def _(value: Enum, _field: str) -> Any:
    return value.value


@_form.register
def _(value: int, field: str) -> int | str:
    return str(value) if _is_id(field) else value


@_form.register
def _(value: Money, _field: str) -> dict[str, str]:
    return {"amount": value.amount, "currency": value.currency}


@_form.register
def _(value: datetime, _field: str) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@_form.register
def _(value: date, _field: str) -> str:
    return value.isoformat()


@_form.register(Mapping)
def _(value: Mapping[str, Any], _field: str) -> dict[str, Any]:
    return {key: _form(item, key) for key, item in value.items()}


@_form.register(Sequence)
@_form.register(Set)
def _(value: Sequence[Any] | Set[Any], field: str) -> list[Any]:
    return [_form(item, field) for item in value]


def _is_id(field: str) -> bool:
    return field == "id" or field.endswith(("_id", "_ids", "_ref", "_refs"))
