"""A web process with nothing behind its gate: so many threads, each of whose requests takes a moment.

`/hold` takes until somebody asks for `/let-go`, and `/busy` says how many threads are taken; these two take none.

Both gunicorn's settings and the application, as gunicorn must not meet the worker before Django is set up.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tradecore import metrics  # noqa: E402 - it needs the apps
from tradecore.errors import Kind, Refusal  # noqa: E402
from tradecore.http.early import WholeRequest  # noqa: E402
from tradecore.http.gate import DOOR_THREADS, Berth, Gate  # noqa: E402
from tradecore.http.porter import Porter  # noqa: E402

THREADS = 2
TAKES_S = 0.1
SECONDS = 30

wsgi_app = "tests.config.small_web"
worker_class = "config.web_worker.WaitingThreadWorker"
threads = THREADS + DOOR_THREADS
keepalive = 10
graceful_timeout = 5
control_socket_disable = True


class _Held:
    """What the requests wait for that are held at present."""

    until = threading.Event()


def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    said = _ACTS.get(environ["PATH_INFO"], _take_a_moment)()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


def _take_a_moment() -> bytes:
    time.sleep(TAKES_S)
    return b"served"


def _hold() -> bytes:
    _Held.until.wait(SECONDS)
    return b"served"


def _let_go() -> bytes:
    held, _Held.until = _Held.until, threading.Event()
    held.set()
    return b"let go"


def _count_busy() -> bytes:
    metrics.refresh()
    busy = metrics.REGISTRY.get_sample_value("tradecore_http_threads_busy", {"traffic": "buy"})
    return b"%d" % (busy or 0)


_ACTS = {"/hold": _hold, "/let-go": _let_go, "/busy": _count_busy}


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
    classify=lambda _method, path: "buy" if path in {"/buy", "/crowd", "/hold"} else None,
    berths={"buy": Berth(threads_percent=100, seconds=SECONDS, is_critical=True)},
    threads=THREADS,
    porter=Porter(refuse, method="POST", path="/crowd", traffic="buy", seconds=SECONDS, is_open=lambda: True),
)
