"""Small words that tests share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from tradecore import db

R = TypeVar("R")

#: A Wednesday noon, far from every holiday and clock change: the moment that tests begin at.
NOON = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


def in_use_case(body: Callable[[], R]) -> R:
    """Run the body in a transaction of its own, as the use case around it would."""
    return db.use_case(body)()
