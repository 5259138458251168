"""How contracts look as JSON, for answers, events and stored outcomes alike.

Ids are strings, money is `{"amount": "69.44", "currency": "GBP"}`, moments are RFC 3339 in UTC. A field named `id`, or
one that ends in `_id` or `_ref`, is an id; every other integer is a number.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache, singledispatch
from typing import Any

from tradecore.money import Money


def to_json(value: Any, *, field: str = "") -> Any:
    """The JSON form of a contract, or of anything that stands in one. Raises TypeError for what has none."""
    return _form_of(type(value))(value, field)


@singledispatch
def _form(value: Any, _field: str) -> Any:
    return {name: to_json(getattr(value, name), field=name) for name in _members(type(value))}


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
    return {key: to_json(item, field=key) for key, item in value.items()}


@_form.register(Sequence)
@_form.register(Set)
def _(value: Sequence[Any] | Set[Any], field: str) -> list[Any]:
    return [to_json(item, field=field) for item in value]


def _list_members(contract: type) -> tuple[str, ...]:
    """The names of a contract's fields. Raises TypeError for what is none."""
    if not dataclasses.is_dataclass(contract):
        raise TypeError(f"{contract.__name__} has no JSON form")
    return tuple(item.name for item in dataclasses.fields(contract))


# Both are looked for once for each type.
_form_of: Callable[[type], Callable[[Any, str], Any]] = cache(_form.dispatch)
_members: Callable[[type], tuple[str, ...]] = cache(_list_members)


def _is_id(field: str) -> bool:
    return field == "id" or field.endswith(("_id", "_ids", "_ref", "_refs"))
