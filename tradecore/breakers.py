"""Circuit breakers: whoever has failed again and again is left alone for a while, and nobody waits for it meanwhile.

# Note [Circuits]
A circuit is closed as long as its calls succeed. So many failures in a row open it: calls then fail at once, in the way
in which they failed before, without being tried; so whoever calls needs to know nothing of circuits. After a rest one
call may try (half open): its success closes the circuit, its failure opens it for another rest. What counts as a
failure is said by whoever calls: that somebody does not answer is one, that they refuse is none. A circuit belongs to
one process; of `Circuits` each world has its own (Note [Remembered by world] of `tradecore.worlds`), as a sandbox of a
stress test that is silent says nothing of the real provider. It says in the log that it has opened, and that it has
closed, with the number of calls that it spared.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from weakref import WeakSet

import structlog

from tradecore import metrics
from tradecore.worlds import ByWorld, marked

log = structlog.get_logger()


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


#: As they are told to those who watch, the worse the higher.
_STATE_NUMBERS = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Circuit:
    """The circuit to one outsider, for any number of threads. See Note [Circuits].

    failures: so many in a row open it. rest_s: how long nobody calls then.
    """

    def __init__(self, name: str, *, failures: int, rest_s: float) -> None:
        self.name = name
        self._failures_max = failures
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Close it, and forget what was."""
        self._move(CircuitState.CLOSED)
        self._failures = 0
        self._spared = 0
        self._rests_until = 0.0
        self._failed_at = -math.inf

    @property
    def state(self) -> CircuitState:
        return self._state

    def is_failing(self, *, within_s: float) -> bool:
        """Whether it is not closed, and the last call that was tried failed so long ago at most."""
        return self._state is not CircuitState.CLOSED and time.monotonic() - self._failed_at <= within_s

    @contextmanager
    def calling(self, failure: type[Exception], *others: type[Exception]) -> Iterator[None]:
        """Mark the block as a call, of which these exceptions are failures. Raises `failure` instead of trying."""
        if not self._may_try():
            raise failure(f"{self.name} has failed too often and is left alone for a moment")
        try:
            yield
        except (failure, *others) as error:
            self._fail(error)
            raise
        except BaseException:
            self._succeed()  # somebody answered, whatever they said
            raise
        else:
            self._succeed()

    def _may_try(self) -> bool:
        with self._lock:
            if self._state is CircuitState.CLOSED:
                return True
            if self._state is CircuitState.OPEN and time.monotonic() >= self._rests_until:
                self._move(CircuitState.HALF_OPEN)
                return True
            self._spared += 1
            metrics.CIRCUIT_SPARED.add(self.name)
            return False

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self._failed_at = time.monotonic()
            self._failures += 1
            if self._state is CircuitState.CLOSED and self._failures < self._failures_max:
                return
            if self._state is not CircuitState.OPEN:  # else by a call that began before it opened
                log.warning("circuit_opened", circuit=self.name, rest_s=self._rest_s, error=str(error))
                metrics.CIRCUIT_OPENED.add(self.name)
            self._move(CircuitState.OPEN)
            self._rests_until = time.monotonic() + self._rest_s

    def _succeed(self) -> None:
        with self._lock:
            if self._state is not CircuitState.CLOSED:
                log.info("circuit_closed", circuit=self.name, spared=self._spared)
                self._move(CircuitState.CLOSED)
            self._failures, self._spared = 0, 0

    def _move(self, state: CircuitState) -> None:
        self._state = state
        metrics.CIRCUIT_STATE.set(self.name, to=_STATE_NUMBERS[state])


class Circuits:
    """Circuits to outsiders of one kind, each by its name."""

    def __init__(self, kind: str, *, failures: int, rest_s: float) -> None:
        self._kind = kind
        self._failures = failures
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self._known: ByWorld[dict[str, Circuit]] = ByWorld(dict)

    def to(self, name: str) -> Circuit:
        """The circuit to the one of that name."""
        with self._lock:
            known = self._known.get()
            if name not in known:
                shown = marked(f"{self._kind}.{name}")
                known[name] = Circuit(shown, failures=self._failures, rest_s=self._rest_s)
            return known[name]


_all: "WeakSet[Circuit]" = WeakSet()


def close_all() -> None:
    """Close every circuit of the process: for tests, each of which has outsiders of its own."""
    for circuit in _all:
        circuit.reset()
