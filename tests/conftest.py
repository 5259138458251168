"""What every test can use: ids without a lease, races, and markers that name what a test needs from the machine.

What cannot be had is left out and named just above pytest's last line. On a build server (CI=true) a left-out database
or browser test is a failure instead.
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection, connections

from apps.markets import selectors as market_selectors
from apps.markets.api import forget_markets
from tradecore import alarms, attempts, breakers, clock, db, degradation, ids, memo, revisions
from tradecore.append_only import append_only_tables, drop_statements, trigger_statements

ON_BUILD_SERVER = os.environ.get("CI") == "true"
#: A race that is longer than this has come to a stop: no machine is that busy.
RACE_TIMEOUT_S = 300

APPEND_ONLY_TABLES = frozenset(append_only_tables())

# Examples are the same in every run, and take as long as they take: what fails fails again, and a machine that has
# other things to do is no failure. `--hypothesis-profile=search` looks for others.
_examples = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("search", _examples)
hypothesis.settings.register_profile("same", _examples, derandomize=True)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def _worker_number() -> None:
    """Each process of a parallel run makes ids of its own, without a lease in a table."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    ids.use_worker_number(int(worker.removeprefix("gw")) % ids.WORKER_COUNT)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """What a process remembers of masters, outsiders and retries outlives the transaction of a test."""
    memo.forget_everything()
    forget_markets()
    revisions.be_empty()
    degradation.be_unheld()
    alarms.forget()
    breakers.close_all()
    db.RETRIES.forget()


@pytest.fixture(autouse=True)
def _time_is_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is asked for the time when a second has passed: no count of statements may depend on that."""

    def ask() -> clock.Reading:
        instant = time.monotonic()
        return clock.Reading(clock.real_now(), read_at=instant, kept_until=instant + clock.KEPT_S)

    monkeypatch.setattr(clock, "_ask", ask)


@pytest.fixture(autouse=True)
def _what_is_remembered_stays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process remembers masters for seconds: no count of statements may depend on how many a test takes.

    In a race time goes on, as what is hot or gone is asked for again in the midst of it.
    """
    if request.node.get_closest_marker("race") is None:
        instant = time.monotonic()
        stands_still = SimpleNamespace(monotonic=lambda: instant)
        monkeypatch.setattr(memo, "time", stands_still)
        monkeypatch.setattr(market_selectors, "time", stands_still)


@pytest.fixture(autouse=True)
def _guesses_are_of_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses are counted by windows of the clock: one begins with each test, so that none ends within it."""
    begun, window_of = clock.real_now().replace(microsecond=0), attempts._window

    def window(limit: attempts.Limit, now: datetime) -> datetime:
        return begun if timedelta() <= now - begun < limit.window else window_of(limit, now)

    monkeypatch.setattr(attempts, "_window", window)


@pytest.fixture(scope="session", autouse=True)
def _append_only_tables_can_be_emptied() -> Generator[None, None, None]:
    """A test that commits is cleaned up after by emptying every table, also those whose triggers refuse it."""
    operations = type(connection.ops)
    flush = operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        filled = [table for table in tables if table in APPEND_ONLY_TABLES and _has_rows(table)]
        others = [table for table in tables if table not in APPEND_ONLY_TABLES]
        empty = flush(self, style, others, **options)
        if connection.vendor == "mysql":  # TRUNCATE fires no trigger
            return [*empty[:1], *(f"TRUNCATE TABLE {table}" for table in filled), *empty[1:]]
        triggers = trigger_statements(filled, vendor=connection.vendor)
        return [*drop_statements(filled), *(f"DELETE FROM {table}" for table in filled), *triggers, *empty]

    operations.sql_flush = sql_flush  # type: ignore[method-assign]
    yield
    operations.sql_flush = flush  # type: ignore[method-assign]


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        return cursor.fetchone() is not None


# --- What a test needs from the machine -------------------------------------------------------------------------------


def _has_mariadb() -> bool:
    return "mysql" in settings.DATABASES["default"]["ENGINE"]


# Marker: (is it there, what to set, is leaving it out a failure on a build server).
NEEDS: dict[str, tuple[Callable[[], bool], str, bool]] = {
    "mariadb": (_has_mariadb, "needs MariaDB: set DATABASE_URL", True),
    "race": (_has_mariadb, "races run on MariaDB: set DATABASE_URL", True),
    "redis": (lambda: bool(settings.REDIS_URL), "needs Redis: set REDIS_URL", True),
    "browser": (lambda: bool(os.environ.get("TRADECORE_BROWSER")), "needs a browser: set TRADECORE_BROWSER", True),
    "sample": (
        lambda: bool(os.environ.get("TRADECORE_SAMPLE_DATA")),
        "needs the sample data: set TRADECORE_SAMPLE_DATA to its folder",
        False,
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (is_there, what_to_set, fails_build) in NEEDS.items():
        if item.get_closest_marker(marker) and not is_there():
            if fails_build and ON_BUILD_SERVER:
                pytest.fail(what_to_set, pytrace=False)
            pytest.skip(what_to_set)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """After everything else that is summed up: what scripts/test.py could not bring, and why."""
    yield
    left_out = os.environ.get("TRADECORE_LEFT_OUT", "").splitlines()
    if left_out:
        terminalreporter.section("left out on this machine")
        for line in left_out:
            terminalreporter.write_line(line)


# --- Fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sample_data() -> Path:
    """The folder with the recorded orders. For tests marked `sample`."""
    return Path(os.environ["TRADECORE_SAMPLE_DATA"])


@pytest.fixture
def race(transactional_db: None) -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """Run callables at once, each in a thread with a connection of its own, from one barrier.

    Returns, in the order given, what each returned or the exception that it raised. For tests marked `race`.
    """
    return _race


def _race(contenders: Sequence[Callable[[], Any]]) -> list[Any]:
    barrier = threading.Barrier(len(contenders), timeout=RACE_TIMEOUT_S)

    def contend(contender: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return contender()
        except Exception as error:  # noqa: BLE001 - it is the outcome that the test looks at
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=len(contenders)) as pool:
        return list(pool.map(contend, contenders, timeout=RACE_TIMEOUT_S))
