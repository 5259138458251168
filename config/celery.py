"""Celery wakes workers; what is to be done stands in the tables.

Nothing may rest on a message: a broker that loses all of them costs the time to the next tick. So a worker that dies
gives its message back (acks_late), nothing is retried by two layers, no result is kept, and there is one schedule
entry. Zero, one or three beats are all right.
"""

import os
from typing import Any

import django

# Celery's command line imports this module first; what is imported below needs the apps.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    task_received,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from kombu import Exchange, Queue

from config.checks import refuse_wrong_settings
from config.ticker import Ticker
from tradecore import revisions, samples, worker_leases

QUEUES = ("money", "providers", "events", "bulk")
TICK_EVERY_S = 1.0

# Longer than the longest task, so that no task runs twice because it is slow.
TASK_LIMIT_S = 120
TASK_SOFT_LIMIT_S = 90
VISIBILITY_TIMEOUT_S = 150

app = Celery("tradecore", include=["config.tasks"])
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    # Workers outlive a broker that is away; they keep asking for as long as it takes.
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        # Without these a Redis that hangs holds its caller for ever.
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        "health_check_interval": 15,
        # A killed worker's tasks come back as soon as the visibility timeout is over, not up to 100 s later.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
    accept_content=["json"],
    task_serializer="json",
    # One queue per kind of work, so that a slow kind does not hold up the others. Each has an exchange of its own: on
    # the default one a message for one queue would reach them all.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_default_queue="events",
    task_create_missing_queues=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_publish_retry=False,
    task_time_limit=TASK_LIMIT_S,
    task_soft_time_limit=TASK_SOFT_LIMIT_S,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_soft_shutdown_timeout=20,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    # Ticks that nobody took are worth nothing: the next one does their work.
    beat_schedule={
        "tick": {"task": "tradecore.tick", "schedule": TICK_EVERY_S, "options": {"expires": 5 * TICK_EVERY_S}},
    },
    timezone="UTC",
    enable_utc=True,
)


@setup_logging.connect
def _keep_logging_of_django(**_: Any) -> None:
    """Celery leaves logging alone when somebody answers this signal: settings.LOGGING holds."""


@worker_init.connect
@beat_init.connect
def _refuse_wrong_settings(**_: Any) -> None:
    refuse_wrong_settings()


_tickers: list[Ticker] = []


@worker_init.connect
def _start_ticker(sender: Any, **_: Any) -> None:
    """See Note [Ticking without a broker]: started before the broker is reached, because it may never be."""
    ticker = Ticker(queue.name for queue in sender.app.amqp.queues.consume_from.values())
    _tickers.append(ticker)
    ticker.start()


@worker_init.connect
@worker_process_init.connect
def _watch_revisions(**_: Any) -> None:
    """See Note [Revisions]: in the worker and in each process that it forks."""
    revisions.watch()


@worker_process_init.connect
def _record_samples(**_: Any) -> None:
    """See Note [Samples]: in each process that works, not in the one that forks them."""
    samples.watch()


@task_received.connect
def _hear(**_: Any) -> None:
    for ticker in _tickers:
        ticker.heard()


@worker_shutting_down.connect
def _stop_ticker(**_: Any) -> None:
    for ticker in _tickers:
        ticker.stop()


@worker_process_shutdown.connect
def _release_worker_number(**_: Any) -> None:
    samples.leave()
    worker_leases.release()
