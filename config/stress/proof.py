"""The proof that the real tables are as they were: what each of them holds, before and after.

# Note [As they were]
A table is as it was when its checksum is. What changes meanwhile was changed by somebody else, and the report names it;
that it was not the run is proved by the keys: no row that was written in the shadow is in the real table. Ids of both
worlds come from one generator, so no two are ever the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import connection, models

from config.stress.shadow import beside
from tradecore import worlds

#: Which processes are alive: each of them says so by itself, whatever it serves.
HEARTBEATS: Final = frozenset({"kernel_worker_lease"})

Fingerprints = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Proof:
    """tables: how many were compared. changed: those that are not as they were. strays: rows of the shadow by table."""

    tables: int
    changed: tuple[str, ...]
    strays: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether nothing of the run is in the real tables."""
        return not self.strays


def take_fingerprints() -> Fingerprints:
    """What each table of the real world holds, in one word each."""
    assert not worlds.is_shadow(), "it is about the real tables"
    tables = [table for table in connection.introspection.table_names() if table not in HEARTBEATS]
    return _checksums(tables) if connection.vendor == "mysql" else {table: _digest(table) for table in tables}


def prove(before: Fingerprints, *, run: str, since: int) -> Proof:
    """Compare the real tables with what they held, and look for rows of the run: those with ids from `since` on."""
    after = take_fingerprints()
    changed = tuple(sorted(table for table in after if after[table] != before.get(table)))
    return Proof(tables=len(after), changed=changed, strays=_find_strays(run, since=since))


def _checksums(tables: list[str]) -> Fingerprints:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"CHECKSUM TABLE {', '.join(map(quote, tables))}")
        return {str(name).rpartition(".")[2]: str(checksum) for name, checksum in cursor.fetchall()}


def _digest(table: str) -> str:
    """The rows of a table, whatever their order."""
    total = 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of our own tables
        for row in cursor.fetchall():
            total ^= int.from_bytes(hashlib.sha256(repr(row).encode()).digest())
    return f"{total:x}"


def _find_strays(run: str, *, since: int) -> dict[str, int]:
    real = str(connection.settings_dict["NAME"])
    found: dict[str, int] = {}
    with worlds.shadow(run), beside(real) as source, connection.cursor() as cursor:
        for model in apps.get_models():
            if isinstance(model._meta.pk, models.BigIntegerField):  # noqa: SLF001 - documented
                cursor.execute(_strays_sql(model, source), [since])
                found[model._meta.db_table] = cursor.fetchone()[0]  # noqa: SLF001 - documented
    return {table: count for table, count in found.items() if count}


def _strays_sql(model: Any, source: str) -> str:
    quote, options = connection.ops.quote_name, model._meta  # noqa: SLF001 - documented
    table, key = quote(options.db_table), quote(options.pk.column)
    return (
        f"SELECT COUNT(*) FROM {table} AS ours JOIN {quote(source)}.{table} AS theirs "  # noqa: S608 - our own names
        f"ON theirs.{key} = ours.{key} WHERE ours.{key} >= %s"
    )
