"""The buyers: processes that each do one thing after another, in a closed loop.

They are forked once and told by pipe what to do next, so that nothing of a round pays for their start. Each is its own
client on a connection of its own, and keeps what it measures in memory until it is asked.
"""

import multiprocessing
import signal
import time
import traceback
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Protocol

#: From the word to the beginning, so that all of them begin at once.
LEAD_S = 0.05

_fork = multiprocessing.get_context("fork")


class Wrong(Exception):
    """Something else came than was promised; the message is how such errors are counted."""


class BuyerFailed(RuntimeError):
    """A buyer came upon what no scenario knows; the message is the whole story of it."""


class Act(Protocol):
    """What one buyer does in a scenario."""

    def connect(self) -> int | None:
        """Open the connection anew. Returns its port; None where none is needed."""

    def fill(self, seconds: float) -> None:
        """Bring about what the next round uses up, for so long."""

    def step(self) -> bool:
        """Do it once. False: there is nothing left to do it to. Raises Wrong."""

    def take_notes(self) -> "Notes":
        """What was noted since the last time."""


@dataclass
class Notes:
    """times: seconds of each call, by its name. counts: of whatever the scenario counts."""

    times: dict[str, "array[float]"] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Stint:
    """What one buyer did in a round. times: seconds of each step. errors: by what was wrong. ended_at: monotonic."""

    times: "array[float]"
    errors: Counter[str]
    notes: Notes
    ended_at: float
    cpu_s: float


@dataclass(frozen=True)
class _Buyer:
    process: Any
    pipe: Connection


@dataclass(frozen=True)
class Crew:
    """The buyers, who all do the same at the same time. Acts are named as they were given."""

    _buyers: Sequence[_Buyer]

    def connect(self, name: str) -> list[int | None]:
        """Let each open its connection anew; returns their ports."""
        return self._all("connect", name)

    def reconnect(self, name: str, number: int) -> int:
        """Let one of them do so again."""
        buyer = self._buyers[number]
        buyer.pipe.send(("connect", name))
        return int(_result(buyer))

    def fill(self, name: str, seconds: float) -> Counter[str]:
        """Let each bring about what the next round uses up. Returns what they counted."""
        return sum(self._all("fill", name, seconds), Counter[str]())

    def run(self, name: str, seconds: float) -> tuple[float, list[Stint]]:
        """Let all begin at the same moment. Returns that moment (monotonic), and what each did."""
        begin_at = time.monotonic() + LEAD_S
        return begin_at, self._all("run", name, begin_at, seconds)

    def _all(self, *command: Any) -> list[Any]:
        for buyer in self._buyers:
            buyer.pipe.send(command)
        return [_result(buyer) for buyer in self._buyers]


@contextmanager
def open_crew(size: int, acts: Callable[[int], Mapping[str, Act]]) -> Iterator[Crew]:
    """Start the buyers; `acts` makes each one's, by its number, in its own process. They end with the block."""
    buyers = []
    for number in range(size):
        here, there = _fork.Pipe()
        process = _fork.Process(target=_serve, args=(there, number, acts), daemon=True)
        process.start()
        there.close()
        buyers.append(_Buyer(process, here))
    try:
        yield Crew(buyers)
    finally:
        for buyer in buyers:
            buyer.process.terminate()
            buyer.process.join()


def _result(buyer: _Buyer) -> Any:
    """Raises BuyerFailed."""
    result = buyer.pipe.recv()
    if isinstance(result, BuyerFailed):
        raise result
    return result


def _serve(pipe: Connection, number: int, acts: Callable[[int], Mapping[str, Act]]) -> None:
    """The life of a buyer. Ctrl-C is for the driver, who ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mine = acts(number)
    while True:
        verb, name, *arguments = pipe.recv()
        try:
            pipe.send(_VERBS[verb](mine[name], *arguments))
        except Exception:  # noqa: BLE001 - whatever it is, the driver raises it
            pipe.send(BuyerFailed(f"{name}, {verb}:\n{traceback.format_exc()}"))


def _connect(act: Act) -> int | None:
    return act.connect()


def _fill(act: Act, seconds: float) -> Counter[str]:
    act.fill(seconds)
    return act.take_notes().counts


def _run(act: Act, begin_at: float, seconds: float) -> Stint:
    times, errors = array("d"), Counter[str]()
    time.sleep(max(begin_at - time.monotonic(), 0))
    cpu_s, end_at = time.process_time(), time.monotonic() + seconds
    while (begun := time.monotonic()) < end_at:
        try:
            if not act.step():
                break
        except Wrong as wrong:
            errors[str(wrong)] += 1
        else:
            times.append(time.monotonic() - begun)
    return Stint(times, errors, act.take_notes(), ended_at=time.monotonic(), cpu_s=time.process_time() - cpu_s)


_VERBS: Mapping[str, Callable[..., Any]] = {"connect": _connect, "fill": _fill, "run": _run}
