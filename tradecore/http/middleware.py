"""What every request carries: its id, its mark as a request of the web, and a process that may make ids.

And what every answer says of the limits on requests.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from tradecore import db, metrics, refused_writes, worker_leases
from tradecore.errors import Refusal
from tradecore.http import marks
from tradecore.http.endpoints import Endpoint
from tradecore.http.problems import plain_refusal
from tradecore.http.rate_limits import LIMITS, show_standings
from tradecore.http.request_ids import HEADER, choose_request_id

log = structlog.get_logger()

#: Answered without asking anybody, the database least of all.
HEALTH_PATH = "/healthz"


class RequestMiddleware:
    """Accepts or makes X-Request-Id, binds it to every log line and event of the request, and returns it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = choose_request_id(request.headers.get(HEADER, ""))
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id), db.web_request():
            if request.path != HEALTH_PATH:
                _ensure_ids()
            response = self.get_response(request)
            log_answer(request.method, request.path, response.status_code, seconds=time.perf_counter() - started)
        response[HEADER] = request_id
        return response


class MetricsMiddleware:
    """Counts every request by its class, and how long it took; those of a stress test apart. See Note [Metrics]."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        traffic = LIMITS.class_of(request) or "none"
        if marks.HEADER in request.headers:
            traffic = f"shadow:{traffic}"
        count_answer(traffic, response.status_code, seconds=time.perf_counter() - started)
        return response


def log_answer(method: str | None, path: str, status: int, *, seconds: float) -> None:
    """The one line of a request."""
    log.info("request", method=method, path=path, status=status, ms=round(seconds * 1000, 1))


def count_answer(traffic: str, status: int, *, seconds: float) -> None:
    metrics.REQUESTS.add(traffic, str(status))
    metrics.REQUEST_TIME.observe(traffic, seconds=seconds)


def _ensure_ids() -> None:
    """Where nothing can be written no lease is renewed: who reads needs none, and whoever writes asks for it again."""
    try:
        worker_leases.ensure()
    except DatabaseError as error:
        if not refused_writes.are_meant(error):
            raise
        refused_writes.notice(error)


class RateLimitMiddleware:
    """Counts the requests of pages by their address, and shows on every answer how its limits stand.

    An `Endpoint` counts by itself, once it knows who asks.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        show_standings(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if issubclass(getattr(view, "cls", object), Endpoint):
            return None
        try:
            LIMITS.admit(request)
        except Refusal as refusal:
            return plain_refusal(refusal)
        return None
