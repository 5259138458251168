"""`python -m bench.growth.drain claim`, `... all` or `... bare`: relay events as workers do.

`claim` delivers one claim to nobody and says how many rows the server has read for each event of it: what handlers read
depends on the kinds of the events, and not on how many others there are. `all` lets a process a core relay until
nothing of it waits, and says how many were waiting, how long that took, and what an event has cost these processes;
`bare` does the same without any handler. JSON.
"""

import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, connections
from django.db.models import Max, QuerySet

from config import jobs
from tradecore import clock, outbox, worker_leases
from tradecore.models import OutboxEvent

PAUSE_S: Final = 0.02


def main() -> None:
    """See the module."""
    steps: dict[str, Callable[[], int]] = {"all": jobs.relay_events, "bare": partial(outbox.relay, subscriptions={})}
    what = sys.argv[1]
    said = {"rows": _rows_read()} if what == "claim" else _drain(steps[what])
    worker_leases.release()
    print(json.dumps(said))


def _drain(step: Callable[[], int]) -> dict[str, float]:
    """Until everything is delivered that waits now, whatever comes meanwhile."""
    newest = OutboxEvent.objects.aggregate(newest=Max("id"))["newest"]
    begun, begun_at, waiting = time.monotonic(), clock.real_now(), _waiting(newest).count()
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_work, args=(step, newest)) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    relayed = OutboxEvent.objects.filter(delivered_at__gte=begun_at).count()
    return {
        "delivered": waiting,
        "seconds": time.monotonic() - begun,
        "cpu_ms_an_event": (spent.ru_utime + spent.ru_stime) * 1_000 / max(relayed, 1),
    }


def _waiting(newest: int) -> QuerySet[OutboxEvent]:
    return OutboxEvent.objects.filter(delivered_at=None, id__lte=newest)


def _work(step: Callable[[], int], newest: int) -> None:
    while _waiting(newest).exists():
        if not step():
            time.sleep(PAUSE_S)
    worker_leases.release()


def _rows_read() -> float:
    """What the server reads for one event from its claim to its delivery."""
    worker_leases.ensure()
    before = _handler_reads()
    relayed = outbox.relay(subscriptions={})
    return (_handler_reads() - before) / relayed


def _handler_reads() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())


if __name__ == "__main__":
    main()
