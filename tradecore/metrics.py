"""What is counted and measured while everything runs: the one table of it, for Prometheus and for the page Live.

# Note [Metrics]
A metric is declared once, at the end of this file, and counted where it happens. Its labels are names that stand in
our own code (classes of routes, jobs, kinds of events), never what a client sends and never an id, so the number of
series is bounded by the size of the code. What it costs to find a series is paid at its first count; each further count
is a look-up in a dictionary and an addition.

Where several processes of one machine are to be told as one, each keeps its numbers in files of METRICS_DIR
(`tradecore.metric_files`), else in its memory. A count that cannot be kept, because the disk is full, is said in the
log, once a second, and whatever was counted goes on: nobody's purchase fails for a statistic.

What the tables know is not counted here but read when somebody asks: see `config/readings.py`.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradecore import metric_files

log = structlog.get_logger()

M = TypeVar("M", Counter, Gauge, Histogram)
Labels = tuple[str, ...]
Among = Literal["livesum", "livemin", "livemax", "liveall"]

_PREFIX: Final = "tradecore_"

#: Everything that this process counts, and the names of the labels of each.
REGISTRY: Final = CollectorRegistry()
LABELS: Final[dict[str, Labels]] = {}

#: The bounds of what people wait for, in seconds; the last is the longest that a class of routes may take.
SECONDS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0)
#: The bounds of what nobody waits for.
LONG_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)

metric_files.choose_values()

_STATM: Final = Path("/proc/self/statm")
_quiet_until = 0.0


class _Metric(Generic[M]):
    """A metric of the library, and its series as they were met."""

    def __init__(self, metric: M, name: str, labels: Labels) -> None:
        LABELS[f"{_PREFIX}{name}"] = labels
        self._metric: M = metric
        self._series: dict[Labels, M] = {}

    def _find(self, labels: Labels) -> M:
        series = self._series.get(labels)
        if series is None:
            series = self._metric.labels(*labels) if labels else self._metric
            self._series[labels] = series
        return series


class Count(_Metric[Counter]):
    """Something that happens, or an amount that moves: it only grows."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        super().__init__(Counter(f"{_PREFIX}{name}", meaning, labels, registry=REGISTRY), name, labels)

    def add(self, *labels: str, by: float = 1) -> None:
        try:
            self._find(labels).inc(by)
        except (OSError, ValueError) as error:
            _complain(error)


class Duration(_Metric[Histogram]):
    """How long something takes, in seconds."""

    def __init__(self, name: str, meaning: str, *labels: str, bounds: tuple[float, ...] = SECONDS) -> None:
        name = f"{name}_seconds"
        made = Histogram(f"{_PREFIX}{name}", meaning, labels, buckets=bounds, registry=REGISTRY)
        super().__init__(made, name, labels)

    def observe(self, *labels: str, seconds: float) -> None:
        try:
            self._find(labels).observe(seconds)
        except (OSError, ValueError) as error:
            _complain(error)


class Level(_Metric[Gauge]):
    """How something stands in each process. `among`: what is told of all that live, their sum, least, most, or each.

    It has a label at least: without one a process that never looked would be told as one that stands at 0.
    """

    def __init__(self, name: str, meaning: str, *labels: str, among: Among) -> None:
        made = Gauge(f"{_PREFIX}{name}", meaning, labels, registry=REGISTRY, multiprocess_mode=among)
        super().__init__(made, name, labels)

    def set(self, *labels: str, to: float) -> None:
        try:
            self._find(labels).set(to)
        except (OSError, ValueError) as error:
            _complain(error)

    def read_from(self, read: Callable[[], Mapping[Labels, float]]) -> None:
        """Let the level be what `read` returns, by labels, each time that it is looked at."""
        _read[self] = read


_read: dict[Level, Callable[[], Mapping[Labels, float]]] = {}


def refresh() -> None:
    """Bring the levels up to date that are read, not set: before they are looked at, and every few seconds."""
    for level, read in _read.items():
        for labels, value in read().items():
            level.set(*labels, to=value)


