"""Transition tables."""

import pytest

from tradecore.states import IllegalTransition, TransitionTable

TABLE = TransitionTable("thing", "A", {"A": frozenset({"B", "C"}), "B": frozenset({"C"}), "C": frozenset()})


def test_allows_its_edges_only() -> None:
    TABLE.check("A", "B")
    with pytest.raises(IllegalTransition):
        TABLE.check("B", "A")


def test_knows_its_terminal_states() -> None:
    assert TABLE.terminal == {"C"}
    with pytest.raises(IllegalTransition):
        TABLE.check("C", "A")
