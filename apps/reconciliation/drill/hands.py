"""Hands: rows changed by SQL, as somebody with the rights of the server would; and what breaks which invariant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id


@dataclass(frozen=True, slots=True)
class Tampering:
    """What breaks one invariant; it returns the row that is to be named. `also` cannot be helped breaking with it."""

    name: str
    do: Callable[[Life], int]
    also: frozenset[str]


#: Invariant, or fuse -> what breaks it.
TAMPERINGS: Final[dict[str, Tampering]] = {}


def breaks(
    name: str, *, also: frozenset[str] = frozenset()
) -> Callable[[Callable[[Life], int]], Callable[[Life], int]]:
    """Register what breaks an invariant, and nothing else, but for those that it cannot help breaking."""

    def register(do: Callable[[Life], int]) -> Callable[[Life], int]:
        assert name not in TAMPERINGS, name
        TAMPERINGS[name] = Tampering(name=name, do=do, also=also)
        return do

    return register


def change(sql: str, *parameters: Any) -> None:
    """Change rows; there must be some."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        if not cursor.rowcount:
            raise AssertionError(f"changed nothing: {sql}")


def find(sql: str, *parameters: Any) -> Any:
    """The first column of the first row; there must be one."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
    if row is None:
        raise AssertionError(f"found nothing: {sql}")
    return row[0]


def copy(table: str, key: int, **changes: Any) -> int:
    """Insert a row again with another id, and other columns. Returns its id."""
    with connection.cursor() as cursor:
        names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
        changes = {"id": new_id(), **changes}
        values = [changes.get(name) for name in names if name in changes]
        kept = ["%s" if name in changes else connection.ops.quote_name(name) for name in names]
        columns = ", ".join(connection.ops.quote_name(name) for name in names)
        sql = f"INSERT INTO {table} ({columns}) SELECT {', '.join(kept)} FROM {table} WHERE id = %s"  # noqa: S608
        cursor.execute(sql, [*values, key])
    return int(changes["id"])


def moment(value: datetime) -> str:
    """As a column of a moment holds it."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f")
