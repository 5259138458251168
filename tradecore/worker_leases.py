"""Every process that makes ids holds a worker number, leased in a table.

The lease is renewed between transactions, never inside one: a rolled-back renewal would hand the number to two.
A number is of the process, whatever world it works in: it is leased in the real one, so no two ids of both are equal.
It always takes the real clock, and whoever takes over an expired lease makes no id older than the lease's end.
"""

import os
import socket
import threading
import time

from django.db import IntegrityError

from tradecore import ids, worlds
from tradecore.models import WorkerLease

LEASE_MS = 300_000
_RENEW_BELOW_MS = LEASE_MS // 2


class WorkerNumbersExhausted(RuntimeError):
    """All worker numbers of this cell are leased. They come free LEASE_MS after their processes ended."""


_lock = threading.Lock()
_held: tuple[int, int, int] | None = None  # pid, worker, leased until (ms)


def ensure() -> None:
    """Make sure that this process may make ids for at least half a lease. Called outside transactions, and cheap."""
    if _held is None and ids.has_generator():
        return  # a fixed number, given by a test
    if _is_fresh():
        return
    with _lock:
        if not _is_fresh():
            with worlds.real():
                _renew_or_acquire()


def release() -> None:
    """Give the number back at a clean end of the process."""
    global _held  # noqa: PLW0603 - one lease per process is the point
    with _lock, worlds.real():
        if _held is not None and _held[0] == os.getpid():
            # Ids may have run ahead of the clock: whoever comes next makes none that was made here.
            until = max(_now_ms(), ids.last_ms() + 1)
            WorkerLease.objects.filter(worker=_held[1], holder=_holder()).update(leased_until_ms=until)
            _held = None
            ids.use_generator(None)


def _is_fresh() -> bool:
    return _held is not None and _held[0] == os.getpid() and _held[2] - _now_ms() > _RENEW_BELOW_MS


def _renew_or_acquire() -> None:
    global _held  # noqa: PLW0603 - one lease per process is the point
    until = _now_ms() + LEASE_MS
    if _held is not None and _held[0] == os.getpid() and _renew(_held[1], until):
        _held = (os.getpid(), _held[1], until)
        return
    worker, not_before_ms = _acquire(until)
    ids.use_generator(ids.IdGenerator(worker=worker, not_before_ms=not_before_ms - ids.EPOCH_MS))
    _held = (os.getpid(), worker, until)


def _renew(worker: int, until: int) -> bool:
    mine = WorkerLease.objects.filter(worker=worker, holder=_holder(), leased_until_ms__gt=_now_ms())
    return bool(mine.update(leased_until_ms=until))


def _acquire(until: int) -> tuple[int, int]:
    """Take the first number that nobody holds. Returns it with the end of the lease before, in ms."""
    known = dict(WorkerLease.objects.values_list("worker", "leased_until_ms"))
    for worker in range(ids.WORKER_COUNT):
        before = known.get(worker)
        if before is None:
            try:
                WorkerLease.objects.create(worker=worker, holder=_holder(), leased_until_ms=until)
            except IntegrityError:
                continue
            return worker, 0
        free = WorkerLease.objects.filter(worker=worker, leased_until_ms=before, leased_until_ms__lte=_now_ms())
        if before <= _now_ms() and free.update(holder=_holder(), leased_until_ms=until):
            return worker, before
    raise WorkerNumbersExhausted(f"all {ids.WORKER_COUNT} worker numbers are leased")


def _holder() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def _now_ms() -> int:
    return int(time.time() * 1000)
