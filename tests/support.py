"""Small words that tests share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from django.db import connection

from tradecore import db

R = TypeVar("R")

#: A Wednesday noon, far from every holiday and clock change: the moment that tests begin at.
NOON = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


def in_use_case(body: Callable[[], R]) -> R:
    """Run the body in a transaction of its own, as the use case around it would."""
    return db.use_case(body)()


def hear_round_trips(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The texts that go to MariaDB from now on, one for each round trip; commits are none."""
    driver: Any = type(connection.connection)
    query, texts = driver.query, list[bytes]()

    def listen(session: Any, text: bytes) -> None:
        texts.append(text)
        query(session, text)

    monkeypatch.setattr(driver, "query", listen)
    return texts


def count_rows_read(act: Callable[[], object]) -> int:
    """How many rows and entries of indexes MariaDB reads for this session while it acts."""

    def reads() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
            return sum(int(value) for _, value in cursor.fetchall())

    before = reads()
    act()
    return reads() - before
