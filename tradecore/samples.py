"""What each process has counted, kept in the database for some hours: for charts that show all of them, on any machine.

# Note [Samples]
Prometheus keeps its own history, and may be away just when somebody must look. So each process that serves or works
writes down every ten seconds what it has counted since it did so last, and how it stands: one row, with only what has
moved. Whoever draws a chart adds the rows of all processes up; one that has died or begun anew leaves no gap and no
jump. What the tables know (`tradecore.readings`) is written down by a job, as the row of nobody's process.

While the database does not answer nothing is lost but time: the next row says it all.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import close_old_connections
from prometheus_client.metrics_core import Metric

from tradecore import clock, db, metric_files, metrics
from tradecore.models import Sample

log = structlog.get_logger()

EVERY_S: Final = 10
#: Whose row it is that says what the tables know.
TABLES: Final = "tables"

#: The name of a metric, what it is of it, and the values of its labels, with a space between each.
Series = str

_watcher: "_Watcher | None" = None


def slot_of(moment: datetime) -> datetime:
    """The ten seconds that a moment is in, by their begin."""
    return moment - timedelta(seconds=moment.timestamp() % EVERY_S)


def watch() -> None:
    """Write down from now on what this process counts, by a thread of its own. Called where a process begins to work.

    Not in one that forks others: they would inherit locks that the thread may hold.
    """
    global _watcher  # noqa: PLW0603 - one thread per process is the point
    if _watcher is None or _watcher.pid != os.getpid():
        _watcher = _Watcher()
        _watcher.start()


def keep_alive() -> None:
    """Say that this process lives, to those that share its folder."""
    if settings.METRICS_DIR:
        metric_files.keep_alive(Path(settings.METRICS_DIR))


def leave() -> None:
    """The orderly end of this process: what it has counted is kept, how it stood is forgotten."""
    if settings.METRICS_DIR:
        metric_files.leave(Path(settings.METRICS_DIR))


@db.use_case
def write(*, source: str, slot: datetime, counts: Mapping[Series, float], levels: Mapping[Series, float]) -> None:
    """One row of a slot; whoever comes second with the same has nothing to say."""
    row = Sample(source=source, slot=slot, counts=dict(counts), levels=dict(levels))
    Sample.objects.bulk_create([row], ignore_conflicts=True)


def list_samples(*, since: datetime) -> list[Sample]:
    """What was written down of all processes since a moment, oldest first."""
    return list(Sample.objects.filter(slot__gte=since).order_by("slot", "source"))


def read_counts() -> dict[Series, float]:
    """What this process has counted since it began. The ranges of a duration are each its own, none with all below."""
    return {
        name: value
        for metric in metrics.REGISTRY.collect()
        if metric.type != "gauge"
        for name, value in _series_of(metric)
        if value
    }


def read_levels() -> dict[Series, float]:
    """How this process stands now."""
    metrics.refresh()
    levels = (metric for metric in metrics.REGISTRY.collect() if metric.type == "gauge")
    return {name: value for metric in levels for name, value in _series_of(metric)}


def _series_of(metric: Metric) -> Iterator[tuple[Series, float]]:
    name = metric.name.removeprefix("tradecore_")
    before: list[str] = []
    below = 0.0
    for sample in metric.samples:
        part = sample.name.removeprefix(metric.name).strip("_")
        labels, value = list(sample.labels.values()), sample.value
        if part == "bucket":
            if labels[:-1] != before:
                before, below = labels[:-1], 0.0
            below, value = value, value - below
        if part in _PARTS:
            yield " ".join([name, *_PARTS[part], *labels]), value


#: What is kept of a metric: the library's words for it, and ours. How many a duration has is the sum of its ranges.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {"": (), "total": (), "bucket": ("in",), "sum": ("sum",)}


class Recorder:
    """What one process has said already, so that it says only what is new."""

    def __init__(self) -> None:
        self._said: dict[Series, float] = {}

    def record(self) -> None:
        """Write down what was counted since the last time that this went well, in the slot that is now."""
        counts = read_counts()
        new = {name: value - self._said.get(name, 0.0) for name, value in counts.items()}
        write(
            source=metric_files.process_name(),
            slot=slot_of(clock.real_now()),
            counts={name: value for name, value in new.items() if value},
            levels=read_levels(),
        )
        self._said = counts


class _Watcher:
    """The thread of one process. A fork does not take it along, so it knows which process it is of."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._recorder = Recorder()
        self._is_silent = False
        self._thread = threading.Thread(target=self._watch, name="samples", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(EVERY_S - clock.real_now().timestamp() % EVERY_S)
            close_old_connections()
            self._look()
            close_old_connections()

    def _look(self) -> None:
        """One look. What goes wrong is logged, once until it goes right; what was counted is said then."""
        try:
            keep_alive()
            self._recorder.record()
        except Exception:  # whatever it is, a process that records no more would never be seen again
            if not self._is_silent:
                log.exception("samples_not_written")
            self._is_silent = True
        else:
            if self._is_silent:
                log.warning("samples_written_again")
            self._is_silent = False
