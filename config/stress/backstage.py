"""The shadow's own worker: what the workers of the real world would do, done there, by a process of this command.

The workers of the real world never look into the shadow; so nobody is written to, and nothing of it is theirs to do.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Final

from django.db import connections

from config import jobs
from tradecore import worker_leases, worlds

JOBS: Final[tuple[Callable[[], int], ...]] = (
    jobs.apply_answers,
    jobs.poll_providers,
    jobs.sweep_timers,
    jobs.relay_events,
    jobs.seal_ledger,
    jobs.seal_audit,
)
PAUSE_S: Final = 0.5
#: What is left of a run is worked off within this time, or left.
WORK_OFF_S: Final = 120.0
_STOP_S: Final = 60.0

_fork = multiprocessing.get_context("fork")


@contextmanager
def worker(run: str) -> Iterator[None]:
    """Work in the shadow, in a process of its own, until the end of the block; then do here what is left."""
    connections.close_all()
    worlds.close_shadow()
    stopped = _fork.Event()
    process = _fork.Process(target=_work, args=(run, stopped), daemon=True)
    process.start()
    try:
        yield
        stopped.set()
        process.join(_STOP_S)
        work_off(run)
    finally:
        process.terminate()
        process.join()


def work_off(run: str) -> None:
    """Do what is due in the shadow until nothing is."""
    ends_at = time.monotonic() + WORK_OFF_S
    with worlds.shadow(run):
        while _round() and time.monotonic() < ends_at:
            continue


def _work(run: str, stopped: Event) -> None:
    """The life of the worker. Ctrl-C is for the command, which ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with worlds.shadow(run):
        while not stopped.is_set():
            if not _round():
                stopped.wait(PAUSE_S)
    worker_leases.release()


def _round() -> int:
    return sum(job() for job in JOBS)
