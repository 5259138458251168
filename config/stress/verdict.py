"""What a run says: where the knee is, and what gave way first. Pure.

# Note [The knee]
The load rises in steps whatever becomes of it (an open loop), as shoppers come whether or not those before them were
served. A step is carried when at least 95 in 100 of what came was done, and the slowest hundredth took no longer than
the bound. The knee is the last step before the first that was not carried: what is done beyond it is done for fewer
people than came.

# Note [What gave way first]
Each thing that can run out has a measure and a bound at which it counts as used up. The first bottleneck is what was
used up in the earliest step, up to and including the first that was not carried; while all are carried, nothing is one.
Of several in one step it is the one that explains the others: waiting for a row keeps threads busy, and a processor
without time makes threads scarce, but scarce threads make nothing else scarce. So the order of CAUSES decides, and
refusals at the gate come last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

CARRIED_MIN: Final = 0.95


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that can run out. `bound`: at which measure it has; `shown`: what the measure is, for people."""

    name: str
    bound: float
    shown: str


CAUSES: Final = (
    Cause("load generator", 0.90, "of a core taken by this command itself: more cannot be sent from here"),
    Cause("neighbours", 0.30, "of the machine's cores were taken by processes that are not of this run"),
    Cause("rate limits", 0.01, "of what came was refused by a limit per buyer, SKU or application"),
    Cause("row locks", 0.25, "of the web's threads waited for a row that another transaction held"),
    Cause("connections", 0.90, "of the connections that the database takes were open"),
    Cause("log and disk", 0.25, "of the machine's time nobody could go on before the disk had written"),
    Cause("database processor", 0.85, "of the machine's cores taken by the database"),
    Cause("Redis", 0.85, "of a core taken by Redis, which uses one"),
    Cause("web processor", 0.85, "of the cores that the web processes can use, one each"),
    Cause("machine", 0.95, "of the machine's cores were busy"),
    Cause("threads", 0.01, "of what came was refused at the gate: no thread was free"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the load. Rates are per second, times in seconds; `use` is what was measured, by name of the cause.

    done, shed, limited, unanswered, unsent, wrong: acts, by how they ended. unsent: too many were under way already.
    """

    seconds: float
    came: int
    done: int
    shed: int = 0
    limited: int = 0
    unanswered: int = 0
    unsent: int = 0
    wrong: Mapping[str, int] = field(default_factory=dict)
    p50_s: float = 0.0
    p99_s: float = 0.0
    use: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    contended: str = ""

    @property
    def offered(self) -> float:
        return self.came / self.seconds

    @property
    def goodput(self) -> float:
        return self.done / self.seconds

    def is_carried(self, *, p99_max_s: float) -> bool:
        return self.done >= CARRIED_MIN * self.came and self.p99_s <= p99_max_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """knee: the number of the step, from 0; None where even the first was not carried. is_reached: whether any step
    was not carried. bottleneck: the name of its cause; empty where nothing that is measured was used up.
    """

    knee: int | None
    reason: str
    is_reached: bool = False
    bottleneck: str = ""


def judge(steps: Sequence[Step], *, p99_max_s: float) -> Verdict:
    """See Note [The knee] and Note [What gave way first]."""
    broken = next((number for number, step in enumerate(steps) if not step.is_carried(p99_max_s=p99_max_s)), None)
    if broken is None:
        return Verdict(knee=len(steps) - 1 if steps else None, reason=_nearest(steps[-1] if steps else None))
    knee, found = broken - 1 if broken else None, _first_used_up(steps[: broken + 1])
    if found is None:
        return Verdict(knee=knee, is_reached=True, reason=_nearest(steps[broken]))
    number, cause = found
    return Verdict(knee=knee, is_reached=True, bottleneck=cause.name, reason=_reason(steps[number], number, cause))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank). Of nothing: 0."""
    if not values:
        return 0.0
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


def shares(*, came: int, shed: int, limited: int) -> dict[str, float]:
    """What refusals say of threads and limits."""
    return {"threads": shed / came, "rate limits": limited / came} if came else {}


def _first_used_up(steps: Sequence[Step]) -> tuple[int, Cause] | None:
    for number, step in enumerate(steps):
        for cause in CAUSES:
            if step.use.get(cause.name, 0.0) >= cause.bound:
                return number, cause
    return None


def _reason(step: Step, number: int, cause: Cause) -> str:
    words = f"at step {number + 1} ({step.offered:.0f}/s) {step.use[cause.name]:.0%} {cause.shown}"
    return f"{words}; most of it in {step.contended}" if cause.name == "row locks" and step.contended else words


def _nearest(step: Step | None) -> str:
    """What was nearest to its bound, where nothing was at it."""
    if step is None or not step.use:
        return "nothing could be measured here"
    cause = max(CAUSES, key=lambda each: step.use.get(each.name, 0.0) / each.bound)
    return f"nothing that is measured was used up; nearest to it: {step.use.get(cause.name, 0.0):.0%} {cause.shown}"
