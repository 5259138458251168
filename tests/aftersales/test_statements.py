"""Statements are counted: what a refund costs the database is part of the design."""

import pytest

from apps.aftersales import api as aftersales
from tests.checkout.test_statements import Counted
from tests.factories.aftersales import (
    approve,
    ask,
    ask_refund,
    make_delivered_order,
    open_case,
    receive,
    see,
    send_back,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY

pytestmark = pytest.mark.django_db


def count(act: object) -> tuple[int, str]:
    assert callable(act)
    with Counted() as counted:
        act()
    return counted.count, str(counted)


class TestACase:
    def test_is_opened_with_twenty(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        number, text = count(lambda: aftersales.open_case(request=ask_refund(order, 1), now=READY))
        assert number == 20, text

    def test_is_approved_and_paid_with_thirty_four(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2), 1))
        number, text = count(
            lambda: aftersales.approve_case(
                case_id=case.id, version=None, buyer_keeps_goods=False, comment="", now=READY
            )
        )
        assert number == 34, text

    def test_costs_no_more_for_more_units(self, floor: ShopFloor) -> None:
        counts = []
        for units in (1, 50):
            order = make_delivered_order(floor, 51)
            case = send_back(approve(open_case(ask(order, units))))
            counts.append(count(lambda case=case: receive(case))[0])
        assert counts[0] == counts[1]

    def test_is_read_with_four(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2), 1))
        assert count(lambda: see(case.id))[0] == 4

    def test_is_listed_with_one_however_many(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        for _ in range(3):
            open_case(ask(order, 1))
        with Counted() as counted:
            assert len(aftersales.list_cases(limit=10, buyer_ref=order.buyer_ref)) == 3
        assert counted.count == 1
