"""Warm-up and rounds, and what comes of them."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.connections import spread
from bench.counters import Cost, Meter
from bench.crew import Crew, Stint
from bench.figures import middle, percentile
from bench.place import Web

#: A round that ends with what there is to do has an end all the same.
LONGEST_S = 600.0

#: The server counts a statement a moment after it has answered it.
SETTLE_S = 0.05


@dataclass(frozen=True)
class Round:
    """What was done in a round, per second and each. ms: milliseconds. others_cores: cores that somebody else kept
    busy meanwhile: not web, not database, not buyers. connections: how many each worker of the web had.
    """

    count: int
    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    calls: Mapping[str, tuple[float, float]]
    errors: Mapping[str, int]
    counts: Mapping[str, int]
    web_ms: float
    database_ms: float
    buyers_ms: float
    others_cores: float
    connections: Sequence[int]
    statements: Mapping[str, float]


@dataclass
class Contest:
    """One thing that is measured: the act of that name, and whose counters it moves. web: None where there is none.
    until_done: a round ends with what there is to do, and not with the clock. filled: what was counted between rounds.
    """

    name: str
    meter: Meter
    web: Web | None
    until_done: bool = False
    filled: Counter[str] = field(default_factory=Counter)
    warm: Round | None = None
    rounds: list[Round] = field(default_factory=list)

    def total(self, what: str) -> int:
        """All of a count: the warm-up's, that of the rounds, and of what was brought about between them."""
        played = [*([self.warm] if self.warm else []), *self.rounds]
        return self.filled[what] + sum(each.counts.get(what, 0) for each in played)

    def middle(self, figure: str) -> float:
        """The median of a figure over the rounds."""
        return middle([getattr(each, figure) for each in self.rounds])


def play_round(crew: Crew, contest: Contest, *, seconds: float) -> Round:
    """Fill and let all of them do it for so long, each on a fresh connection."""
    _connect(crew, contest)
    contest.filled += crew.fill(contest.name, seconds)
    spread_out = _connect(crew, contest)
    before = contest.meter.read()
    begun_at, stints = crew.run(contest.name, LONGEST_S if contest.until_done else seconds)
    time.sleep(SETTLE_S)
    cost = contest.meter.read().since(before)
    ended_at = max(stint.ended_at for stint in stints)
    return _sum_up(stints, cost, seconds=ended_at - begun_at, spread_out=spread_out)


def _connect(crew: Crew, contest: Contest) -> list[int]:
    """Returns how many connections each worker of the web has."""
    ports = crew.connect(contest.name)
    if contest.web is None:
        return []
    known = [port for port in ports if port is not None]
    return spread(contest.web.pid, contest.web.port, known, lambda number: crew.reconnect(contest.name, number))


def _sum_up(stints: Sequence[Stint], cost: Cost, *, seconds: float, spread_out: list[int]) -> Round:
    times = [seconds for stint in stints for seconds in stint.times]
    errors = sum((stint.errors for stint in stints), Counter[str]())
    buyers_s = sum(stint.cpu_s for stint in stints)
    count = len(times)
    each = 1_000 / count if count else 0.0
    return Round(
        count=count,
        seconds=seconds,
        rate=count / seconds,
        p50_ms=percentile(times, 50) * 1_000,
        p99_ms=percentile(times, 99) * 1_000,
        calls=_calls(stints),
        errors=dict(errors),
        counts=dict(sum((stint.notes.counts for stint in stints), Counter[str]())),
        web_ms=cost.web_s * each,
        database_ms=cost.database_s * each,
        buyers_ms=buyers_s * each,
        others_cores=max(cost.busy_s - cost.web_s - cost.database_s - buyers_s, 0.0) / cost.at_s,
        connections=spread_out,
        statements={kind: number / count if count else 0.0 for kind, number in cost.statements.items()},
    )


def _calls(stints: Sequence[Stint]) -> dict[str, tuple[float, float]]:
    """p50 and p99 of each kind of call, in milliseconds."""
    names = dict.fromkeys(name for stint in stints for name in stint.notes.times)
    gathered = {name: [time for stint in stints for time in stint.notes.times.get(name, ())] for name in names}
    return {name: (percentile(times, 50) * 1_000, percentile(times, 99) * 1_000) for name, times in gathered.items()}
