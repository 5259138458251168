"""The page Live: how it goes now, of all processes on all machines, from what they write down every ten seconds.

See Note [Samples] of `tradecore.samples`. A request is slow at its 99th percentile, which is read off the ranges that
durations are counted in: the answer lies within one of them, and is given by where in it the count would fall.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.back_office.charts import Chart, Line
from tradecore import degradation, live_settings, readings, samples
from tradecore.degradation import Switch
from tradecore.live_settings import Version
from tradecore.models import Sample

SHOWN: Final = timedelta(minutes=15)
#: What the tables say is about the last minute.
LATELY: Final = timedelta(minutes=1)
#: A process that has said nothing for so long is not shown any more.
GONE: Final = timedelta(seconds=60)
SETTINGS_SHOWN: Final = 8

_STEP: Final = timedelta(seconds=samples.EVERY_S)
_WORST: Final = 0.99
_HALF: Final = 0.5
_REFUSED: Final = "5"
#: Lines that are drawn in the colour of what needs a person, and that colour's number; the others have the next ones.
_BAD: Final = frozenset({"refused", "p99", "deadlocks", "rolled_back"})
_ALARMING: Final = 0
_STATES: Final = ("closed", "half_open", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRow:
    """One class of routes in the last minute: requests a second, durations in milliseconds, shares in per cent."""

    name: str
    rate: float
    half_ms: float | None
    worst_ms: float | None
    failed_percent: float
    shed_rate: float
    threads_busy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job in the last minute."""

    name: str
    runs: int
    failed: int
    items: int
    worst_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One process as it stood when it was heard of last."""

    name: str
    heard_at: datetime
    memory_mb: float | None
    retries_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRow:
    """How one circuit stands where it stands worst, and in how many processes it is known."""

    name: str
    state: str
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """All that the page shows."""

    now: datetime
    charts: tuple[Chart, ...]
    traffic: tuple[TrafficRow, ...]
    jobs: tuple[JobRow, ...]
    queues: tuple[tuple[str, float, float], ...]
    server: Mapping[str, int]
    plans: tuple[Switch, ...]
    circuits: tuple[CircuitRow, ...]
    settings: tuple[Version, ...]
    processes: tuple[ProcessRow, ...]


def read_live(*, now: datetime) -> Live:
    """Read it, in a number of statements that does not depend on how many processes there are."""
    end = samples.slot_of(now)
    rows = samples.list_samples(since=end - SHOWN)
    history = History(rows, begin=end - SHOWN + _STEP, end=end)
    lately = _add_up(row.counts for row in rows if row.slot > end - LATELY)
    latest = _latest(row for row in rows if row.slot > end - GONE)
    tables = latest.pop(samples.TABLES, None)
    return Live(
        now=now,
        charts=tuple(_charts(history)),
        traffic=tuple(_traffic(lately, latest.values())),
        jobs=tuple(_jobs(lately)),
        queues=tuple(_queues({} if tables is None else tables.levels)),
        server=readings.read_server(),
        plans=tuple(degradation.list_on()),
        circuits=tuple(_circuits(latest.values())),
        settings=tuple(live_settings.list_latest(limit=SETTINGS_SHOWN)),
        processes=tuple(_process(row) for _, row in sorted(latest.items())),
    )


class History:
    """What was counted, slot by slot, of all processes together. Slots of which nobody said anything are unknown."""

    def __init__(self, rows: Sequence[Sample], *, begin: datetime, end: datetime) -> None:
        self.slots = [begin + place * _STEP for place in range((end - begin) // _STEP + 1)]
        self._counts: dict[datetime, Counter[str]] = {}
        self._tables: dict[datetime, Mapping[str, float]] = {}
        for row in rows:
            if row.source == samples.TABLES:
                self._tables[row.slot] = row.levels
            else:
                self._counts.setdefault(row.slot, Counter()).update(row.counts)

    def rates(self, *names: str) -> tuple[float | None, ...]:
        """How many a second, of all series whose name begins so."""
        return self._of_counts(lambda counts: _sum(counts, *names) / samples.EVERY_S)

    def quantiles(self, name: str, share: float) -> tuple[float | None, ...]:
        """How long a share of them took at most, in milliseconds; unknown where there were none."""
        return self._of_counts(lambda counts: _quantile_ms(counts, name, share))

    def levels(self, name: str) -> tuple[float | None, ...]:
        """How something stood, as the tables say."""
        return tuple(self._tables.get(slot, {}).get(name) for slot in self.slots)

    def growth(self, name: str) -> tuple[float | None, ...]:
        """How much a second something grew that the tables say the sum of; unknown where it began anew."""
        levels = self.levels(name)
        pairs = zip((None, *levels), levels, strict=False)
        return tuple(
            None if before is None or after is None or after < before else (after - before) / samples.EVERY_S
            for before, after in pairs
        )

    def _of_counts(self, read: Callable[[Mapping[str, float]], float | None]) -> tuple[float | None, ...]:
        return tuple(read(self._counts[slot]) if slot in self._counts else None for slot in self.slots)


def _charts(history: History) -> Iterable[Chart]:
    """What is drawn, the most telling first."""

    def chart(title: str, note: str, unit: str, **lines: tuple[float | None, ...]) -> Chart:
        calm = itertools.count(1)
        return Chart(
            title=title,
            note=note,
            unit=unit,
            lines=tuple(
                Line(name=name.replace("_", " "), values=values, tone=_ALARMING if name in _BAD else next(calm))
                for name, values in lines.items()
            ),
            begin=history.slots[0],
            end=history.slots[-1],
        )

    yield chart(
        "Requests",
        "a second, and those refused at the gate or by a limit",
        "/s",
        served=history.rates("http_requests"),
        refused=history.rates("http_shed", "http_rate_limited"),
    )
    yield chart(
        "Latency of purchases",
        "half of them, and all but one in a hundred",
        "ms",
        p50=history.quantiles("http_request_seconds in purchase", _HALF),
        p99=history.quantiles("http_request_seconds in purchase", _WORST),
    )
    yield chart(
        "Purchases",
        "a second, by their events",
        "/s",
        placed=history.rates("money_events purchases_placed"),
        paid=history.rates("money_events purchases_paid"),
        refunds=history.rates("money_events refunded"),
    )
    yield chart(
        "Latency of everything",
        "half of all requests, and all but one in a hundred",
        "ms",
        p50=history.quantiles("http_request_seconds in", _HALF),
        p99=history.quantiles("http_request_seconds in", _WORST),
    )
    yield chart(
        "Age of queues",
        "for how long the oldest has waited",
        "s",
        events=history.levels("queue_age_seconds events"),
        timers=history.levels("queue_age_seconds timers"),
        provider_calls=history.levels("queue_age_seconds provider_calls"),
        provider_answers=history.levels("queue_age_seconds provider_answers"),
    )
    yield chart(
        "Waits for rows",
        "of the whole database server: how many began, in a second",
        "/s",
        waits=history.growth("database_events lock_waits"),
        deadlocks=history.growth("database_events deadlocks"),
    )
    yield chart(
        "Transactions",
        "a second; begun again after a deadlock or a wait",
        "/s",
        committed=history.rates("transactions committed"),
        rolled_back=history.rates("transactions rolled_back"),
        begun_again=history.rates("transaction_retries"),
    )
    yield chart(
        "Events and timers",
        "delivered and fired, a second",
        "/s",
        events=history.rates("events"),
        timers=history.rates("timers"),
    )


def _traffic(lately: Mapping[str, float], processes: Iterable[Sample]) -> Iterable[TrafficRow]:
    """The classes of which anybody asked anything, the busiest first."""
    busy = _add_up(row.levels for row in processes)
    names = {name.split(" ")[1] for name in lately if name.startswith(("http_requests ", "http_shed "))}
    seconds = LATELY.total_seconds()
    rows = []
    for name in names:
        served = _sum(lately, f"http_requests {name}")
        failed = _sum(lately, f"http_requests {name} {_REFUSED}")
        rows.append(
            TrafficRow(
                name=name,
                rate=served / seconds,
                half_ms=_quantile_ms(lately, f"http_request_seconds in {name}", _HALF),
                worst_ms=_quantile_ms(lately, f"http_request_seconds in {name}", _WORST),
                failed_percent=100 * failed / served if served else 0.0,
                shed_rate=_sum(lately, f"http_shed {name}") / seconds,
                threads_busy=int(busy.get(f"http_threads_busy {name}", 0)),
            )
        )
    return sorted(rows, key=lambda row: (-row.rate, row.name))


def _jobs(lately: Mapping[str, float]) -> Iterable[JobRow]:
    for name in sorted({name.split(" ")[2] for name in lately if name.startswith("job_seconds in ")}):
        failed = int(_sum(lately, f"job_seconds in {name} failed"))
        yield JobRow(
            name=name,
            runs=int(_sum(lately, f"job_seconds in {name}")),
            failed=failed,
            items=int(lately.get(f"job_items {name}", 0)),
            worst_ms=_quantile_ms(lately, f"job_seconds in {name}", _WORST),
        )


def _queues(levels: Mapping[str, float]) -> Iterable[tuple[str, float, float]]:
    """Name of a queue, how much waits, and for how many seconds the oldest."""
    for name, waiting in sorted(levels.items()):
        metric, _, queue = name.partition(" ")
        if metric == "queue_waiting":
            yield queue, waiting, levels.get(f"queue_age_seconds {queue}", 0.0)


def _circuits(processes: Iterable[Sample]) -> Iterable[CircuitRow]:
    known: dict[str, list[float]] = defaultdict(list)
    for row in processes:
        for name, state in row.levels.items():
            metric, _, circuit = name.partition(" ")
            if metric == "circuit_state":
                known[circuit].append(state)
    for circuit, states in sorted(known.items()):
        yield CircuitRow(name=circuit, state=_STATES[int(max(states))], processes=len(states))


def _process(row: Sample) -> ProcessRow:
    memory = _sum(row.levels, "process_resident_bytes")
    return ProcessRow(
        name=row.source,
        heard_at=row.slot,
        memory_mb=memory / 1_000_000 if memory else None,
        retries_left=row.levels.get("retry_budget_left transactions"),
    )


def _latest(rows: Iterable[Sample]) -> dict[str, Sample]:
    """The last row of each source."""
    return {row.source: row for row in rows}


def _add_up(many: Iterable[Mapping[str, float]]) -> Counter[str]:
    together: Counter[str] = Counter()
    for counts in many:
        together.update(counts)
    return together


def _sum(counts: Mapping[str, float], *names: str) -> float:
    """Of all series whose words begin with these; the last word may go on where it is a number: `5` is 503."""
    return sum(value for name, value in counts.items() if any(_begins(name, wanted) for wanted in names))


def _begins(name: str, wanted: str) -> bool:
    return name == wanted or name.startswith(f"{wanted} ") or (wanted[-1:].isdigit() and name.startswith(wanted))


def _quantile_ms(counts: Mapping[str, float], name: str, share: float) -> float | None:
    """How long a share of what was counted under `name`, by range, took at most; None where nothing was."""
    ranges: dict[float, float] = defaultdict(float)
    for series, count in counts.items():
        if series.startswith(f"{name} "):
            ranges[float(series.rpartition(" ")[2])] += count
    wanted, below, passed = share * sum(ranges.values()), 0.0, 0.0
    for bound, count in sorted(ranges.items()):
        if passed + count >= wanted and count:
            above = below if bound == float("inf") else bound
            return 1000 * (below + (above - below) * (wanted - passed) / count)
        below, passed = bound, passed + count
    return None
