"""Tables by the million: siblings of everything that was really lived, made inside the server.

What a sibling is says `siblings.py`. Left out are seals and balances of the ledger, because a hash of a copy is none,
so copied postings are unsealed; and ids inside of JSON, which name the rows that were copied.

# Note [Filling]
Copies come in the order of their ids, so a table grows at one place; but each of its other indexes grows everywhere,
and once they do not fit into memory, each row has several pages read and written. So a table that is to get more rows
than it has loses these indexes first, and has them made anew from its rows, which the server sorts; what the table is
like is compared before and after. As many tables as there are cores are filled at once.

Foreign keys and constraints are not checked again: siblings of rows that meet them do, and reconciliation asks at the
end. That is said to the sessions that fill, and ends with them. The server writes pages as fast as it can meanwhile,
and afterwards until none is left to be written; then it is set as before, and what is measured next has none of this to
pay for.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bench.growth.siblings import ID_BITS_BELOW_MS, Era, belongs, moves, sibling_value
from machine.servers import DATABASE

#: Where what was lived is kept while it is multiplied.
LIVED: Final = "lived"

#: Between the youngest copy and whatever was there before the world began: ids of both are of the same milliseconds.
GAP_MS: Final = 86_400_000

#: How many rows one transaction copies, nearly.
ROWS_AT_ONCE: Final = 100_000

#: What is counted by hand below, sealed, or no fact of a purchase.
LEFT_OUT: Final = frozenset({"ledger_seal", "ledger_manifest", "ledger_balance", "documents_series", "kernel_sample"})

#: See Note [Filling]. Without the last one, the server takes copies by the hundred for each row that was lived, and
#: the rows come in no order at all.
_SESSION_SQL: Final = "SET foreign_key_checks = 0, check_constraint_checks = 0, join_cache_level = 0"

#: How the server is set while tables are filled, and until all of it is written: it writes as much as the disk takes.
_FILLING: Final[Mapping[str, str]] = {"innodb_io_capacity_max": "20000", "innodb_io_capacity": "20000"}
_WRITING: Final[Mapping[str, str]] = {"innodb_max_dirty_pages_pct": "0.000000"}
_VARIABLES_SQL: Final = "SHOW GLOBAL VARIABLES WHERE variable_name IN %s"
_DIRTY_SQL: Final = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"

#: So few pages that wait to be written are none; and no longer is waited for it.
DIRTY_PAGES: Final = 500
SETTLED_AFTER_S: Final = 600.0

#: An index in SHOW CREATE TABLE.
_INDEX: Final = re.compile(r"^  ((?:UNIQUE )?KEY (`\w+`) .*?),?$", re.MULTILINE)

_COLUMNS_SQL: Final = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = %s AND table_name = %s AND generation_expression IS NULL ORDER BY ordinal_position
"""
_TABLES_SQL: Final = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY table_name
"""

# As many goods came in as the copies have taken, so that the shelves are as full as before; and what the holds of the
# copies have taken stands in the counters.
_MOVED_SQL: Final = f"""
    CREATE TABLE {LIVED}.moved AS
    SELECT ROW_NUMBER() OVER (ORDER BY sku_id, warehouse_id, bucket) AS number, sku_id, warehouse_id, bucket,
           SUM(available) AS available, SUM(held) AS held, SUM(committed) AS committed
    FROM {LIVED}.inventory_movement GROUP BY sku_id, warehouse_id, bucket
"""  # noqa: S608 - a name of our own
_REFILL_SQL: Final = f"""
    INSERT INTO inventory_movement
        (id, kind, sku_id, warehouse_id, bucket, available, held, committed, reason, actor, occurred_at)
    SELECT %s - number, 'ADJUSTED', sku_id, warehouse_id, bucket, -available * %s, 0, 0, 'a delivery', 'growth', %s
    FROM {LIVED}.moved WHERE available <> 0
"""  # noqa: S608 - as above
_COUNT_SQL: Final = f"""
    UPDATE inventory_stock AS stock JOIN {LIVED}.moved USING (sku_id, warehouse_id, bucket)
    SET stock.held = stock.held + moved.held * %s, stock.committed = stock.committed + moved.committed * %s
"""  # noqa: S608 - as above
_ISSUED_SQL: Final = f"""
    CREATE TABLE {LIVED}.issued (id BIGINT PRIMARY KEY) AS
    SELECT series_id AS id, COUNT(*) AS issued FROM {LIVED}.documents_document GROUP BY series_id