def _complain(error: Exception) -> None:
    global _quiet_until  # noqa: PLW0603 - one line a second and process
    if time.monotonic() >= _quiet_until:
        _quiet_until = time.monotonic() + 1
        log.error("metric_not_kept", error=f"{type(error).__name__}: {error}")


def _resident_bytes() -> Mapping[Labels, float]:
    """What this process holds of the machine's memory; nothing where the system does not say."""
    if not _STATM.exists():
        return {}
    held = int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {(settings.TRADECORE_PROCESS,): held}


# --- Requests ---------------------------------------------------------------------------------------------------------

REQUESTS: Final = Count(
    "http_requests", "Requests that were served, by class of route and status.", "traffic", "status"
)
REQUEST_TIME: Final = Duration("http_request", "From the first line of a request to its answer.", "traffic")
REQUEST_WAIT: Final = Duration("http_wait", "How long a request waited for a thread.", "traffic")
SHED: Final = Count("http_shed", "Requests that were refused at the gate: no thread, or too late.", "traffic", "reason")
THREADS_BUSY: Final = Level("http_threads_busy", "Threads that serve a class of routes.", "traffic", among="livesum")
RATE_LIMITED: Final = Count("http_rate_limited", "Requests that were refused by a limit on their number.", "rule")

# --- Transactions -----------------------------------------------------------------------------------------------------

TRANSACTIONS: Final = Count("transactions", "Transactions of use cases, by how they ended.", "outcome")
TRANSACTION_TIME: Final = Duration("transaction", "From the begin of a transaction to its end.")
TRANSACTION_RETRIES: Final = Count("transaction_retries", "Transactions that were begun again, and why.", "reason")
BUSY: Final = Count("database_busy", "Use cases that were given up because the database did not let them.", "reason")
RETRIES_LEFT: Final = Level(
    "retry_budget_left", "Retries that a process may make now; the least of all.", "budget", among="livemin"
)

# --- Outsiders --------------------------------------------------------------------------------------------------------

PROVIDER_TIME: Final = Duration(
    "provider_call", "Calls to payment providers, by how they were answered.", "provider", "operation", "outcome"
)
CIRCUIT_STATE: Final = Level("circuit_state", "0 closed, 1 half open, 2 open; the worst.", "circuit", among="livemax")
CIRCUIT_OPENED: Final = Count("circuit_opened", "How often an outsider was given up for a while.", "circuit")
CIRCUIT_SPARED: Final = Count("circuit_spared", "Calls that were not tried because a circuit was open.", "circuit")

# --- Background work --------------------------------------------------------------------------------------------------

TICKS: Final = Count("ticks", "Ticks that woke the jobs that were due: by beat, or by a worker itself.", "by")
JOB_TIME: Final = Duration("job", "Rounds of jobs, by how they ended.", "job", "outcome", bounds=LONG_SECONDS)
JOB_ITEMS: Final = Count("job_items", "What jobs have done: events, timers, calls, seals, rows.", "job")
EVENTS: Final = Count("events", "Deliveries of events, by kind.", "kind", "outcome")
EVENT_DELAY: Final = Duration("event_delay", "From the fact to the end of its delivery.", bounds=LONG_SECONDS)
TIMERS: Final = Count("timers", "Firings of timers, by kind.", "kind", "outcome")
TIMER_DELAY: Final = Duration("timer_delay", "From the moment that a timer was due to its end.", bounds=LONG_SECONDS)

# --- Business ---------------------------------------------------------------------------------------------------------

MONEY: Final = Count("money", "Amounts by their events, in units of the currency.", "what", "currency")
MONEY_EVENTS: Final = Count("money_events", "How many events these amounts are of.", "what", "currency")

# --- Processes --------------------------------------------------------------------------------------------------------

MEMORY: Final = Level(
    "process_resident_bytes", "What each process holds of the machine's memory.", "process", among="liveall"
)
MEMORY.read_from(_resident_bytes)
