"""A web process with nothing behind its gate: so many threads, each of whose requests takes a moment.

Both gunicorn's settings and the application, as gunicorn must not meet the worker before Django is set up.
"""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tradecore.http.gate import DOOR_THREADS, Berth, Gate  # noqa: E402 - it needs the apps

THREADS = 2
TAKES_S = 1.0

wsgi_app = "tests.config.small_web"
worker_class = "config.web_worker.WaitingThreadWorker"
threads = THREADS + DOOR_THREADS
keepalive = 10
graceful_timeout = 5
control_socket_disable = True


def serve(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    time.sleep(TAKES_S)
    start_response("200 OK", [("Content-Length", "6")])
    return [b"served"]


application = Gate(
    serve,
    classify=lambda _method, path: "buy" if path == "/buy" else None,
    berths={"buy": Berth(threads_percent=100, seconds=30, is_critical=True)},
    threads=THREADS,
)
