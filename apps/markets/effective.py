"""Rules with the day from which they hold: which one is in force."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """Whatever begins on a day and holds until the next one of its kind begins."""

    @property
    def valid_from(self) -> date: ...


RuleT = TypeVar("RuleT", bound=Dated)


def in_force(rules: Sequence[RuleT], on: date) -> RuleT | None:
    """The last of the rules that has begun on that day, None before the first. `rules` are sorted by their start."""
    index = bisect_right(rules, on, key=lambda rule: rule.valid_from)
    return rules[index - 1] if index else None
