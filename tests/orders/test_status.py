"""The derived status: total, and never off the table of states."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.states import ORDER
from apps.orders.status import OrderFacts, derive_status
from tests.factories.orders import make_facts

UNITS_MAX = 4


@st.composite
def facts_that_the_tables_allow(draw: st.DrawFn) -> OrderFacts:
    """Any counters that the constraints of `orders_line` let in, with any moments."""
    ordered = draw(st.integers(1, 50))
    cancelled = draw(st.integers(0, ordered))
    arranged = draw(st.integers(0, ordered - cancelled))
    collected = draw(st.integers(0, arranged))
    delivered = draw(st.integers(0, collected))
    return OrderFacts(
        is_paid=draw(st.booleans()),
        is_held=draw(st.booleans()),
        is_completed=draw(st.booleans()),
        ordered=ordered,
        cancelled=cancelled,
        arranged=arranged,
        collected=collected,
        delivered=delivered,
        lost=draw(st.integers(0, collected - delivered)),
    )


def next_facts(facts: OrderFacts) -> Iterator[OrderFacts]:
    """All that may become true next, as the services of orders let it."""
    status = derive_status(facts)
    open_units = facts.ordered - facts.cancelled - facts.arranged
    if status == "UNPAID":
        yield replace(facts, is_paid=True)
        yield replace(facts, is_paid=True, is_held=True)
        yield replace(facts, cancelled=facts.ordered)
        return
    if status == "ON_HOLD":
        yield replace(facts, is_held=False)
    if status == "DELIVERED":
        yield replace(facts, is_completed=True)
    if status in {"ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"}:
        yield from (replace(facts, cancelled=facts.cancelled + count) for count in range(1, open_units + 1))
    if status in {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"}:
        yield from (replace(facts, arranged=facts.arranged + count) for count in range(1, open_units + 1))
    for count in range(1, facts.arranged - facts.collected + 1):
        yield replace(facts, arranged=facts.arranged - count)
        yield replace(facts, collected=facts.collected + count)
    for count in range(1, facts.collected - facts.delivered - facts.lost + 1):
        yield replace(facts, delivered=facts.delivered + count)
        yield replace(facts, lost=facts.lost + count)


def reachable_edges() -> set[tuple[str, str]]:
    """Every change of status that some order of a few units can go through."""
    edges: set[tuple[str, str]] = set()
    seen: set[OrderFacts] = set()
    waiting = [make_facts(is_paid=False, ordered=count) for count in range(1, UNITS_MAX + 1)]
    while waiting:
        facts = waiting.pop()
        for after in next_facts(facts):
            edges.add((derive_status(facts), derive_status(after)))
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return {(before, after) for before, after in edges if before != after}


class TestDeriveStatus:
    @given(facts=facts_that_the_tables_allow())
    def test_has_an_answer_for_all_that_the_tables_allow(self, facts: OrderFacts) -> None:
        assert derive_status(facts) in ORDER.states

    @given(facts=facts_that_the_tables_allow())
    def test_is_cancelled_when_and_only_when_no_unit_is_left(self, facts: OrderFacts) -> None:
        is_dead = facts.cancelled + facts.lost == facts.ordered
        assert (derive_status(facts) == "CANCELLED") is (is_dead and not facts.is_completed)

    @pytest.mark.parametrize(
        ("facts", "status"),
        [
            (make_facts(is_paid=False), "UNPAID"),
            (make_facts(is_held=True), "ON_HOLD"),
            (make_facts(), "AWAITING_SHIPMENT"),
            (make_facts(ordered=3, arranged=1), "PARTIALLY_SHIPPING"),
            (make_facts(ordered=3, arranged=1, collected=1), "PARTIALLY_SHIPPING"),
            (make_facts(ordered=3, arranged=1, cancelled=2), "AWAITING_COLLECTION"),
            (make_facts(ordered=3, arranged=3, collected=2, delivered=2), "AWAITING_COLLECTION"),
            (make_facts(ordered=3, arranged=3, collected=3, delivered=2), "IN_TRANSIT"),
            (make_facts(ordered=3, arranged=2, collected=2, delivered=1, cancelled=1, lost=1), "DELIVERED"),
            (make_facts(ordered=3, arranged=2, collected=2, cancelled=1, lost=2), "CANCELLED"),
            (make_facts(arranged=1, collected=1, delivered=1, is_completed=True), "COMPLETED"),
            (make_facts(is_paid=False, cancelled=1), "CANCELLED"),
        ],
    )
    def test_follows_from_the_facts(self, facts: OrderFacts, status: str) -> None:
        assert derive_status(facts) == status


class TestTableOfStates:
    def test_has_every_edge_that_an_order_can_take(self) -> None:
        unknown = {edge for edge in reachable_edges() if not ORDER.allows(*edge)}
        assert unknown == set()

    def test_ends_in_completed_or_cancelled(self) -> None:
        assert ORDER.terminal == {"COMPLETED", "CANCELLED"}
