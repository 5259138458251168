"""The embedded default's worker and beat: threads inside the one gunicorn process, over a broker in its memory."""

import threading

from celery.beat import EmbeddedService
from celery.worker import WorkController
from django.conf import settings

from config.celery import QUEUES, app

STOP_TIMEOUT_S = 10


class EmbeddedWorker:
    """Runs until stopped. One task at a time, as SQLite has one writer."""

    def __init__(self) -> None:
        self._worker = WorkController(
            app=app,
            hostname="embedded@localhost",
            pool="solo",
            concurrency=1,
            queues=list(QUEUES),
            loglevel=settings.LOGGING["root"]["level"],
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        # The scheduler that keeps its times in memory: the usual one writes a file, for one entry.
        self._beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
        self._thread = threading.Thread(target=self._worker.start, name="celery-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._beat.start()

    def stop(self) -> None:
        """Let the task in hand end."""
        self._beat.stop()
        self._worker.stop()
        self._thread.join(timeout=STOP_TIMEOUT_S)
