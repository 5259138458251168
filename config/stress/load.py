"""The load: acts that come at a rate, whatever becomes of those before them, and how each of them ended."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from config.stress.client import NoAnswer
from config.stress.shoppers import LIMITED, SHED, Act, TurnedAway, Wrong

#: So many acts are under way at once, at most: a server that answers nobody must not take this machine's memory.
UNDER_WAY_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """An act, and when it begins, in seconds from the beginning of its step."""

    at_s: float
    act: Act


@dataclass
class Tally:
    """How the acts of one step ended. took_s: how long each took that was done."""

    came: int = 0
    unsent: int = 0
    unanswered: int = 0
    turned_away: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)

    @property
    def shed(self) -> int:
        return self.turned_away[SHED]

    @property
    def limited(self) -> int:
        return self.turned_away[LIMITED]


def come_at_rate(
    rate: float, seconds: float, *, acts: Mapping[str, Act], mix: Mapping[str, int], chance: random.Random
) -> list[Arrival]:
    """Who comes in one step: so many a second, at the gaps that independent shoppers leave, in the parts of the mix."""
    names, parts = list(mix), list(mix.values())
    return [Arrival(at_s, acts[chance.choices(names, parts)[0]]) for at_s in _moments(rate, seconds, chance)]


def come_as_recorded(arrivals: Iterable[Arrival], *, seconds: float) -> Iterator[list[Arrival]]:
    """The arrivals in steps of so many seconds; a step in which nobody comes is left out."""
    for number, group in groupby(arrivals, key=lambda arrival: int(arrival.at_s // seconds)):
        yield [Arrival(arrival.at_s - number * seconds, arrival.act) for arrival in group]


async def live_through(arrivals: Sequence[Arrival]) -> Tally:
    """Let everybody come at their time; returns when each has been answered, or has waited for too long."""
    tally, under_way = Tally(), set[asyncio.Task[None]]()
    began = time.monotonic()
    for arrival in arrivals:
        await asyncio.sleep(max(0.0, began + arrival.at_s - time.monotonic()))
        tally.came += 1
        if len(under_way) >= UNDER_WAY_MAX:
            tally.unsent += 1
            continue
        task = asyncio.create_task(_act(arrival.act, tally))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return tally


async def _act(act: Act, tally: Tally) -> None:
    began = time.monotonic()
    try:
        await act()
    except NoAnswer:
        tally.unanswered += 1
    except TurnedAway as refused:
        tally.turned_away[refused.status] += 1
    except Wrong as wrong:
        tally.wrong[str(wrong)] += 1
    else:
        tally.took_s.append(time.monotonic() - began)


def _moments(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    at_s = chance.expovariate(rate)
    while at_s < seconds:
        yield at_s
        at_s += chance.expovariate(rate)
