"""What the OpenAPI document says of contracts is what they look like on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tradecore import wire
from tradecore.http.answers import MONEY_SCHEMA, members_of, schema_of
from tradecore.money import Money


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


@dataclass(frozen=True)
class Part:
    id: int
    name: str


@dataclass(frozen=True)
class Whole:
    """One member of every type that contracts have."""

    owner_ref: int
    part_ids: tuple[int, ...]
    count: int
    is_whole: bool
    colour: Colour
    price: Money
    discount: Money | None
    made_at: datetime
    made_on: date
    part: Part | None
    parts: tuple[Part, ...]
    shelves: frozenset[str]
    options: Mapping[str, str]
    notes: Mapping[str, Any]


WHOLE = Whole(
    owner_ref=5,
    part_ids=(7, 8),
    count=3,
    is_whole=True,
    colour=Colour.RED,
    price=Money(6944, "GBP"),
    discount=None,
    made_at=datetime(2026, 3, 11, 12, tzinfo=UTC),
    made_on=date(2026, 3, 11),
    part=Part(id=7, name="leg"),
    parts=(),
    shelves=frozenset({"upper"}),
    options={"size": "M"},
    notes={"seen": 3},
)


def errors_of(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": {"schemas": {"Money": MONEY_SCHEMA}}}
    return [error.json_path for error in Draft202012Validator(whole).iter_errors(value)]


class TestSchemaOfAContract:
    def test_takes_its_wire_form(self) -> None:
        assert errors_of(members_of(Whole), wire.to_json(WHOLE)) == []

    @pytest.mark.parametrize(
        ("member", "wrong"),
        [
            ("owner_ref", 5),
            ("owner_ref", "05"),
            ("part_ids", [7]),
            ("count", "3"),
            ("is_whole", 1),
            ("colour", "GREEN"),
            ("price", None),
            ("price", {"amount": 69.44, "currency": "GBP"}),
            ("discount", "0.00"),
            ("made_at", 17),
            ("part", {"id": "7"}),
            ("parts", None),
            ("shelves", "upper"),
            ("options", {"size": 1}),
            ("notes", []),
        ],
    )
    def test_takes_nothing_else(self, member: str, wrong: Any) -> None:
        assert errors_of(members_of(Whole), wire.to_json(WHOLE) | {member: wrong})

    def test_needs_every_member_that_is_not_left_out(self) -> None:
        form = wire.to_json(WHOLE)
        del form["count"]
        assert errors_of(members_of(Whole), form)
        assert errors_of(members_of(Whole, without=frozenset({"count"})), form) == []

    def test_says_nothing_of_what_may_be_anything(self) -> None:
        assert schema_of(Any) == {}