"""  # noqa: S608 - as above
_POSITIONS_SQL: Final = f"SELECT COALESCE(MAX(position) - MIN(position) + 1, 0) FROM {LIVED}.kernel_outbox"  # noqa: S608

#: Opens a connection of the root's.
Connect = Callable[[], AbstractContextManager[Any]]


class Unfillable(RuntimeError):
    """There is nothing to copy."""


@dataclass(frozen=True)
class Filled:
    """How often everything was copied, and how many rows that were, and how many seconds it took, by table."""

    copies: int
    rows: Mapping[str, int]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _World:
    """What is copied, how often, and where to. span_ms: how long it was. back_ms: from its beginning to the end of its
    youngest copy.
    """

    era: Era
    copies: int
    span_ms: int
    back_ms: int

    @property
    def first_id(self) -> int:
        """The first id of its oldest copy."""
        return self.era.since - (self.copies * self.span_ms + self.back_ms << ID_BITS_BELOW_MS)


@dataclass(frozen=True)
class _Table:
    """Rows of the world, and of before it. values: column -> what it has in a sibling, but for generated columns."""

    name: str
    values: Mapping[str, str]
    lived: int
    before: int


def multiply(connect: Connect, *, since: int, until: int, copies: int, back_ms: int = GAP_MS) -> Filled:
    """Make so many siblings of everything that has an id from `since` to `until`. back_ms: how far before it they end.

    Nobody writes meanwhile. Raises Unfillable.
    """
    with connect() as connection, connection.cursor() as cursor, _writing(cursor):
        lived = dict(_put_aside(cursor, since))
        if not lived:
            raise Unfillable("nothing was lived")
        for statement in (_MOVED_SQL, _ISSUED_SQL):
            cursor.execute(statement)
        era = Era(since, now=_ask(cursor, "SELECT NOW(6)"), positions=int(_ask(cursor, _POSITIONS_SQL)))
        world = _World(era, copies, span_ms=(until - since >> ID_BITS_BELOW_MS) + 1, back_ms=back_ms)
        tables = [_look_at(cursor, name, rows, era) for name, rows in lived.items()]
        connection.commit()
        seconds = _copy_all(connect, world, tables)
        _bring_counts_up(cursor, world)
        cursor.execute(f"DROP DATABASE {LIVED}")
        connection.commit()
    return Filled(copies, {table.name: table.lived * copies for table in tables}, seconds)


@contextmanager
def _writing(cursor: Any) -> Iterator[None]:
    """Let the server write pages as fast as it can, until all are written; then set it as it was."""
    before = _variables(cursor)
    _set_global(cursor, _FILLING)
    yield
    _set_global(cursor, _WRITING)
    end = time.monotonic() + SETTLED_AFTER_S
    while _count_dirty(cursor) > DIRTY_PAGES and time.monotonic() < end:
        time.sleep(0.2)
    _set_global(cursor, before)
    assert _variables(cursor) == before, "the server is not set as it was"


def _set_global(cursor: Any, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        cursor.execute(f"SET GLOBAL {name} = {value}")


def _variables(cursor: Any) -> dict[str, str]:
    """How the server is set now, in an order in which it can be set so again."""
    names = [*reversed([*_FILLING]), *_WRITING]
    cursor.execute(_VARIABLES_SQL, [names])
    found = dict(cursor.fetchall())
    return {name: found[name] for name in names}


def _count_dirty(cursor: Any) -> int:
    cursor.execute(_DIRTY_SQL)
    ((_, count),) = cursor.fetchall()
    return int(count)


def _put_aside(cursor: Any, since: int) -> Iterator[tuple[str, int]]:
    """Put everything with an id of the world aside. Yields each table of it, and its rows."""
    cursor.execute(f"CREATE DATABASE {LIVED} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    cursor.execute(_TABLES_SQL, [DATABASE])
    for (table,) in cursor.fetchall():
        condition = belongs(_columns(cursor, table), since)
        if table in LEFT_OUT or not condition:
            continue
        cursor.execute(f"CREATE TABLE {LIVED}.{table} AS SELECT * FROM {table} WHERE {condition}")  # noqa: S608
        rows = _ask(cursor, f"SELECT COUNT(*) FROM {LIVED}.{table}")  # noqa: S608 - a name of the server's
        if rows:
            yield table, rows


def _columns(cursor: Any, table: str) -> Sequence[tuple[str, str]]:
    cursor.execute(_COLUMNS_SQL, [DATABASE, table])
    columns: Sequence[tuple[str, str]] = cursor.fetchall()
    return columns


def _look_at(cursor: Any, name: str, lived: int, era: Era) -> _Table:
    """A table of which so many rows were lived."""
    columns = _columns(cursor, name)
    questions = ", ".join(moves(column, kind, era) for column, kind in columns)
    cursor.execute(f"SELECT {questions} FROM {LIVED}.{name}")  # noqa: S608 - names of the server's
    moved = dict(zip(columns, cursor.fetchone(), strict=True))
    values = {column: sibling_value(name, column, kind if moved[column, kind] else "", era) for column, kind in columns}
    all_rows = _ask(cursor, f"SELECT COUNT(*) FROM {name}")  # noqa: S608 - as above
    return _Table(name, values, lived, before=all_rows - lived)


def _copy_all(connect: Connect, world: _World, tables: Sequence[_Table]) -> dict[str, float]:
    """The largest first, as many at once as there are cores. Returns how many seconds each has taken."""
    largest_first = sorted(tables, key=lambda table: -table.lived * len(table.values))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        seconds = list(pool.map(partial(_copy, connect, world), largest_first))
    return {table.name: taken for table, taken in zip(largest_first, seconds, strict=True)}


def _copy(connect: Connect, world: _World, table: _Table) -> float:
    """Fill one table. Returns the seconds that it has taken. See Note [Filling]."""
    begun = time.monotonic()
    grows_by_much = table.lived * world.copies >= table.before
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(_SESSION_SQL)
        with _without_indexes(cursor, table.name) if grows_by_much else nullcontext():
            for oldest, number in _chunks(world.copies, table.lived):
                cursor.execute(_copy_sql(table), [oldest, oldest, world.span_ms, world.back_ms, number])
                connection.commit()
        cursor.execute(f"ANALYZE TABLE {table.name}")
        cursor.fetchall()
    return time.monotonic() - begun


@contextmanager
def _without_indexes(cursor: Any, table: str) -> Iterator[None]:
    """Take all indexes but the primary key away, and make them anew at the end of the block."""
    before = _definition(cursor, table)
    indexes = _INDEX.findall(before)
    if indexes:
        cursor.execute(f"ALTER TABLE {table} {', '.join(f'DROP INDEX {name}' for _, name in indexes)}")
    yield
    if indexes:
        cursor.execute(f"ALTER TABLE {table} {', '.join(f'ADD {index}' for index, _ in indexes)}")
    assert _definition(cursor, table) == before, f"{table} is not as it was"


def _definition(cursor: Any, table: str) -> str:
    """What a table is like, whatever number it gives to its next row."""
    cursor.execute(f"SHOW CREATE TABLE {table}")
    _, definition = cursor.fetchone()
    return re.sub(r" AUTO_INCREMENT=\d+", "", definition)


def _chunks(copies: int, rows: int) -> Iterator[tuple[int, int]]:
    """From the oldest copy on, a few at a time: (the oldest, how many). So rows come in the order of their ids."""
    at_once = max(ROWS_AT_ONCE // rows, 1)
    for oldest in range(copies, 0, -at_once):
        yield oldest, min(at_once, oldest)


def _copy_sql(table: _Table) -> str:
    """The statement that copies a table's part of the world, from the oldest copy on.

    Asks for the number of the oldest, twice, the span of the world and the gap after it (ms), and for how many copies.
    """
    return f"""
        INSERT INTO {table.name} ({", ".join(f"`{name}`" for name in table.values)})
        SELECT {", ".join(table.values.values())}
        FROM (SELECT %s - seq AS seq, (%s - seq) * %s + %s AS back_ms FROM seq_0_to_10000000 WHERE seq < %s) AS n
        STRAIGHT_JOIN {LIVED}.{table.name}
    """  # noqa: S608 - names of the server's


def _bring_counts_up(cursor: Any, world: _World) -> None:
    copies = world.copies
    cursor.execute(_REFILL_SQL, [world.first_id, copies, world.era.now])
    cursor.execute(_COUNT_SQL, [copies, copies])
    cursor.execute(
        f"UPDATE documents_series AS series JOIN {LIVED}.issued USING (id)"  # noqa: S608 - a name of our own
        " SET last_number = last_number + issued * %s",
        [copies],
    )
    cursor.execute("UPDATE kernel_event_position SET last = last + %s", [world.era.positions * copies])


def _ask(cursor: Any, sql: str) -> Any:
    """The one value that a question has for an answer."""
    cursor.execute(sql)
    (answer,) = cursor.fetchone()
    return answer
