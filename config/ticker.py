"""A worker ticks by itself when no tick has come for a while: the broker is away, or no beat runs.

# Note [Ticking without a broker]
The tables hold what is due; a broker only wakes workers sooner. The worker's main process watches when its last message
came, and with none for QUIET_LIMIT_S runs the jobs of its own queues in a thread, so that events leave, webhooks are
applied and purchases expire within ten seconds of the broker's end.
"""

import threading
import time
from collections.abc import Iterable

import structlog
from django.db import close_old_connections

from config.jobs import run_due_jobs
from tradecore import metrics, samples

log = structlog.get_logger()

QUIET_LIMIT_S = 5.0
CHECK_EVERY_S = 1.0


class Ticker:
    """One thread of a worker process."""

    def __init__(self, queues: Iterable[str]) -> None:
        self._queues = frozenset(queues)
        self._last_heard = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ticker", daemon=True)
        self._last_runs: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the round in hand end."""
        self._stopped.set()
        self._thread.join(timeout=30)

    def heard(self) -> None:
        """A message came: the broker lives."""
        self._last_heard = time.monotonic()

    def _watch(self) -> None:
        ticking = False
        while not self._stopped.wait(CHECK_EVERY_S):
            samples.keep_alive()
            quiet = time.monotonic() - self._last_heard > QUIET_LIMIT_S
            if quiet != ticking:
                ticking = quiet
                log.warning("ticking_by_itself" if quiet else "ticked_by_the_broker_again")
            if quiet:
                metrics.TICKS.add("worker")
                close_old_connections()
                run_due_jobs(last_runs=self._last_runs, queues=self._queues)
                close_old_connections()
