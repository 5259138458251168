"""The gate: what comes when all threads are busy, or too late, is answered 503 before anything is done for it.

# Note [Shedding]
A server that takes more than it can do does less than it could: everybody waits, everybody's patience ends, and what is
then done is done for nobody. So each class of routes (Note [Classes of routes] of `tradecore.http.rate_limits`) may
occupy so many threads at once, and all that are not critical leave a fifth of the threads to those that are: who cannot
buy because others browse is lost, and money that has moved must be heard of. What finds no thread is refused at once,
outside Django and before any SQL, by threads beside those that work (`DOOR_THREADS`), so that a refusal is never behind
the work that it is refused for. Their answer is made in advance. A plain request does not even get to a thread: it is
decided where it stands (`tradecore.http.early`), by the loop that waits for connections, which refuses it for a small
part of what an admitted one costs, so that saying no forty times for each yes leaves the processor to those who were
let in. To whom it says yes, it promises the thread (`Ticket`): else all who come until one of them has got there would
get threads, only to be refused by them.

What has waited for as long as anybody waits (`tradecore.http.waiting`) is refused likewise. What a crowd comes for, and
can be told without a thread for each, the porter tells them (`tradecore.http.porter`).
"""

import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import structlog

from tradecore import metrics
from tradecore.deadlines import deadline
from tradecore.errors import Kind, Refusal
from tradecore.http.early import EarlyRefusal, WholeRequest, read_early
from tradecore.http.porter import Porter
from tradecore.http.problems import CONTENT_TYPE, describe_refusal
from tradecore.http.rate_limits import TRAFFIC, Classify
from tradecore.http.request_ids import HEADER, choose_request_id
from tradecore.http.waiting import patience, waited

log = structlog.get_logger()

#: Threads that only say no, beside those that work.
DOOR_THREADS: Final = 2
#: One thread in so many is kept for what is critical.
KEPT_ONE_IN: Final = 5
STATUS: Final = "503 Service Unavailable"
#: Who is refused comes back after one of these, so that not all come back at once.
COME_BACK_S: Final = (1, 2, 3)

#: What is critical is being refused, as long as the last time is no longer ago.
_REFUSED_WITHIN_S: Final = 1.5

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: The thread that the request of this one was promised.
promised: ContextVar["Ticket | None"] = ContextVar("promised", default=None)


@dataclass
class Overloaded(Refusal):
    """All threads that may serve this kind of request are busy. Nothing was done."""

    code = "overload.shed"
    kind = Kind.UNAVAILABLE
    title = "Too many requests at once. Try again in a moment."

    retry_after: int = COME_BACK_S[0]


@dataclass
class TooLate(Refusal):
    """The request has waited for as long as its caller, or its kind of request, waits. Nothing was done."""

    code = "overload.too_late"
    kind = Kind.UNAVAILABLE
    title = "The request came to its turn too late. Try again in a moment."

    retry_after: int = COME_BACK_S[0]


@dataclass(frozen=True, slots=True)
class Berth:
    """What a class of routes gets: so many threads in a hundred, and how long a request may take with its waiting."""

    threads_percent: int
    seconds: float
    is_critical: bool = False


