"""Nobody acts: what happens by default, at the second at which it is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import Act, CaseState, CaseView, Default
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.payments.models import Refund
from config.subscriptions import TIMERS
from tests.aftersales.test_decisions import gbp, take_all
from tests.books import assert_books_agree
from tests.factories.aftersales import (
    DAY,
    approve,
    approve_keeping,
    ask,
    ask_refund,
    ask_replacement,
    escalate,
    make_delivered_order,
    offer,
    open_case,
    receive,
    refuse_return,
    reject,
    relay,
    see,
    send_back,
    ship_replacement,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.support import in_use_case
from tradecore import timers
from tradecore.models import AuditEntry, OutboxEvent, Timer

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def due_at(case: CaseView) -> datetime:
    """When its time is over; its timer says the same."""
    assert case.next_action.due_at is not None
    assert Timer.objects.get(kind="case_due", subject=case.id).due_at == case.next_action.due_at
    return case.next_action.due_at


#: Request, what was done with it, what the default is, and where the case stands after it: state, and money.
SILENCES: list[Any] = [
    (ask_refund, (), Default.APPROVE, CaseState.SUCCESS, 1000),
    (ask, (), Default.APPROVE, CaseState.AWAITING_BUYER_SHIP, None),
    (ask_replacement, (), Default.APPROVE, CaseState.AWAITING_BUYER_SHIP, None),
    (ask, (offer,), Default.REFUSE_OFFER, CaseState.REQUEST_PENDING, None),
    (ask, (approve,), Default.CLOSE, CaseState.CANCELLED, None),
    (ask, (approve, send_back), Default.ACCEPT_RETURN, CaseState.SUCCESS, 1000),
    (ask_replacement, (approve, send_back), Default.ACCEPT_RETURN, CaseState.SUCCESS, None),
    (ask, (reject,), Default.CLOSE, CaseState.CANCELLED, None),
    (ask, (approve, send_back, refuse_return), Default.CLOSE, CaseState.CANCELLED, None),
    (ask_refund, (reject, escalate), Default.SUPPORT_BUYER, CaseState.SUCCESS, 1000),
    (ask, (reject, escalate), Default.SUPPORT_BUYER, CaseState.AWAITING_BUYER_SHIP, None),
    (ask, (approve, send_back, refuse_return, escalate), Default.SUPPORT_BUYER, CaseState.SUCCESS, 1000),
    (ask_replacement, (approve_keeping,), Default.REFUND, CaseState.SUCCESS, 1000),
    (ask_replacement, (approve, send_back, receive), Default.REFUND, CaseState.SUCCESS, 1000),
    (ask_replacement, (approve_keeping, ship_replacement), Default.COMPLETE, CaseState.COMPLETE, None),
]


class TestSilence:
    @pytest.mark.parametrize(("request_for", "way", "default", "state", "paid"), SILENCES)
    def test_does_what_the_case_says(
        self,
        floor: ShopFloor,
        request_for: Callable[..., aftersales.CaseRequest],
        way: Any,
        default: Default,
        state: CaseState,
        paid: int | None,
    ) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(request_for(order, 1))
        for act in way:
            case = act(case)
        assert case.next_action.default is default
        due, stock = due_at(case), numbers_of(order.lines[0].sku_id)
        let_time_pass(due - SECOND)
        assert see(case.id).version == case.version
        aftersales.act_by_default(case.id, due)
        after = see(case.id)
        assert (after.state, after.refund) == (state, None if paid is None else gbp(paid))
        assert after.steps[-1].actor == "system"
        if default is Default.ACCEPT_RETURN:
            assert numbers_of(order.lines[0].sku_id) == stock  # nobody has looked at it
        assert_books_agree()

    def test_fires_the_timer_of_the_case(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2)))
        let_time_pass(due_at(case))
        assert see(case.id).state is CaseState.SUCCESS

    def test_is_over_when_the_case_is(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY)
        assert not Timer.objects.filter(kind="case_due").exists()

    def test_counts_nothing_in_of_a_refused_parcel(self, floor: ShopFloor) -> None:
        from_door = open_refused_parcel(floor)
        stock = numbers_of(from_door.lines[0].sku_id)
        assert from_door.next_action.due_at is not None
        aftersales.act_by_default(from_door.id, from_door.next_action.due_at)
        assert see(from_door.id).state is CaseState.CANCELLED
        assert numbers_of(from_door.lines[0].sku_id) == stock

    def test_of_the_platform_is_the_platforms_cost(self, floor: ShopFloor) -> None:
        case = escalate(reject(open_case(ask_refund(make_delivered_order(floor, 2)))))
        aftersales.act_by_default(case.id, due_at(case))
        case = see(case.id)
        assert (case.verdict, case.platform_pays) == (aftersales.Verdict.SUPPORT_BUYER, True)
        assert OutboxEvent.objects.filter(kind="aftersales.platform_compensation_due").count() == 1
        assert not AuditEntry.objects.filter(subject=f"case:{case.id}").exists()

    def test_refunds_a_replacement_that_cannot_be_had(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        case = open_case(ask_replacement(order, 1))
        take_all(floor, order.lines[0].sku_id)
        let_time_pass(due_at(case))
        case = see(case.id)
        assert (case.state, case.refund) == (CaseState.SUCCESS, gbp(1000))
        assert Timer.objects.get(kind="case_due", subject=case.id).fired_at is None  # it waits for the money

    def test_raises_an_alarm_for_money_that_does_not_arrive(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_refund(make_delivered_order(floor, 2))))
        for count in (1, 2):
            case = see(case.id)
            assert (case.next_action.action, case.next_action.default) == (Act.SEND_MONEY, Default.ALARM)
            aftersales.act_by_default(case.id, due_at(case))
            assert OutboxEvent.objects.filter(kind="aftersales.payment_overdue").count() == count
        assert Refund.objects.count() == 1

    def test_waits_while_a_bank_decides_and_goes_on_after(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        case = open_case(ask_refund(order, 1))
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="dispute", owner_ref=1, now=READY))
        let_time_pass(due_at(case) + DAY)
        assert see(case.id).version == case.version
        assert Timer.objects.get(kind="case_due", subject=case.id).fired_at is not None
        in_use_case(lambda: orders.release_hold(order_id=order.id, kind="dispute", owner_ref=1, now=READY))
        relay()
        let_time_pass(due_at(case) + DAY)
        assert see(case.id).refund == gbp(1000)
        assert_books_agree()

    def test_that_was_broken_while_it_struck_is_none(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        due = due_at(case)
        claimed = timers._claim(kinds=TIMERS, now=due, clock_name="real", limit=10)
        (timer,) = (timer for timer in claimed if timer.kind == "case_due")
        reject(case, now=due)
        assert not timers._fire(timer, aftersales.act_by_default, now=due)
        assert see(case.id).state is CaseState.REJECTED

    def test_acts_once_however_often_it_strikes(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2)))
        due = due_at(case)
        for _ in range(3):
            aftersales.act_by_default(case.id, due)
        assert Refund.objects.count() == 1


def open_refused_parcel(floor: ShopFloor) -> CaseView:
    track(ship(make_ready_order(floor)), TrackingStatus.REFUSED)
    relay()
    (summary,) = aftersales.list_cases(limit=1)
    return see(summary.id)
