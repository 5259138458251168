"""Operators give money back: a part at once, everything when a second person agrees."""

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import Actor, CaseState, OrderRefund, RefundsAsked
from apps.orders import api as orders
from apps.payments.models import Refund
from tests.aftersales.support import refuses
from tests.books import assert_books_agree
from tests.factories.aftersales import (
    approve as approve_case,
)
from tests.factories.aftersales import (
    ask,
    ask_refund,
    make_delivered_order,
    open_case,
    see,
)
from tests.factories.approvals import give_approval, status_of
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order
from tests.factories.orders import units_of
from tests.support import in_use_case
from tradecore.approvals import SamePerson
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def refund(*refunds: OrderRefund, reason: str = "platforms_mistake") -> RefundsAsked:
    return aftersales.refund_by_operator(refunds=refunds, reason=reason, comment="Sorry.", actor="user:1", now=READY)


def all_of(order: orders.OrderView) -> OrderRefund:
    return OrderRefund(order_id=order.id, units=None)


class TestAPart:
    def test_goes_back_at_once(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        asked = refund(OrderRefund(order_id=order.id, units=tuple(units_of(order, 1))))
        assert asked.case_id is not None
        case = see(asked.case_id)
        assert (case.state, case.initiator) == (CaseState.SUCCESS, Actor.OPERATOR)
        assert Refund.objects.get().amount_minor == 1000
        assert AuditEntry.objects.get(subject=f"order:{order.id}").action == "order.refunded"
        assert_books_agree()

    def test_of_a_completed_order_goes_back_as_well(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        in_use_case(lambda: orders.complete_order(order_id=order.id, initiator="buyer", reason="receipt", now=READY))
        refund(OrderRefund(order_id=order.id, units=tuple(units_of(order, 1))))
        assert Refund.objects.get().amount_minor == 1000


class TestEverything:
    def test_waits_for_a_second_person(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        asked = refund(all_of(order))
        assert (asked.case_id, len(asked.awaiting)) == (None, 1)
        assert not Refund.objects.exists()
        give_approval(asked.awaiting[0], now=READY)
        assert Refund.objects.get().amount_minor == 2399
        assert orders.get_order(order_id=order.id).status == "COMPLETED"
        assert_books_agree()

    def test_is_not_approved_by_who_has_asked(self, floor: ShopFloor) -> None:
        (waits,) = refund(all_of(make_delivered_order(floor))).awaiting
        with refuses(SamePerson):
            give_approval(waits, actor="user:1", now=READY)

    def test_is_asked_for_once(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        assert refund(all_of(order)).awaiting[0].approval_id == refund(all_of(order)).awaiting[0].approval_id

    def test_of_several_orders_is_as_many_requests(self, floor: ShopFloor) -> None:
        first, second = make_delivered_order(floor), make_delivered_order(floor, 2)
        part = OrderRefund(order_id=second.id, units=tuple(units_of(second, 1)))
        asked = refund(all_of(first), part)
        assert [status_of(waits) for waits in asked.awaiting] == ["PENDING", "PENDING"]
        for waits in asked.awaiting:
            give_approval(waits, now=READY)
        assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [1000, 1399]
        assert_books_agree()

    def test_is_not_done_when_it_became_more_meanwhile(self, floor: ShopFloor) -> None:
        first, order = make_delivered_order(floor), make_delivered_order(floor, 2)
        _, waits = refund(all_of(first), OrderRefund(order_id=order.id, units=tuple(units_of(order, 1)))).awaiting
        approve_case(open_case(ask_refund(order, 1)))
        with refuses(aftersales.RefundChanged):
            give_approval(waits, now=READY)

    def test_is_not_done_when_there_is_not_so_much_left(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        (waits,) = refund(all_of(order)).awaiting
        approve_case(open_case(ask_refund(order, 1)))
        with refuses(aftersales.UnitsNotEligible, available=1):
            give_approval(waits, now=READY)


class TestRefusals:
    def test_refuses_what_was_not_shipped(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        with refuses(aftersales.NotEligible, why="not_shipped"):
            refund(all_of(order))

    def test_refuses_a_buyers_reason(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        with refuses(aftersales.ReasonNotAllowed):
            refund(all_of(order), reason="defective")

    def test_refuses_where_nothing_is_left(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        open_case(ask(order))
        with refuses(aftersales.CaseInvalid, field="units"):
            refund(all_of(order))
