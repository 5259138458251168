"""Circuit breakers: whoever has failed again and again is left alone for a while, and nobody waits for it meanwhile.

# Note [Circuits]
A circuit is closed as long as its calls succeed. So many failures in a row open it: calls are then refused at once,
without being tried. After a rest one call may try (half open): its success closes the circuit, its failure opens it for
another rest. What counts as a failure is said by whoever calls: that somebody does not answer is one, that they refuse
is none. A circuit belongs to one process; its changes stand in the log, as does how often it refused meanwhile.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import structlog

log = structlog.get_logger()


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitOpen(Exception):
    """The call was not tried: it has failed too often, and is left alone for a moment."""


class Breaker:
    """The circuit to one outsider. For any number of threads. See Note [Circuits].

    failures: so many in a row open it. rest_s: how long nobody calls then.
    """

    def __init__(self, name: str, *, failures: int, rest_s: float) -> None:
        self.name = name
        self._failures_max = failures
        self._rest_s = rest_s
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Close the circuit and forget what was: for tests, and for a new process."""
        self._state = CircuitState.CLOSED
        self._failures = 0
        self._refused = 0
        self._rests_until = 0.0

    @property
    def state(self) -> CircuitState:
        return self._state

    @contextmanager
    def calling(self, *failures: type[Exception]) -> Iterator[None]:
        """Mark the block as a call, of which these exceptions are failures. Raises CircuitOpen instead of trying."""
        self._enter()
        try:
            yield
        except failures as error:
            self._fail(error)
            raise
        except BaseException:
            self._succeed()  # somebody answered, whatever they said
            raise
        else:
            self._succeed()

    def _enter(self) -> None:
        with self._lock:
            if self._state is CircuitState.CLOSED:
                return
            if self._state is CircuitState.HALF_OPEN or time.monotonic() < self._rests_until:
                self._refused += 1
                raise CircuitOpen(self.name)
            self._state = CircuitState.HALF_OPEN

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            if self._state is CircuitState.CLOSED and self._failures < self._failures_max:
                return
            if self._state is not CircuitState.OPEN:  # else by a call that began before it opened
                log.warning("circuit_opened", circuit=self.name, rest_s=self._rest_s, error=str(error))
            self._state = CircuitState.OPEN
            self._rests_until = time.monotonic() + self._rest_s

    def _succeed(self) -> None:
        with self._lock:
            if self._state is not CircuitState.CLOSED:
                log.info("circuit_closed", circuit=self.name, refused=self._refused)
            self._state, self._failures, self._refused = CircuitState.CLOSED, 0, 0
