"""The tasks that Celery knows: one tick, which wakes one task per job that is due."""

import time

from celery import shared_task
from kombu.exceptions import OperationalError

from config.jobs import JOBS, run_job
from tradecore import metrics
from tradecore.breakers import Circuit

#: A woken job that nobody took up in this time is forgotten: the next tick wakes it again.
EXPIRES_S = 5

_last_woken: dict[str, float] = {}

#: A broker that hangs would take seconds of a tick for each job.
_BROKER = Circuit("broker", failures=2, rest_s=5.0)


@shared_task(name="tradecore.tick")
def tick() -> None:
    """Wake every job whose time has come, on its own queue."""
    now = time.monotonic()
    metrics.TICKS.add("beat")
    for name, (queue, _, every_s) in JOBS.items():
        if now - _last_woken.get(name, 0.0) >= every_s * 0.9:
            _last_woken[name] = now
            with _BROKER.calling(OperationalError):
                run.apply_async(args=[name], queue=queue, expires=EXPIRES_S)


@shared_task(name="tradecore.run")
def run(name: str) -> None:
    """Run one job."""
    run_job(JOBS[name][1], name=name)
