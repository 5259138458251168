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

The loop lets all in together who came in one of its turns. What is the same for many he finds out once: what the
headers of one kind of client come to, and how the answer to those is spelled who are refused alike, but for their ids.

No more than WAITING_MAX wait for him; the others go on at once.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
from tradecore.http.spelled import Spelled, spell
from tradecore.http.waiting import patience, waited

log = structlog.get_logger()

WAITING_MAX: Final = 64
TOGETHER_MAX: Final = 32
#: Failures are logged once in so many seconds.
QUIET_S: Final = 1.0
#: So long the connection to the database is taken for good, unless something has failed: to ask costs a round trip.
CONNECTED_S: Final = 1.0
#: Of so many ways in which callers write their headers the porter remembers what they come to.
MANNERS_MAX: Final = 256

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
#: Those by which it is decided whether, and how, a request may be answered. What else is plain decides nothing of that.
_TELLING: Final = ("accept", "content-type", "host", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto")
#: What a request says of its waiting, and how WSGI names it.
_VARIABLES: Final = {
    "x-request-start": "HTTP_X_REQUEST_START",
    "x-request-timeout-ms": "HTTP_X_REQUEST_TIMEOUT_MS",
}
_JSON_BODIES: Final = frozenset({JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8"})

#: How each of the requests is refused; None for one that is not, or of which that is not certain. Those who are refused
#: alike may have the same refusal, which is then spelled once.
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
        self._meet = lru_cache(maxsize=MANNERS_MAX)(_meet)  # what it asks of the settings does not change
        self._brought: list[Visitor] = []
        self._waiting: SimpleQueue[Visitor] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0
        self._connected_until = 0.0

    def look(self, buffer: bytes, request: EarlyRequest) -> WholeRequest | None:
        """The request, if it is one for the porter. Called by the loop."""
        if request.path != self._path or request.method != self._method or not self._is_open():
            return None
        if len(self._brought) + self._waiting.qsize() >= WAITING_MAX:
            return None
        return read_whole(buffer, request)

    def bring(self, connection: Any, request: WholeRequest) -> None:
        """Let the request of a connection be decided, from `begin` on. Nobody else touches it until it leaves. Called
        by the loop."""
        self._brought.append(Visitor(connection, request))

    def begin(self, *, leave: Leave) -> None:
        """Let all be decided who were brought, together. Called by the loop at the end of each of its turns."""
        if not self._brought:
            return
        brought, self._brought = self._brought, []
        for visitor in brought:
            self._waiting.put(visitor)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._serve, args=(leave,), name="porter", daemon=True)
            self._thread.start()

    def answer(self, visitors: Sequence[Visitor]) -> list[EarlyRefusal | None]:
        """The answer to each of them; None for whoever goes on."""
        usual = {number: met for number, each in enumerate(visitors) if (met := self._read(each.request)) is not None}
        refusals = self._decide([visitors[number].request for number in usual])
        answers: list[EarlyRefusal | None] = [None] * len(visitors)
        spelled: dict[tuple[int, bool], Spelled] = {}
        for (number, met), refusal in zip(usual.items(), refusals, strict=True):
            if refusal is not None:
                alike = id(refusal), met.is_secure
                if alike not in spelled:
                    spelled[alike] = spell(refusal, method=self._method, is_secure=met.is_secure)
                answers[number] = self._refuse(visitors[number], refusal.kind.value, spelled[alike])
        return answers

    def _serve(self, leave: Leave) -> None:
        while True:
            visitors = [self._waiting.get(), *self._take_others()]
            leave(list(zip((each.connection for each in visitors), self._try(visitors), strict=True)))

    def _look_after_connection(self) -> None:
        """Leave the connection to the database where it is too old, or broken. The next statement makes another."""
        if time.monotonic() >= self._connected_until:
            self._connected_until = time.monotonic() + CONNECTED_S
            close_old_connections()

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
            self._look_after_connection()
            return self.answer(visitors)
        except Exception as error:  # noqa: BLE001 - the house finds out what is wrong, for each of them
            self._connected_until = 0.0
            if time.monotonic() >= self._quiet_until:
                self._quiet_until = time.monotonic() + QUIET_S
                log.warning("porter_failed", error=f"{type(error).__name__}: {error}"[:500])
            return [None] * len(visitors)

    def _read(self, request: WholeRequest) -> "_Met | None":
        """How the request came; None where the house would ask more than what the request is about."""
        environ = {_VARIABLES[name]: request.headers[name] for name in _VARIABLES if name in request.headers}
        if waited(environ) >= patience(environ, at_most=self._seconds):
            return None
        return self._meet(tuple(request.headers), tuple(request.headers.get(name) for name in _TELLING))

    def _refuse(self, visitor: Visitor, status: int, spelled: Spelled) -> EarlyRefusal:
        """The answer, which is in the log and in the metrics from now on."""
        request = visitor.request
        request_id = choose_request_id(request.headers.get(HEADER.lower(), ""))
        seconds = time.perf_counter() - visitor.arrived_at
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            log_answer(request.method, request.path, status, seconds=seconds)
        count_answer(self._traffic, status, seconds=seconds)
        return EarlyRefusal(request.length, spelled.to(request_id))


@dataclass(frozen=True, slots=True)
class _Met:
    """How a request came that is plain, and to a host of ours."""

    is_secure: bool


def _meet(names: Sequence[str], telling: Sequence[str | None]) -> _Met | None:
    """How a request with headers of these names came, of which those of _TELLING have these values, or None.

    None where the house would say something of the headers themselves.
    """
    headers = {name: value for name, value in zip(_TELLING, telling, strict=True) if value is not None}
    if "host" not in headers or not all(name in _PLAIN or name.startswith(_PLAIN_PREFIXES) for name in names):
        return None
    if headers.get("content-type", "").lower() not in _JSON_BODIES:
        return None
    if not takes(headers.get("accept", ""), JSON, instead=CONTENT_TYPE):
        return None
    if "x-forwarded-proto" in headers and not settings.TRUST_PROXY_HEADERS:
        return None  # the server may believe what we do not
    asked = _as_django_knows_it(headers)
    return _Met(asked.is_secure()) if _is_addressed_well(asked) else None


def _as_django_knows_it(headers: Mapping[str, str]) -> WSGIRequest:
    """A request with these headers, as far as it takes to ask Django where and how it came."""
    return WSGIRequest(
        {
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
            "REQUEST_METHOD": "GET",
            "wsgi.input": BytesIO(),
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
