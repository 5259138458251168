"""States change by a table, and a table is all that `states.py` of an app holds."""

from collections.abc import Mapping
from dataclasses import dataclass


class IllegalTransition(AssertionError):
    """Code asked for an edge that the table does not have. Flows decide first; a client cannot cause this."""


@dataclass(frozen=True, slots=True)
class TransitionTable:
    """Which state may follow which. A state that nothing follows is terminal, and terminal states are sticky."""

    name: str
    initial: str
    edges: Mapping[str, frozenset[str]]

    def allows(self, before: str, after: str) -> bool:
        """Whether `after` may follow `before`. The same state again is not an edge: callers treat it as a no-op."""
        return after in self.edges.get(before, frozenset())

    def check(self, before: str, after: str) -> None:
        """Raise IllegalTransition unless `after` may follow `before`."""
        if not self.allows(before, after):
            raise IllegalTransition(f"{self.name}: {before} -> {after}")

    @property
    def states(self) -> list[str]:
        """All of them, sorted: what a CHECK constraint lists."""
        return sorted(set(self.edges).union(*self.edges.values(), {self.initial}))

    @property
    def terminal(self) -> frozenset[str]:
        """Those that nothing follows."""
        return frozenset(state for state in self.states if not self.edges.get(state))
