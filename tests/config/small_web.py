"""A web process with nothing behind its gate: so many threads, each of whose requests takes a moment.

Both gunicorn's settings and the application, as gunicorn must not meet the worker before Django is set up.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tradecore.errors import Kind, Refusal  # noqa: E402 - it needs the apps
from tradecore.http.early import WholeRequest  # noqa: E402
from tradecore.http.gate import DOOR_THREADS, Berth, Gate  # noqa: E402
from tradecore.http.porter import Porter  # noqa: E402

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


class Gone(Refusal):
    code = "gone"
    kind = Kind.CONFLICT


def refuse(requests: Sequence[WholeRequest]) -> list[Refusal | None]:
    """Those who ask for what is gone; nobody, where somebody asks for what cannot be found out."""
    if any(request.body == b'"unknown"' for request in requests):
        raise LookupError
    return [Gone() if request.body == b'"gone"' else None for request in requests]


application = Gate(
    serve,
    classify=lambda _method, path: "buy" if path in {"/buy", "/crowd"} else None,
    berths={"buy": Berth(threads_percent=100, seconds=30, is_critical=True)},
    threads=THREADS,
    porter=Porter(refuse, method="POST", path="/crowd", traffic="buy", seconds=30, is_open=lambda: True),
)