class Bulkheads:
    """How many requests of each class are being served in this process, and how many may be."""

    def __init__(self, berths: Mapping[str, Berth], *, threads: int) -> None:
        self._berths = berths
        self._bounds = {name: max(1, threads * berth.threads_percent // 100) for name, berth in berths.items()}
        self._threads = threads
        self._threads_of_others = max(1, threads - ceil(threads / KEPT_ONE_IN))
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()

    def enter(self, name: str) -> bool:
        """Take a thread for a request of that class, if it may have one; who has it calls `leave`."""
        with self._lock:
            if not self._has_room(name):
                return False
            self._busy[name] += 1
            return True

    def leave(self, name: str) -> None:
        with self._lock:
            self._busy[name] -= 1

    def count(self) -> dict[metrics.Labels, float]:
        """How many threads serve each class now, as a reading of metrics."""
        with self._lock:
            return {(name,): self._busy[name] for name in self._berths}

    def _has_room(self, name: str) -> bool:
        if self._busy[name] >= self._bounds[name] or self._busy.total() >= self._threads:
            return False
        others = sum(count for busy, count in self._busy.items() if not self._berths[busy].is_critical)
        return self._berths[name].is_critical or others < self._threads_of_others


class Ticket:
    """A thread's worth of a class, taken for a request before its thread has it; used, or given back, once."""

    def __init__(self, bulkheads: Bulkheads, name: str) -> None:
        self._bulkheads = bulkheads
        self._name = name
        self._is_open = True

    def use(self, name: str) -> bool:
        """Make it the request's own, who leaves by itself. Whether it was good, and for that class."""
        is_good = self._is_open and self._name == name
        if is_good:
            self._is_open = False
        return is_good

    def give_back(self) -> None:
        """Leave, unless it was used: a request that cannot be read never comes to the gate."""
        if self._is_open:
            self._is_open = False
            self._bulkheads.leave(self._name)


class Gate:
    """The WSGI application, behind its bulkheads. See Note [Shedding]."""

    def __init__(
        self,
        application: WSGI,
        *,
        classify: Classify,
        berths: Mapping[str, Berth],
        threads: int,
        porter: Porter | None = None,
    ) -> None:
        self._application = application
        self.porter = porter
        self._classify = classify
        self._berths = berths
        self._bulkheads = Bulkheads(berths, threads=threads)
        self._shed = _Shedding()
        metrics.THREADS_BUSY.read_from(self._bulkheads.count)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ[TRAFFIC] = self._classify(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        if name is None:
            return self._application(environ, start_response)
        waits = waited(environ)
        metrics.REQUEST_WAIT.observe(name, seconds=waits)
        left = patience(environ, at_most=self._berths[name].seconds) - waits
        if left <= 0:
            return self._shed(TooLate, name, environ, start_response)
        if not self._enter(name):
            self._note_refusal(name)
            return self._shed(Overloaded, name, environ, start_response)
        try:
            with deadline(left):
                return self._application(environ, start_response)
        finally:
            self._bulkheads.leave(name)

    def decide_early(self, buffer: bytes, *, ask_porter: bool = True) -> EarlyRefusal | WholeRequest | Ticket | None:
        """What becomes of the request that a connection's buffer begins with: refused, for the porter, or promised a
        thread. `ask_porter`: it has not been with the porter yet.

        None where it is of no class, or cannot be read that simply: it is then decided like any other.
        """
        request = read_early(buffer)
        name = None if request is None else self._classify(request.method, request.path)
        if request is None or name is None:
            return None
        visitor = self.porter.look(buffer, request) if self.porter is not None and ask_porter else None
        if visitor is not None:
            return visitor
        if self._bulkheads.enter(name):
            return Ticket(self._bulkheads, name)
        self._note_refusal(name)
        return EarlyRefusal(request.length, self._shed.spell(Overloaded, name, request_id=request.request_id))

    def _note_refusal(self, name: str) -> None:
        if self._berths[name].is_critical:
            _critical.refused_at = time.monotonic()

    def _enter(self, name: str) -> bool:
        ticket = promised.get()
        return (ticket is not None and ticket.use(name)) or self._bulkheads.enter(name)


class _Answer:
    """A refusal as it is sent, but for the id of its request."""

    def __init__(self, refusal: Overloaded | TooLate) -> None:
        self.body = json.dumps(describe_refusal(refusal)).encode()
        self.headers = (
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(self.body))),
            ("Retry-After", str(refusal.retry_after)),
        )
        said = "".join(f"{header}: {value}\r\n" for header, value in self.headers)
        self.head = f"HTTP/1.1 {STATUS}\r\n{said}{HEADER}: ".encode()


class _Shedding:
    """Answers that are made in advance, and one line a second of how many were sent."""

    def __init__(self) -> None:
        self._answers = {
            refusal: [_Answer(refusal(retry_after=wait)) for wait in COME_BACK_S] for refusal in (Overloaded, TooLate)
        }
        self._lock = threading.Lock()
        self._counted: Counter[str] = Counter()
        self._quiet_until = 0.0

    def __call__(
        self,
        refusal: type[Overloaded | TooLate],
        name: str,
        environ: Mapping[str, Any],
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        answer = self._choose(refusal, name)
        start_response(STATUS, [*answer.headers, (HEADER, choose_request_id(environ.get("HTTP_X_REQUEST_ID", "")))])
        return [answer.body]

    def spell(self, refusal: type[Overloaded | TooLate], name: str, *, request_id: str) -> bytes:
        """One more refusal, as it goes over the wire."""
        answer = self._choose(refusal, name)
        return b"%b%b\r\n\r\n%b" % (answer.head, choose_request_id(request_id).encode(), answer.body)

    def _choose(self, refusal: type[Overloaded | TooLate], name: str) -> _Answer:
        """Each says another time to come back, by chance."""
        self._count(f"{name}: {refusal.code}")
        metrics.SHED.add(name, refusal.code)
        return random.choice(self._answers[refusal])  # noqa: S311 - jitter, not a secret

    def _count(self, what: str) -> None:
        with self._lock:
            self._counted[what] += 1
            now = time.monotonic()
            if now < self._quiet_until:
                return
            counted, self._counted, self._quiet_until = dict(self._counted), Counter(), now + 1
        log.warning("requests_shed", counts=counted)


class _Critical:
    """When this process last had no thread for what is critical, on the monotonic clock."""

    refused_at = -math.inf


_critical = _Critical()


def refuses_critical() -> bool:
    """Whether there is at present no thread even for what is critical."""
    return time.monotonic() - _critical.refused_at <= _REFUSED_WITHIN_S
