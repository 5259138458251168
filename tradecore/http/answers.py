"""What answers look like, for the OpenAPI document. Nothing is rendered through these: the wire form is made by
`tradecore.wire` and the surfaces' own render functions, and tests hold every answer against its form.

An answer that is a contract as it stands is read off the contract; any other is written out, member by member.
"""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tradecore.http.fields import MoneyField
from tradecore.ids import MAX_ID
from tradecore.money import Money

Schema = dict[str, Any]

ID_SCHEMA: Schema = {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "examples": [str(MAX_ID // 20)]}
MONEY_SCHEMA: Schema = {
    "type": "object",
    "description": "A decimal string with the currency's own number of decimals, negative where it goes the other way.",
    "properties": {
        "amount": {"type": "string", "pattern": "^-?[0-9]{1,16}([.][0-9]{1,4})?$", "examples": ["69.44"]},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["GBP"]},
    },
    "required": ["amount", "currency"],
}

_SCALARS: Mapping[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Money: {"$ref": "#/components/schemas/Money"},
}


class Answer(serializers.Serializer[Any]):
    """The form of a body that is answered. Every member is always there."""


class ContractAnswer(Answer):
    """An answer that is a contract, but for the members in `without`; declared members stand beside or instead."""

    contract: ClassVar[type]
    without: ClassVar[frozenset[str]]


@extend_schema_field({"$ref": "#/components/schemas/Money"})
class AmountField(MoneyField):
    """Money in an answer."""


def answer_of(contract: type, *, name: str, without: tuple[str, ...] = (), **declared: Any) -> type[Answer]:
    """The form of an answer that is a contract. `name` is its name in the document; `declared` are fields."""
    members = {"__doc__": contract.__doc__, "contract": contract, "without": frozenset(without), **declared}
    return type(name, (ContractAnswer,), members)


def page_answer(item: type[Answer]) -> type[Answer]:
    """The form of a page of such items."""
    members = {
        "__doc__": "One page. `next_page_token` asks for the next one; null on the last.",
        "items": item(many=True),
        "next_page_token": serializers.CharField(allow_null=True),
    }
    return type(f"{item.__name__.removesuffix('Answer')}Page", (Answer,), members)


def schema_of(hint: Any, *, field: str = "") -> Schema:
    """The schema of the wire form (`tradecore.wire`) of a value of this type."""
    if get_origin(hint) is not None:
        return _schema_of_generic(get_origin(hint), get_args(hint), field=field)
    if hint is int and (field == "id" or field.endswith(("_id", "_ids", "_ref", "_refs"))):
        return ID_SCHEMA
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [item.value for item in hint]}
    return members_of(hint) if dataclasses.is_dataclass(hint) else {}


def members_of(contract: Any, *, without: frozenset[str] = frozenset()) -> Schema:
    """The schema of a contract, or of a refusal's facts: an object that has each of its fields."""
    hints = get_type_hints(contract)
    names = [item.name for item in dataclasses.fields(contract) if item.name not in without]
    return {
        "type": "object",
        "properties": {name: schema_of(hints[name], field=name) for name in names},
        "required": names,
    }


def _schema_of_generic(origin: Any, arguments: tuple[Any, ...], *, field: str) -> Schema:
    """Of what is made of other types: something or None, a mapping by strings, a sequence or a set."""
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return {"anyOf": [schema_of(inner, field=field), {"type": "null"}]}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    return {"type": "array", "items": schema_of(arguments[0], field=field)}
