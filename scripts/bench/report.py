"""The table that people read, and the document that programs read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from bench.checks import Check
from bench.counters import Memory
from bench.figures import middle, ratio
from bench.place import HTTP_FLOOR, SQL_FLOOR
from bench.rounds import Contest

FIGURES: Final = ("rate", "p50_ms", "p99_ms", "web_ms", "database_ms", "buyers_ms", "others_cores")
STATEMENTS: Final = ("select", "insert", "update", "delete", "commit", "rollback", "other")

#: Heading -> how wide it is.
_COLUMNS: Final = {
    "": 11,
    "per second": 11,
    "p50 ms": 8,
    "p99 ms": 8,
    "errors": 7,
    "CPU ms web": 11,
    "database": 9,
    "SELECT": 7,
    "INSERT": 7,
    "UPDATE": 7,
    "DELETE": 7,
    "commits": 8,
    "x HTTP floor": 13,
    "x SQL floor": 12,
}


def document(
    contests: Sequence[Contest], checks: Sequence[Check], memory: Sequence[Memory], *, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that was measured. Ratios are the medians of those of each round with the floors of the same round."""
    floors = {contest.name: contest for contest in contests if contest.name in (HTTP_FLOOR, SQL_FLOOR)}
    return {
        "about": dict(about),
        "holds": all(check.holds for check in checks),
        "checks": [asdict(check) for check in checks],
        "workers": [asdict(worker) for worker in memory],
        "scenarios": {contest.name: _scenario(contest, floors) for contest in contests},
    }


def _scenario(contest: Contest, floors: Mapping[str, Contest]) -> dict[str, Any]:
    return {
        **{figure: contest.middle(figure) for figure in FIGURES},
        "errors": dict(sum((Counter(each.errors) for each in contest.rounds), Counter[str]())),
        "statements": {kind: middle([each.statements[kind] for each in contest.rounds]) for kind in STATEMENTS},
        "of_floors": {name: _ratio(contest, floor) for name, floor in floors.items()},
        "rounds": [asdict(each) for each in contest.rounds],
    }


def _ratio(contest: Contest, floor: Contest) -> float | None:
    ratios = [ratio(mine.rate, its.rate) for mine, its in zip(contest.rounds, floor.rounds, strict=True)]
    known = [each for each in ratios if each is not None]
    return middle(known) if known else None


def table(measured: Mapping[str, Any]) -> str:
    """The document in lines of equal columns."""
    heading = "".join(name.rjust(width) for name, width in _COLUMNS.items())
    return "\n".join([heading, *(_line(name, each) for name, each in measured["scenarios"].items())])


def _line(name: str, scenario: Mapping[str, Any]) -> str:
    statements = scenario["statements"]
    cells = (
        f"{scenario['rate']:.1f}",
        f"{scenario['p50_ms']:.1f}",
        f"{scenario['p99_ms']:.1f}",
        f"{sum(scenario['errors'].values())}",
        f"{scenario['web_ms']:.2f}",
        f"{scenario['database_ms']:.2f}",
        *(f"{statements[kind]:.1f}" for kind in ("select", "insert", "update", "delete", "commit")),
        *(_times(scenario["of_floors"].get(floor)) for floor in (HTTP_FLOOR, SQL_FLOOR)),
    )
    widths = list(_COLUMNS.values())
    return name.ljust(widths[0]) + "".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def faults(measured: Mapping[str, Any]) -> list[str]:
    """Each kind of error, in a line."""
    return [
        f"{name}: {number} times {what}"
        for name, scenario in measured["scenarios"].items()
        for what, number in scenario["errors"].items()
    ]


def memory_line(measured: Mapping[str, Any]) -> str:
    """What the web's workers had in memory at the end of the rounds."""
    sizes = ", ".join(
        f"{worker['resident_mb']:.0f} MB ({worker['proportional_mb']:.0f} without what is shared)"
        for worker in measured["workers"]
    )
    return f"each worker of the web has in memory: {sizes}"


def disturbance(measured: Mapping[str, Any]) -> str:
    """Whether anybody else was at work on the machine: then rates and times are theirs as well."""
    most = max(each["others_cores"] for scenario in measured["scenarios"].values() for each in scenario["rounds"])
    return f"others kept up to {most:.2f} of {measured['about']['cores']} cores busy in a round"
