"""Whatever is done to a case, in whatever order, it says who acts next, until when, and what happens otherwise."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.aftersales import api as aftersales
from apps.aftersales.api import Act, Actor, CaseState, CaseView, Verdict
from apps.aftersales.duties import DUTIES, WAITED_FOR
from apps.aftersales.states import CASE
from apps.orders import api as orders
from tests.aftersales.test_decisions import gbp
from tests.books import assert_books_agree
from tests.factories.aftersales import (
    approve,
    ask,
    ask_refund,
    ask_replacement,
    decide,
    escalate,
    make_delivered_order,
    offer,
    open_case,
    receive,
    refuse_return,
    reject,
    see,
    send_back,
    ship_replacement,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY
from tradecore.errors import Refusal
from tradecore.models import OutboxEvent, Timer


def accept_offer(case: CaseView) -> Any:
    return aftersales.accept_offer(case_id=case.id, version=None, now=READY)


def refuse_offer(case: CaseView) -> Any:
    return aftersales.refuse_offer(case_id=case.id, comment="", now=READY)


def withdraw(case: CaseView) -> Any:
    return aftersales.withdraw_case(case_id=case.id, comment="", now=READY)


def confirm(case: CaseView) -> Any:
    return aftersales.confirm_replacement(case_id=case.id, now=READY)


def refund_instead(case: CaseView) -> Any:
    return aftersales.refund_instead(case_id=case.id, comment="", now=READY)


def wait(case: CaseView) -> Any:
    return aftersales.act_by_default(case.id, see(case.id).next_action.due_at or READY)


ACTS: dict[str, Callable[[CaseView], Any]] = {
    "approve": approve,
    "approve, goods kept": partial(approve, buyer_keeps_goods=True),
    "reject": reject,
    "offer": offer,
    "accept offer": accept_offer,
    "refuse offer": refuse_offer,
    "send back": send_back,
    "receive": receive,
    "refuse return": refuse_return,
    "escalate": escalate,
    "for the buyer": partial(decide, verdict=Verdict.SUPPORT_BUYER, platform_pays=True),
    "for the seller": partial(decide, verdict=Verdict.SUPPORT_SELLER),
    "ship replacement": ship_replacement,
    "confirm": confirm,
    "refund instead": refund_instead,
    "withdraw": withdraw,
    "wait": wait,
}


class TestTheTables:
    def test_say_for_every_state_what_it_waits_for(self) -> None:
        assert {state.value for state in WAITED_FOR} == set(CASE.states)
        for state, acts in WAITED_FOR.items():
            assert bool(acts) == (state not in CASE.terminal)

    def test_say_for_every_act_who_owes_it(self) -> None:
        assert DUTIES.keys() == set(Act)
        assert {act for acts in WAITED_FOR.values() for act in acts} == set(Act)

    def test_are_the_diagram(self) -> None:
        """That of the domain; beside it a replacement that is not right, and a parcel that is never counted in."""
        beside = {("SUCCESS", "IN_ARBITRATION"), ("BUYER_SHIPPED_ITEM", "CANCELLED")}
        edges = {(before, after) for before, afters in CASE.edges.items() for after in afters}
        assert {(str(before), str(after)) for before, after in edges} - beside == {
            ("REQUEST_PENDING", "AWAITING_BUYER_SHIP"),
            ("REQUEST_PENDING", "AWAITING_BUYER_RESPONSE"),
            ("REQUEST_PENDING", "SUCCESS"),
            ("REQUEST_PENDING", "REJECTED"),
            ("REQUEST_PENDING", "CANCELLED"),
            ("AWAITING_BUYER_RESPONSE", "SUCCESS"),
            ("AWAITING_BUYER_RESPONSE", "REQUEST_PENDING"),
            ("AWAITING_BUYER_RESPONSE", "CANCELLED"),
            ("AWAITING_BUYER_SHIP", "BUYER_SHIPPED_ITEM"),
            ("AWAITING_BUYER_SHIP", "CANCELLED"),
            ("BUYER_SHIPPED_ITEM", "SUCCESS"),
            ("BUYER_SHIPPED_ITEM", "RECEIVE_REJECTED"),
            ("REJECTED", "IN_ARBITRATION"),
            ("REJECTED", "CANCELLED"),
            ("RECEIVE_REJECTED", "IN_ARBITRATION"),
            ("RECEIVE_REJECTED", "CANCELLED"),
            ("IN_ARBITRATION", "AWAITING_BUYER_SHIP"),
            ("IN_ARBITRATION", "SUCCESS"),
            ("IN_ARBITRATION", "CANCELLED"),
            ("SUCCESS", "COMPLETE"),
        }


@pytest.mark.django_db
class TestAnyWalk:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        request_for=st.sampled_from([ask, ask_refund, ask_replacement]),
        names=st.lists(st.sampled_from(sorted(ACTS)), min_size=3, max_size=14),
    )
    def test_always_says_who_acts_next(
        self, floor: ShopFloor, request_for: Callable[..., aftersales.CaseRequest], names: Sequence[str]
    ) -> None:
        order = make_delivered_order(floor, 2)
        case = open_case(request_for(order, 1))
        for name in names:
            before = see(case.id)
            try:
                ACTS[name](before)
            except Refusal:
                assert see(case.id) == before
            assert_is_sound(see(case.id))
        assert_books_agree()


def assert_is_sound(case: CaseView) -> None:
    next_action = case.next_action
    timer = Timer.objects.filter(kind="case_due", subject=case.id).first()
    if case.state in CASE.terminal:
        assert (next_action.actor, next_action.action, next_action.due_at) == (Actor.NOBODY, None, None)
        assert timer is None
    else:
        assert next_action.action in WAITED_FOR[case.state]
        duty = DUTIES[next_action.action]
        assert (next_action.actor, next_action.default) == (duty.actor, duty.default)
        assert timer is not None
        assert timer.due_at == next_action.due_at
    assert ("case" in orders.get_order(order_id=case.order_id).holds) == case.is_open
    assert case.refund in (None, gbp(100), gbp(1000))
    if case.state is CaseState.CANCELLED:
        assert case.refund is None
    sequences = OutboxEvent.objects.filter(aggregate="case", aggregate_id=case.id).values_list("sequence", flat=True)
    assert sorted(sequences) == list(range(1, case.version + 1))
    assert case.steps[-1].state is case.state
