"""Charts over time for the pages of the back office: what their template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: The drawing's own units; the page stretches it to its place.
WIDTH: Final = 600
HEIGHT: Final = 120

#: The first numbers of a scale; it ends at one of them, times ten as often as need be.
_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: a value per moment, None where nothing is known; it is broken there. `tone` is its colour's number."""

    name: str
    values: tuple[float | None, ...]
    tone: int

    @property
    def latest(self) -> float | None:
        """The last value that is known."""
        return next((value for value in reversed(self.values) if value is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines over the same moments. `unit` is written behind every number."""

    title: str
    note: str
    unit: str
    lines: tuple[Line, ...]
    begin: datetime
    end: datetime

    @property
    def top(self) -> float:
        """Where the scale ends: a round number that no value is above."""
        highest = max((value for line in self.lines for value in line.values if value is not None), default=0.0)
        scale = 0.001
        while scale * 10 < highest:
            scale *= 10
        return next(scale * step for step in _ROUND if scale * step >= highest or step == _ROUND[-1])

    @property
    def is_known(self) -> bool:
        """Whether there is anything to draw."""
        return any(line.latest is not None for line in self.lines)

    @property
    def drawn(self) -> tuple[tuple[Line, tuple[str, ...]], ...]:
        """Each line with the points of its unbroken parts, as SVG takes them."""
        return tuple((line, tuple(self._part(part) for part in _parts(line.values))) for line in self.lines)

    def _part(self, part: Sequence[tuple[int, float]]) -> str:
        if len(part) == 1:  # a moment alone would not be seen
            (place, value) = part[0]
            part = [(place, value), (place + 1, value)] if place == 0 else [(place - 1, value), (place, value)]
        return " ".join(f"{self._x(place)},{self._y(value)}" for place, value in part)

    def _x(self, place: int) -> float:
        return round(WIDTH * place / max(len(self.lines[0].values) - 1, 1), 1)

    def _y(self, value: float) -> float:
        return round(HEIGHT - HEIGHT * value / self.top, 1)


def _parts(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """What is known, in unbroken parts, with its places."""
    parts: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is not None:
            parts[-1].append((place, value))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]
