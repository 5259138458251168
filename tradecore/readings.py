"""What the tables know, read when somebody asks: how much waits, for how long, and what is at risk.

# Note [Readings]
How old a queue is, which money is at risk and what is switched off is in the tables for all processes alike, so it is
counted by none of them. `config/readings.py` names every reading; each is a bounded question of an index. A reading
that fails is left out, said in the log and counted (`tradecore_reading_failed`), and the others are told all the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import DatabaseError, connection

from tradecore import db
from tradecore.extensions import ExtensionPoint
from tradecore.metrics import Labels

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading, by the values of its labels. `grows`: it counts from the start of a server and never falls."""

    name: str
    meaning: str
    read: Callable[[], Mapping[Labels, float]]
    labels: tuple[str, ...] = ()
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What was read; `values` is None where it could not be."""

    reading: Reading
    values: Mapping[Labels, float] | None


#: Name -> reading: the table of `config/readings.py`.
READINGS: Final[ExtensionPoint[Reading]] = ExtensionPoint("readings")


def read_all() -> Iterator[Read]:
    """Every reading, by name. Once the database cannot be had, no other reading waits for it."""
    is_away = False
    for name in sorted(READINGS.names()):
        reading = READINGS.get(name)
        try:
            values = None if is_away else reading.read()
        except DatabaseError as error:
            log.warning("reading_failed", reading=name, error=str(error))
            is_away, values = is_away or db.is_unreachable(error), None
        yield Read(reading, values)


def read_server() -> dict[str, int]:
    """What MariaDB or MySQL says of itself, by our names for it; nothing where there is no such server."""
    if connection.vendor != "mysql":
        return {}
    names = ", ".join(f"'{name}'" for name in _STATUS)
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
        return {_STATUS[name]: int(value) for name, value in cursor.fetchall()}


#: The server's name of a number -> ours. Every user may read these.
_STATUS: Final[Mapping[str, str]] = {
    "Threads_connected": "connections",
    "Threads_running": "running",
    "Innodb_row_lock_current_waits": "waiting",
    "Innodb_row_lock_waits": "lock_waits",
    "Innodb_row_lock_time": "lock_wait_ms",
    "Innodb_deadlocks": "deadlocks",
}
