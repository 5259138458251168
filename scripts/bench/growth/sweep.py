"""`python -m bench.growth.sweep read` or `... fire COUNT`: sweep timers as workers do, once a second.

`read` says how many rows the server reads for a sweep that finds nothing due. `fire` lets a process a core sweep until
COUNT timers have fired, and says how late each was: from its moment to the end of its transaction. JSON, both.
"""

import json
import multiprocessing
import os
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, connections
from django.db.models import F

from config.jobs import JOBS
from config.subscriptions import TIMERS
from tradecore import clock, timers, worker_leases
from tradecore.models import Timer
from tradecore.timers import TimerHandler

#: As often as workers are woken.
EVERY_S: Final = JOBS["sweep_timers"][2]

#: How long it takes to wake a process for each core, and more.
LEAD: Final = timedelta(seconds=2)

#: What was brought by timers.py has ids below nothing.
MINE: Final = {"id__lt": 0}


def main() -> None:
    """See the module."""
    what, *more = sys.argv[1:]
    worker_leases.ensure()
    said = {"rows": _rows_read()} if what == "read" else {"lags": _fire(int(more[0]))}
    worker_leases.release()
    print(json.dumps(said))


def _rows_read() -> int:
    """What the server reads for a sweep of nothing, once what is due has fired."""
    while timers.sweep(handlers=TIMERS, now=clock.now()):
        pass
    before = _handler_reads()
    timers.sweep(handlers=TIMERS, now=clock.now())
    return _handler_reads() - before


def _handler_reads() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())


def _fire(count: int) -> list[float]:
    """How late each of so many timers fired, in seconds, the first of which falls due once the sweepers are awake."""
    mine = Timer.objects.filter(**MINE)
    first = mine.earliest("due_at").due_at
    mine.update(due_at=F("due_at") + (clock.now() + LEAD - first))
    due_at = dict(mine.values_list("subject", "due_at"))
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    lags = fork.SimpleQueue()
    workers = [fork.Process(target=_work, args=(count, due_at, lags)) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    gathered = [lag for _ in workers for lag in lags.get()]
    for worker in workers:
        worker.join()
    return gathered


def _work(count: int, due_at: dict[int, datetime], lags: Any) -> None:
    """A sweeper: woken once a second, it sweeps until nothing is due."""
    mine: list[float] = []
    handlers = {kind: partial(_timed, handler, due_at, mine) for kind, handler in TIMERS.items()}
    while Timer.objects.filter(fired_at__isnull=False, **MINE).count() < count:
        woken = time.monotonic()
        while timers.sweep(handlers=handlers, now=clock.now()):
            pass
        time.sleep(max(EVERY_S - (time.monotonic() - woken), 0))
    worker_leases.release()
    lags.put(mine)


def _timed(handler: TimerHandler, due_at: dict[int, datetime], lags: list[float], subject: int, now: datetime) -> None:
    handler(subject, now)
    if subject in due_at:
        lags.append((clock.real_now() - due_at[subject]).total_seconds())


if __name__ == "__main__":
    main()
