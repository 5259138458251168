"""Who is told what of a case, and until when it is theirs."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.integrations.letters import write_letters
from apps.orders import api as orders
from apps.sellers.api import get_shop
from tests.factories.accounts import UserFactory
from tests.factories.aftersales import (
    approve,
    ask,
    ask_refund,
    ask_replacement,
    escalate,
    make_delivered_order,
    offer,
    open_case,
    refuse_return,
    reject,
    see,
    send_back,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY
from tradecore.models import OutboxEvent
from tradecore.outbox import DeliveredEvent

pytestmark = pytest.mark.django_db


def letters(kind: str) -> list[tuple[str, str]]:
    """To whom, and what, of the latest event of the kind."""
    row = OutboxEvent.objects.filter(kind=kind).latest("id")
    names = ("id", "kind", "aggregate", "aggregate_id", "sequence", "shop_id", "payload", "occurred_at")
    event = DeliveredEvent(**{name: getattr(row, name) for name in names})
    return [(letter.to, letter.body) for letter in write_letters(event)]


def seller_of(case: aftersales.CaseView) -> str:
    return get_shop(shop_id=case.shop_id).contact_email


class TestLetters:
    def test_tell_the_seller_what_is_asked_for_and_until_when(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        text = (
            "Return and refund: no longer wanted. Until 13 March 2026, 14:00 (Europe/London) you can approve, reject, "
            "or make an offer; else it is approved."
        )
        assert letters("aftersales.case_opened") == [(seller_of(case), text)]

    def test_tell_the_buyer_that_money_goes_back(self, floor: ShopFloor) -> None:
        approve(open_case(ask_refund(make_delivered_order(floor, 2), 1)))
        assert letters("aftersales.case_moved") == [
            ("g@example.com", "The seller agrees to what you have asked for. 10.00 GBP goes back to you.")
        ]

    def test_tell_the_buyer_what_is_offered(self, floor: ShopFloor) -> None:
        offer(open_case(ask(make_delivered_order(floor))))
        ((to, text),) = letters("aftersales.case_moved")
        assert to == "g@example.com"
        assert text.startswith("The seller offers you 1.00 GBP, and you keep the goods. Until 13 March 2026")

    @pytest.mark.parametrize(
        ("way", "whom", "text"),
        [
            ((approve,), "buyer", "send the goods back"),
            ((reject,), "buyer", "ask the marketplace to decide"),
            ((approve, send_back), "seller", "look at what comes back"),
            ((approve, send_back, refuse_return), "buyer", "does not accept"),
            ((reject, escalate), "seller", "asked the marketplace"),
        ],
    )
    def test_tell_the_other_side_of_each_step(
        self, floor: ShopFloor, way: tuple[Callable[[Any], Any], ...], whom: str, text: str
    ) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        for act in way:
            case = act(case)
        ((to, body),) = letters("aftersales.case_moved")
        assert to == ("g@example.com" if whom == "buyer" else seller_of(case))
        assert text in body

    def test_tell_the_buyer_that_other_goods_come(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_replacement(make_delivered_order(floor))), buyer_keeps_goods=True)
        aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="1", now=READY)
        ((_, text),) = letters("aftersales.case_moved")
        assert "whether it has come" in text

    def test_tell_the_seller_that_it_is_taken_back(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY)
        assert letters("aftersales.case_closed") == [(seller_of(case), "The buyer has taken the case back.")]

    def test_tell_administrators_of_money_that_does_not_arrive(self, floor: ShopFloor) -> None:
        admin = UserFactory.create(is_staff=True, is_superuser=True)
        case = approve(open_case(ask_refund(make_delivered_order(floor, 2), 1)))
        assert case.next_action.due_at is not None
        aftersales.act_by_default(case.id, case.next_action.due_at)
        ((to, text),) = letters("aftersales.payment_overdue")
        assert to == admin.email
        assert "has not succeeded" in text

    def test_say_nothing_of_the_units_beside_the_case(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        approve(open_case(ask_refund(order, 1)))
        assert orders.list_units_gone(order_id=order.id)
        assert letters("orders.units_left") == []
        assert see(aftersales.list_cases(limit=1)[0].id).refund is not None
