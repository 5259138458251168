"""Time, asked for once per use case at the edge and passed down as `now`.

# Note [Clocks]
A use case runs on one clock: `real`, or the clock of a run (a replay of past orders, a test) that brings its own `now`.
Timers carry the name of the clock that they were set under, and a sweeper fires those of its own clock only.
Leases, back-off, token lifetimes and ids always take the real clock.

# Note [Asking the database]
`now` is the database's time, so that no machine's belief counts. A process asks for it once a second and counts on from
the answer by a clock that nobody sets. So it is never ahead of the database, and behind it by less than the answer
took; one that took longer than ASKING_S is used once. Two processes thus differ by less than a request takes from
asking for the time to its commit, and no effect seems to come before its cause. For one process time never goes back:
it stands still until the database is there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

REAL = "real"

KEPT_S = 1.0
ASKING_S = 0.004

_name: ContextVar[str] = ContextVar("clock_name", default=REAL)

_NOW_SQL = {
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database said, and what this process's own clock said then; how long it may be counted on from."""

    moment: datetime
    read_at: float
    kept_until: float

    def at(self, instant: float) -> datetime:
        return self.moment + timedelta(seconds=instant - self.read_at)


_reading: Reading | None = None
_latest = datetime.min.replace(tzinfo=UTC)


def now() -> datetime:
    """The database's own time in UTC: one answer for every process, whatever their machines believe.

    See Note [Asking the database].
    """
    global _reading, _latest  # noqa: PLW0603 - of the process
    reading = _reading
    if reading is None or time.monotonic() > reading.kept_until:
        _reading = reading = _ask()
    _latest = max(_latest, reading.at(time.monotonic()))
    return _latest


def _ask() -> Reading:
    asked_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_NOW_SQL[connection.vendor])
        (answer,) = cursor.fetchone()
    answered_at = time.monotonic()
    moment = answer if isinstance(answer, datetime) else datetime.fromisoformat(answer)
    kept_until = answered_at + KEPT_S if answered_at - asked_at <= ASKING_S else answered_at
    return Reading(moment.replace(tzinfo=UTC), answered_at, kept_until)


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
