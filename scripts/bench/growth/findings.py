"""What came of it: ratios with what they may be at most, the table, and the document."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.checks import Check
from bench.figures import ratio
from bench.rounds import Contest, Round


@dataclass(frozen=True)
class Ratio:
    """A figure of one thing with little and with much of something; what their ratio may be at most, if anything."""

    what: str
    figure: str
    little: float
    much: float
    at_most: float | None = None

    @property
    def times(self) -> float | None:
        return ratio(self.much, self.little)


def compare_costs(little: Contest, much: Contest, *, what: str, at_most: float | None) -> list[Ratio]:
    """The costs of the same thing twice: CPU of web and database together, the median latency, statements."""
    return [Ratio(what, name, _middle(little, name), _middle(much, name), at_most) for name in _COSTS]


def _cpu_ms(played: Round) -> float:
    return played.web_ms + played.database_ms


def _p50_ms(played: Round) -> float:
    return played.p50_ms


def _statements(played: Round) -> float:
    return sum(played.statements.values())


_COSTS: Final = {"CPU ms": _cpu_ms, "p50 ms": _p50_ms, "statements": _statements}


def _middle(contest: Contest, name: str) -> float:
    figures = sorted(_COSTS[name](each) for each in contest.rounds)
    return figures[len(figures) // 2] if figures else 0.0


@dataclass(frozen=True)
class Findings:
    """All of a run. measured: what is no ratio, by part."""

    ratios: Sequence[Ratio]
    measured: Mapping[str, Mapping[str, Any]]
    contests: Mapping[str, Contest]
    checks: Sequence[Check]

    def document(self, about: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "about": dict(about),
            "holds": all(check.holds for check in self.checks),
            "checks": [asdict(check) for check in self.checks],
            "ratios": [asdict(each) | {"times": each.times} for each in self.ratios],
            **{part: dict(figures) for part, figures in self.measured.items()},
            "rounds": {name: [asdict(each) for each in contest.rounds] for name, contest in self.contests.items()},
        }

    def lines(self) -> list[str]:
        """What people read."""
        heading = f"{'':<32}{'figure':<12}{'little':>12}{'much':>12}{'times':>8}{'at most':>9}"
        return [
            heading,
            *(_line(each) for each in self.ratios),
            "",
            *(f"{part}: {name} {_text(value)}" for part, each in self.measured.items() for name, value in each.items()),
            *self._faults(),
            *(f"{'holds' if check.holds else 'BROKEN':<7} {check.text}" for check in self.checks),
        ]

    def _faults(self) -> list[str]:
        """Each kind of error, in a line."""
        return [
            f"{name}: {number} times {what}"
            for name, contest in self.contests.items()
            for each in contest.rounds
            for what, number in each.errors.items()
        ]


def gather(parts: Sequence[Findings]) -> Findings:
    """The findings of all parts as one."""
    return Findings(
        ratios=[each for part in parts for each in part.ratios],
        measured={name: figures for part in parts for name, figures in part.measured.items()},
        contests={name: contest for part in parts for name, contest in part.contests.items()},
        checks=[check for part in parts for check in part.checks],
    )


def _line(each: Ratio) -> str:
    times = "-" if each.times is None else f"{each.times:.2f}"
    at_most = "" if each.at_most is None else f"{each.at_most:.1f}"
    return f"{each.what:<32}{each.figure:<12}{each.little:>12.2f}{each.much:>12.2f}{times:>8}{at_most:>9}"


def _text(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
