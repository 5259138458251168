"""Time, asked for once per use case at the edge and passed down as `now`.

# Note [Clocks]
A use case runs on one clock: `real`, or the clock of a run (a replay of past orders, a test) that brings its own `now`.
Timers carry the name of the clock that they were set under, and a sweeper fires those of its own clock only.
Leases, back-off, token lifetimes and ids always take the real clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import connection

REAL = "real"

_name: ContextVar[str] = ContextVar("clock_name", default=REAL)

_NOW_SQL = {
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


def now() -> datetime:
    """The database's own time in UTC: one answer for every process, whatever their machines believe."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW_SQL[connection.vendor])
        (answer,) = cursor.fetchone()
    moment = answer if isinstance(answer, datetime) else datetime.fromisoformat(answer)
    return moment.replace(tzinfo=UTC)


def real_now() -> datetime:
    """This machine's time, for leases and back-off only: what must pass even while a run brings its own clock."""
    return datetime.now(UTC)


def clock_name() -> str:
    """The name of the clock that the running code is on."""
    return _name.get()


@contextmanager
def use_clock(name: str) -> Iterator[None]:
    """Run the block on the clock of a run. Timers set inside it belong to that clock."""
    token = _name.set(name)
    try:
        yield
    finally:
        _name.reset(token)
