"""What is measured beside the answers: processors, connections, locks and Redis, from before a step to after it."""

import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection, connections

from config.stress import machine
from config.stress.machine import Clockwork

LOOK_EVERY_S: Final = 0.5
_COUNTERS: Final = ("Innodb_row_lock_time", "Innodb_row_lock_waits", "Innodb_os_log_fsyncs", "Questions")
_STATUS_SQL: Final = "SHOW GLOBAL STATUS WHERE Variable_name IN ('{}')"
#: Who waits for whom, by table; needs the right PROCESS.
_WAITS_SQL: Final = """
    SELECT waited.lock_table, COUNT(*)
    FROM information_schema.INNODB_LOCK_WAITS AS waits
    JOIN information_schema.INNODB_LOCKS AS waited ON waited.lock_id = waits.requested_lock_id
    GROUP BY waited.lock_table
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Which processes are measured, and how much there is of what they use.

    web, database, redis: process ids; empty where they are elsewhere. threads: of all web processes. sees_all: whether
    whatever else is busy here is somebody else.
    """

    web: frozenset[int]
    database: frozenset[int]
    redis: frozenset[int]
    web_workers: int
    threads: int
    connections_max: int
    sees_all: bool

    @classmethod
    def of_this_machine(cls, *, web_port: int) -> "Place":
        web = machine.listeners_on(web_port)
        database = _pids_at(str(connection.settings_dict.get("HOST") or ""), _database_port())
        # Gunicorn's master listens with its workers, and serves nobody.
        workers = max(1, len(web) - 1) if web else settings.WEB_WORKERS
        return cls(
            web=web,
            database=database,
            redis=_pids_at(*_address_of(settings.REDIS_URL)) if settings.REDIS_URL else frozenset(),
            sees_all=bool(web and (database or not _database_port())),
            web_workers=workers,
            threads=workers * settings.WEB_THREADS,
            connections_max=_connections_max(),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    clockwork: Clockwork
    web_s: float
    database_s: float
    redis_s: float
    own_s: float
    counters: Mapping[str, int]


@dataclass
class Measured:
    """What a step has used: `use` as shares by cause, `figures` as they are, `contended` the most waited-for table."""

    use: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    contended: str = ""


@contextmanager
def measuring(place: Place) -> Iterator[Measured]:
    """Measure what the block uses, also of its last answers; the result is filled in at its end."""
    measured, watcher, began = Measured(), _Watcher(), time.monotonic()
    before = _read(place)
    watcher.start()
    try:
        yield measured
    finally:
        watcher.stop()
    _fill(measured, place, before, _read(place), watcher, time.monotonic() - began)


class _Watcher:
    """A thread that looks at what comes and goes."""

    def __init__(self) -> None:
        self.connected = 0
        self.running = 0
        self.waits: Counter[str] = Counter()
        self._may_see_waits = connection.vendor == "mysql"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gauges", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._stopped.wait(LOOK_EVERY_S):
                self._look()
        finally:
            connections.close_all()

    def _look(self) -> None:
        status = _read_status("Threads_connected", "Threads_running")
        self.connected = max(self.connected, status.get("Threads_connected", 0))
        self.running = max(self.running, status.get("Threads_running", 0))
        if self._may_see_waits:
            self._look_at_waits()

    def _look_at_waits(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(_WAITS_SQL)
                self.waits.update({str(table): int(count) for table, count in cursor.fetchall()})
        except DatabaseError:  # without the right, or of a server that says so elsewhere: it is not shown then
            self._may_see_waits = False


def _fill(
    measured: Measured, place: Place, before: _Reading, after: _Reading, watcher: _Watcher, seconds: float
) -> None:
    cores = machine.core_count()
    busy, io_wait = after.clockwork.since(before.clockwork)
    counted = {name: after.counters[name] - before.counters.get(name, 0) for name in after.counters}
    waiting = counted.get("Innodb_row_lock_time", 0) / 1000 / seconds
    web, database = (after.web_s - before.web_s) / seconds, (after.database_s - before.database_s) / seconds
    redis_cores, own = (after.redis_s - before.redis_s) / seconds, (after.own_s - before.own_s) / seconds
    ours = (web + database + redis_cores + own) / cores
    measured.use = {
        "load generator": own,
        "neighbours": max(0.0, busy - ours) if place.sees_all else 0.0,
        "row locks": waiting / place.threads,
        "connections": watcher.connected / place.connections_max if place.connections_max else 0.0,
        "log and disk": io_wait,
        "database processor": database / cores,
        "Redis": redis_cores,
        "web processor": web / min(place.web_workers, cores),
        "machine": busy,
    }
    measured.figures = {
        "web_cores": web,
        "database_cores": database,
        "redis_cores": redis_cores,
        "own_cores": own,
        "busy": busy,
        "io_wait": io_wait,
        "connections": watcher.connected,
        "running": watcher.running,
        "row_lock_waits": counted.get("Innodb_row_lock_waits", 0),
        "sessions_waiting": waiting,
        "log_flushes_per_s": counted.get("Innodb_os_log_fsyncs", 0) / seconds,
        "statements_per_s": counted.get("Questions", 0) / seconds,
    }
    measured.contended = next((table for table, _ in watcher.waits.most_common(1)), "")


def _read(place: Place) -> _Reading:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return _Reading(
        clockwork=machine.read_clockwork(),
        web_s=machine.cpu_s(place.web),
        database_s=machine.cpu_s(place.database),
        redis_s=machine.cpu_s(place.redis),
        own_s=own.ru_utime + own.ru_stime,
        counters=_read_status(*_COUNTERS),
    )


def _read_status(*names: str) -> dict[str, int]:
    """What the server counts; nothing where there is no server."""
    if connection.vendor != "mysql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STATUS_SQL.format("', '".join(names)))
        return {name: int(value) for name, value in cursor.fetchall()}


def _connections_max() -> int:
    if connection.vendor != "mysql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@max_connections")
        return int(cursor.fetchone()[0])


def _database_port() -> int:
    """0 where there is no server."""
    return int(connection.settings_dict.get("PORT") or 3306) if connection.vendor == "mysql" else 0


def _address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 6379


def _pids_at(host: str, port: int) -> frozenset[int]:
    """Nobody's, where that is another machine."""
    is_here = host in ("", "localhost", "127.0.0.1", "::1")
    return machine.listeners_on(port) if is_here and port else frozenset()
