"""The least SQL of a paid order, in two transactions as the product has them, on tables of the same build.

Placing takes two stocks by conditional updates and writes order, lines, hold and outbox; paying writes the payment and
four ledger rows and marks the order paid. Isolation and durability are the server's and the session's: as everywhere.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

#: What each stock begins with.
PIECES: Final = 1_000_000
#: So many processes in a row have numbers that differ in this remainder.
_PROCESSES: Final = 4_096

TABLES: Final = """
CREATE TABLE stock (
    id BIGINT PRIMARY KEY, sku_id BIGINT NOT NULL UNIQUE, available BIGINT NOT NULL, held BIGINT NOT NULL,
    CHECK (available >= 0), CHECK (held >= 0)
);
CREATE TABLE orders (
    id BIGINT PRIMARY KEY, buyer_id BIGINT NOT NULL, status VARCHAR(20) NOT NULL, total_minor BIGINT NOT NULL,
    placed_at DATETIME(6) NOT NULL, KEY (buyer_id, id)
);
CREATE TABLE line (
    id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, sku_id BIGINT NOT NULL, quantity BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL, KEY (order_id)
);
CREATE TABLE hold (order_id BIGINT PRIMARY KEY, status VARCHAR(8) NOT NULL, expires_at DATETIME(6) NOT NULL);
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY, topic VARCHAR(80) NOT NULL, subject BIGINT NOT NULL, body VARCHAR(2000) NOT NULL
);
CREATE TABLE payment (
    id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL UNIQUE, amount_minor BIGINT NOT NULL,
    captured_at DATETIME(6) NOT NULL
);
CREATE TABLE ledger (
    id BIGINT PRIMARY KEY, account VARCHAR(40) NOT NULL, order_id BIGINT NOT NULL, amount_minor BIGINT NOT NULL,
    KEY (account, id), KEY (order_id)
)
"""

_TAKE: Final = "UPDATE stock SET available = available - 1, held = held + 1 WHERE sku_id = %s AND available >= 1"
_ACCOUNTS: Final = ("provider", "payable", "commission", "tax")


class NothingLeft(Exception):
    """A stock did not have the piece."""


def make_ids() -> "itertools.count[int]":
    """Ids of one process, ordered by time as the product's: one in each microsecond from now on, with the number of the
    process at its end, so that those that begin in the same moment never meet.
    """
    return itertools.count(time.time_ns() // 1_000 * _PROCESSES + os.getpid() % _PROCESSES, step=_PROCESSES)


def pay_for_two(
    cursor: Any, commit: Callable[[], object], *, ids: Iterator[int], buyer_id: int, sku_ids: Sequence[int]
) -> int:
    """Sell a piece of each SKU. Returns the order's id. Raises NothingLeft. The session is without autocommit."""
    order_id, now = next(ids), time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    cursor.execute("INSERT INTO orders VALUES (%s, %s, 'UNPAID', 4000, %s)", (order_id, buyer_id, now))
    cursor.execute(
        "INSERT INTO line VALUES (%s, %s, %s, 1, 2000), (%s, %s, %s, 1, 2000)",
        [part for sku_id in sku_ids for part in (next(ids), order_id, sku_id)],
    )
    cursor.execute("INSERT INTO hold VALUES (%s, 'PENDING', %s)", (order_id, now))
    cursor.execute(
        "INSERT INTO outbox VALUES (%s, 'order.placed', %s, %s)", (next(ids), order_id, f'{{"order": "{order_id}"}}')
    )
    for sku_id in sorted(sku_ids):  # one order of locks for everybody
        cursor.execute(_TAKE, (sku_id,))
        if cursor.rowcount != 1:
            raise NothingLeft
    commit()
    cursor.execute("INSERT INTO payment VALUES (%s, %s, 4000, %s)", (next(ids), order_id, now))
    cursor.execute("UPDATE orders SET status = 'PAID' WHERE id = %s AND status = 'UNPAID'", (order_id,))
    cursor.execute(
        "INSERT INTO ledger VALUES (%s, %s, %s, 1000), (%s, %s, %s, 1000), (%s, %s, %s, 1000), (%s, %s, %s, -3000)",
        [part for account in _ACCOUNTS for part in (next(ids), account, order_id)],
    )
    commit()
    return order_id


def make_tables(connection: Any, sku_ids: Sequence[int]) -> None:
    """The tables, and a stock for each SKU."""
    with connection.cursor() as cursor:
        for table in TABLES.split(";"):
            cursor.execute(table)
        cursor.executemany("INSERT INTO stock VALUES (%s, %s, %s, 0)", [(sku_id, sku_id, PIECES) for sku_id in sku_ids])
    connection.commit()


def count_sold(connection: Any) -> tuple[int, int]:
    """The paid orders, and the pieces that have left the stocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT COUNT(*) FROM orders WHERE status = 'PAID'), (SELECT COALESCE(SUM(held), 0) FROM stock)"
        )
        paid, pieces = cursor.fetchone()
    connection.commit()
    return int(paid), int(pieces)
