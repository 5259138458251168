"""Gunicorn's settings. In the embedded default the one worker process also holds Celery's worker and beat."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from config.environment import env

# This process answers people: its database sessions get the short limits of config/databases.py.
os.environ.setdefault("TRADECORE_PROCESS", "web")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# What the workers of this server count is told by any of them for all: see Note [Files of metrics]. A folder that this
# server made is gone with it.
_own_folder = Path(tempfile.gettempdir()) / f"tradecore-metrics-{os.getpid()}"
if env("TRADECORE_ENV") == "production" and not env("METRICS_DIR"):
    os.environ["METRICS_DIR"] = str(_own_folder)

import django

# Gunicorn reads this file before anything of Django; what is imported below needs the apps.
django.setup()

from django.conf import settings

from config.checks import refuse_wrong_settings
from config.embedded import EmbeddedWorker
from config.environment import env
from tradecore import alarms, revisions, samples, worker_leases
from tradecore.http.gate import DOOR_THREADS

wsgi_app = "config.wsgi:application"
bind = f"{env('WEB_HOST')}:{env('WEB_PORT')}"

_embedded = settings.TRADECORE_ENV == "embedded"
# One in the embedded default, whose broker lives in the memory of one process.
workers = settings.WEB_WORKERS
worker_class = "config.web_worker.WaitingThreadWorker"
threads = settings.WEB_THREADS + DOOR_THREADS
timeout = 30
# How long requests may take to end, and in the embedded default its worker and beat too: a second or two, unless the
# machine is busy.
graceful_timeout = 10 if _embedded else 20
keepalive = 5
# Memory that libraries leak comes back in the end; the jitter keeps the workers from restarting together.
max_requests = 0 if _embedded else 20_000
max_requests_jitter = 2_000
loglevel = "warning" if _embedded else "info"
# Gunicorn's own lines take the way of all others.
_its_logger = {"level": loglevel.upper(), "handlers": ["stderr"], "propagate": False}
logconfig_dict = {**settings.LOGGING, "loggers": {**settings.LOGGING["loggers"], "gunicorn.error": _its_logger}}
# Gunicorn's control socket lies in the home folder by default; nothing outside the checkout is written.
control_socket_disable = True

_embedded_worker: EmbeddedWorker | None = None


def on_starting(server: Any) -> None:
    """Before the first worker: a wrong production setting ends it here, with a line that says what to set."""
    refuse_wrong_settings()


def post_worker_init(worker: Any) -> None:
    global _embedded_worker
    revisions.watch(alarms.look)
    samples.watch()
    if _embedded:
        _embedded_worker = EmbeddedWorker()
        _embedded_worker.start()


def worker_exit(server: Any, worker: Any) -> None:
    """Let the embedded worker end its task, and give the worker number of the ids back."""
    if _embedded_worker is not None:
        _embedded_worker.stop()
    samples.leave()
    worker_leases.release()


def on_exit(server: Any) -> None:
    """Take away the folder of what was counted, if it is of this server alone."""
    if str(_own_folder) == settings.METRICS_DIR:
        shutil.rmtree(_own_folder)
