"""The porter: one thread that tells a crowd what is the same for all of it, many at a time.

# Note [The porter]
What most of a crowd comes for is gone, and to say so takes two look-ups: whom a token speaks for, and whether a key has
an answer already. That is nothing for the loop that waits for connections, which waits for nothing else; and a thread
for each, with all that Django does for a request, takes several times what the answer does. So the loop hands requests
of one route, while there is a crowd (`is_open`), to the porter. He takes all that have come by then, reads for all of
them at once, answers, and hands the connections back.

He says what the house would say, to the byte, or nothing: whatever is unusual of a request, or not certain of its
answer, goes on to the house as it came, and not a byte of it has been read. So does everybody where he cannot find out,
because the database does not answer. Whom he refuses is in the log and in the metrics like anybody else, and is not
counted for the limits on requests: to count costs more than to refuse, as in Note [Shedding].

No more than WAITING_MAX wait for him; the others go on at once.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections

from tradecore.errors import Refusal
from tradecore.http.early import EarlyRefusal, EarlyRequest, WholeRequest, read_whole
from tradecore.http.middleware import count_answer, log_answer
from tradecore.http.negotiation import JSON, takes
from tradecore.http.problems import CONTENT_TYPE
from tradecore.http.request_ids import HEADER, choose_request_id
from tradecore.http.spelled import spell
from tradecore.http.waiting import patience, waited

log = structlog.get_logger()

WAITING_MAX: Final = 64
TOGETHER_MAX: Final = 32
#: Failures are logged once in so many seconds.
QUIET_S: Final = 1.0

#: Headers that change nothing of an answer, or that are looked at here. A request with any other goes on to the house.
_PLAIN: Final = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "authorization", "cache-control", "connection"),
        *("content-length", "content-type", "dnt", "forwarded", "host", "idempotency-key", "keep-alive", "origin"),
        *("pragma", "priority", "referer", "traceparent", "tracestate", "true-client-ip", "user-agent", "via"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"),
        *("x-request-id", "x-request-start", "x-request-timeout-ms", "x-requested-with"),
    }
)
_PLAIN_PREFIXES: Final = ("cf-", "sec-", "x-amzn-")
_JSON_BODIES: Final = frozenset({JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8"})

#: How each of the requests is refused; None for one that is not, or of which that is not certain.
Decide = Callable[[Sequence[WholeRequest]], Sequence[Refusal | None]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A connection, the request that waits on it unread, and since when, by time.perf_counter."""

    connection: Any
    request: WholeRequest
    arrived_at: float = field(default_factory=time.perf_counter)


#: Takes the connections back, each with the answer to its request, or with None. Called in the porter's thread.
Leave = Callable[[Sequence[tuple[Any, EarlyRefusal | None]]], None]


class Porter:
    """The porter of one route, in one process; see Note [The porter].

    seconds: how long a request of its class may take in all.
    """

    def __init__(
        self, decide: Decide, *, method: str, path: str, traffic: str, seconds: float, is_open: Callable[[], bool]
    ) -> None:
        self._decide = decide
        self._method, self._path = method, path
        self._traffic, self._seconds = traffic, seconds
        self._is_open = is_open
        self._waiting: SimpleQueue[Visitor] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0

    def look(self, buffer: bytes, request: EarlyRequest) -> WholeRequest | None:
        """The request, if it is one for the porter. Called by the loop."""
        if request.path != self._path or request.method != self._method or not self._is_open():
            return None
        return read_whole(buffer, request) if self._waiting.qsize() < WAITING_MAX else None

    def bring(self, connection: Any, request: WholeRequest, *, leave: Leave) -> None:
        """Let the request of a connection be decided. Nobody else touches it until it leaves. Called by the loop."""
        self._waiting.put(Visitor(connection, request))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._serve, args=(leave,), name="porter", daemon=True)
            self._thread.start()

    def answer(self, visitors: Sequence[Visitor]) -> list[EarlyRefusal | None]:
        """The answer to each of them; None for whoever goes on."""
        usual = {
            number: asked for number, each in enumerate(visitors) if (asked := self._read(each.request)) is not None
        }
        refusals = self._decide([visitors[number].request for number in usual])
        answers: list[EarlyRefusal | None] = [None] * len(visitors)
        for (number, asked), refusal in zip(usual.items(), refusals, strict=True):
            if refusal is not None:
                answers[number] = self._refuse(visitors[number], refusal, is_secure=asked.is_secure())
        return answers

    def _serve(self, leave: Leave) -> None:
        while True:
            visitors = [self._waiting.get(), *self._take_others()]
            close_old_connections()
            leave(list(zip((each.connection for each in visitors), self._try(visitors), strict=True)))

    def _take_others(self) -> list[Visitor]:
        others: list[Visitor] = []
        try:
            while len(others) < TOGETHER_MAX - 1:
                others.append(self._waiting.get_nowait())
        except Empty:
            pass
        return others

    def _try(self, visitors: Sequence[Visitor]) -> Sequence[EarlyRefusal | None]:
        try:
            return self.answer(visitors)
        except Exception as error:  # noqa: BLE001 - the house finds out what is wrong, for each of them
            if time.monotonic() >= self._quiet_until:
                self._quiet_until = time.monotonic() + QUIET_S
                log.warning("porter_failed", error=f"{type(error).__name__}: {error}"[:500])
            return [None] * len(visitors)

    def _read(self, request: WholeRequest) -> WSGIRequest | None:
        """The request as Django knows it; None where the house would ask more than what the request is about."""
        headers = request.headers
        if "host" not in headers or not all(name in _PLAIN or name.startswith(_PLAIN_PREFIXES) for name in headers):
            return None
        if headers.get("content-type", "").lower() not in _JSON_BODIES:
            return None
        if not takes(headers.get("accept", ""), JSON, instead=CONTENT_TYPE):
            return None
        if "x-forwarded-proto" in headers and not settings.TRUST_PROXY_HEADERS:
            return None  # the server may believe what we do not
        asked = _as_django_knows_it(request)
        is_in_time = waited(asked.META) < patience(asked.META, at_most=self._seconds)
        return asked if is_in_time and _is_addressed_well(asked) else None

    def _refuse(self, visitor: Visitor, refusal: Refusal, *, is_secure: bool) -> EarlyRefusal:
        """The answer, which is in the log and in the metrics from now on."""
        request, status = visitor.request, refusal.kind.value
        request_id = choose_request_id(request.headers.get(HEADER.lower(), ""))
        answer = spell(refusal, request_id=request_id, method=self._method, is_secure=is_secure)
        seconds = time.perf_counter() - visitor.arrived_at
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            log_answer(request.method, request.path, status, seconds=seconds)
        count_answer(self._traffic, status, seconds=seconds)
        return EarlyRefusal(request.length, answer)


def _as_django_knows_it(request: WholeRequest) -> WSGIRequest:
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    return WSGIRequest(
        {
            **headers,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "wsgi.input": BytesIO(request.body),
            "wsgi.url_scheme": "http",
        }
    )


def _is_addressed_well(asked: WSGIRequest) -> bool:
    """Whether it came to a host of ours, and as safely as it must."""
    try:
        asked.get_host()
    except DisallowedHost:
        return False
    return asked.is_secure() or not settings.SECURE_SSL_REDIRECT
