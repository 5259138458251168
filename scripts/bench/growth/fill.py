"""Tables by the million: siblings of everything that was really lived, made inside the server.

A sibling is a row with its keys moved. Ids hold the time in their high bits (`tradecore/ids.py`), so a whole world of
purchases is moved into the past by taking the same number from every id in it: relations stay relations, genes stay
genes, and what was bought earlier has the lower id. An id is known by its size: whatever is at least the first id of
the world that was lived belongs to it, and what is smaller (amounts, counts, shops, SKUs) was there before and stays.
Moments that are over move as far as ids do; those still to come (a deadline) stay.

What is left out: seals and balances of the ledger, because a hash of a copy is none, so copied postings are unsealed;
and ids inside of JSON, which name the rows that were copied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from machine.servers import DATABASE

#: Where what was lived is kept while it is multiplied.
LIVED: Final = "lived"

#: See `tradecore/ids.py`: below the milliseconds.
ID_BITS_BELOW_MS: Final = 23
ID_EPOCH_MS: Final = 1_735_689_600_000

#: Between the youngest copy and whatever was there before the world began: ids of both are of the same milliseconds.
GAP_MS: Final = 86_400_000

#: How many rows one transaction copies, nearly.
ROWS_AT_ONCE: Final = 100_000

#: What is counted by hand below, sealed, or no fact of a purchase.
LEFT_OUT: Final = frozenset({"ledger_seal", "ledger_manifest", "ledger_balance", "documents_series"})

#: What is another value in each copy than its size would say. `n.seq` is the number of the copy.
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("accounts_user", "email"): "CONCAT(n.seq, '.', email)",
    ("kernel_idempotency", "scope_hash"): "SHA2(CONCAT(n.seq, '.', scope_hash), 256)",
    ("kernel_outbox", "position"): "position + n.seq * @positions",
    ("payments_capture", "provider_ref"): "CONCAT(n.seq, '.', provider_ref)",
    ("payments_answer", "event_id"): "CONCAT(n.seq, '.', event_id)",
    ("documents_document", "series_id"): "series_id",
    ("documents_document", "number"): "number + n.seq * (SELECT issued FROM lived.issued i WHERE i.id = series_id)",
    ("documents_document", "display_number"): "CONCAT(n.seq, '.', display_number)",
    ("oauth2_provider_accesstoken", "id"): "NULL",
    ("oauth2_provider_accesstoken", "token_checksum"): "SHA2(CONCAT(n.seq, '.', token_checksum), 256)",
    ("oauth2_provider_accesstoken", "source_refresh_token_id"): "NULL",
    ("oauth2_provider_refreshtoken", "id"): "NULL",
    ("oauth2_provider_refreshtoken", "token_checksum"): "SHA2(CONCAT(n.seq, '.', token_checksum), 256)",
    ("oauth2_provider_refreshtoken", "access_token_id"): "NULL",
}

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
    SELECT %s - number, 'ADJUSTED', sku_id, warehouse_id, bucket, -available * %s, 0, 0, 'a delivery', 'growth', @now
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


class Unfillable(RuntimeError):
    """There is nothing to copy."""


@dataclass(frozen=True)
class Filled:
    """How often everything was copied, and how many rows that were, by table."""

    copies: int
    rows: Mapping[str, int]


def id_at(at_s: float) -> int:
    """The least id that can be made at that moment of the clock, or later."""
    return int(at_s * 1_000) - ID_EPOCH_MS << ID_BITS_BELOW_MS


def multiply(connection: Any, *, since: int, until: int, copies: int, back_ms: int = GAP_MS) -> Filled:
    """Make so many siblings of everything that has an id from `since` to `until`. back_ms: how far before it they end.

    The connection is the root's, and nobody writes meanwhile. Raises Unfillable.
    """
    with connection.cursor() as cursor:
        lived = dict(_keep_lived(cursor, since))
        if not lived:
            raise Unfillable("nothing was lived")
        span_ms = (until - since >> ID_BITS_BELOW_MS) + 1
        _prepare_counts(cursor)
        for oldest, number in _chunks(copies, sum(lived.values())):
            for table in lived:
                cursor.execute(_copy_sql(cursor, table, since), [oldest, oldest, span_ms, back_ms, number])
            connection.commit()
        _bring_counts_up(cursor, copies, first_id=since - (copies * span_ms + back_ms << ID_BITS_BELOW_MS))
        connection.commit()
        for table in lived:
            cursor.execute(f"ANALYZE TABLE {table}")
            cursor.fetchall()
        cursor.execute(f"DROP DATABASE {LIVED}")
    connection.commit()
    return Filled(copies, {table: rows * copies for table, rows in lived.items()})


def _keep_lived(cursor: Any, since: int) -> Iterator[tuple[str, int]]:
    """Put everything with an id of the world aside. Yields each table of it, and its rows."""
    cursor.execute(f"CREATE DATABASE {LIVED} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    cursor.execute("SET @now = NOW(6), foreign_key_checks = 0")
    cursor.execute(_TABLES_SQL, [DATABASE])
    for (table,) in cursor.fetchall():
        ids = [name for name, kind in _columns(cursor, table) if kind == "bigint"]
        if table in LEFT_OUT or not ids:
            continue
        condition = " OR ".join(f"`{name}` >= {since}" for name in ids)
        cursor.execute(f"CREATE TABLE {LIVED}.{table} AS SELECT * FROM {DATABASE}.{table} WHERE {condition}")  # noqa: S608
        cursor.execute(f"SELECT COUNT(*) FROM {LIVED}.{table}")  # noqa: S608 - a name of the server's
        (rows,) = cursor.fetchone()
        if rows:
            yield table, rows


def _columns(cursor: Any, table: str) -> Sequence[tuple[str, str]]:
    cursor.execute(_COLUMNS_SQL, [DATABASE, table])
    columns: Sequence[tuple[str, str]] = cursor.fetchall()
    return columns


def _prepare_counts(cursor: Any) -> None:
    """What numbers without a gap are counted on by."""
    cursor.execute(f"SELECT COALESCE(MAX(position) - MIN(position) + 1, 0) INTO @positions FROM {LIVED}.kernel_outbox")  # noqa: S608
    cursor.execute(_MOVED_SQL)
    cursor.execute(_ISSUED_SQL)


def _chunks(copies: int, rows: int) -> Iterator[tuple[int, int]]:
    """From the oldest copy on, a few at a time: (the oldest, how many). So rows come in the order of their ids."""
    at_once = max(ROWS_AT_ONCE // rows, 1)
    for oldest in range(copies, 0, -at_once):
        yield oldest, min(at_once, oldest)


def _copy_sql(cursor: Any, table: str, since: int) -> str:
    """The statement that copies a table's part of the world, from the oldest copy on.

    Asks for the number of the oldest, twice, the span of the world and the gap after it (ms), and for how many copies.
    """
    columns = _columns(cursor, table)
    names = ", ".join(f"`{name}`" for name, _ in columns)
    values = ", ".join(_value(table, name, kind, since) for name, kind in columns)
    return f"""
        INSERT INTO {DATABASE}.{table} ({names})
        SELECT {values}
        FROM (SELECT %s - seq AS seq, (%s - seq) * %s + %s AS back_ms FROM seq_0_to_10000000 WHERE seq < %s) AS n
        STRAIGHT_JOIN {LIVED}.{table}
    """  # noqa: S608 - names of the server's


def _value(table: str, name: str, kind: str, since: int) -> str:
    if (table, name) in _WORDS:
        return _WORDS[table, name]
    if kind == "bigint":
        return f"IF(`{name}` >= {since}, `{name}` - (n.back_ms << {ID_BITS_BELOW_MS}), `{name}`)"
    if kind == "datetime":
        return f"IF(`{name}` <= @now, `{name}` - INTERVAL n.back_ms * 1000 MICROSECOND, `{name}`)"
    return f"`{name}`"


def _bring_counts_up(cursor: Any, copies: int, *, first_id: int) -> None:
    cursor.execute(_REFILL_SQL, [first_id, copies])
    cursor.execute(_COUNT_SQL, [copies, copies])
    cursor.execute(
        f"UPDATE documents_series AS series JOIN {LIVED}.issued USING (id)"  # noqa: S608 - a name of our own
        " SET last_number = last_number + issued * %s",
        [copies],
    )
    cursor.execute("UPDATE kernel_event_position SET last = last + @positions * %s", [copies])
