"""Holds: how one flow stops another."""

import pytest

from apps.orders import api as orders
from apps.orders.models import OrderHold
from tests.factories.orders import arrange, cancel, make_paid_order, status_of
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


def place(order_id: int, *, kind: str = "risk", owner_ref: int = 1) -> None:
    in_use_case(lambda: orders.place_hold(order_id=order_id, kind=kind, owner_ref=owner_ref, now=NOON))


def release(order_id: int, *, kind: str = "risk", owner_ref: int = 1) -> None:
    in_use_case(lambda: orders.release_hold(order_id=order_id, kind=kind, owner_ref=owner_ref, now=NOON))


def events_of(order_id: int) -> list[str]:
    events = OutboxEvent.objects.filter(aggregate="order", aggregate_id=order_id, kind__contains="hold")
    return list(events.order_by("sequence").values_list("kind", flat=True))


class TestPlaceHold:
    def test_keeps_the_order_where_it_is_until_it_is_released(self) -> None:
        order = make_paid_order(1)
        place(order.id)
        with pytest.raises(orders.OrderOnHold) as refused:
            arrange(order)
        assert refused.value.holds == ("risk",)
        release(order.id)
        arrange(order)
        assert status_of(order) == "AWAITING_COLLECTION"

    def test_is_done_once_however_often_it_is_asked_for(self) -> None:
        order = make_paid_order(1)
        place(order.id)
        place(order.id)
        assert OrderHold.objects.count() == 1
        assert events_of(order.id) == ["orders.hold_placed"]

    def test_holds_until_the_last_of_several_owners_lets_go(self) -> None:
        order = make_paid_order(1)
        place(order.id, owner_ref=1)
        place(order.id, owner_ref=2)
        release(order.id, owner_ref=1)
        assert orders.get_order(order_id=order.id).holds == ("risk",)
        with pytest.raises(orders.OrderOnHold):
            arrange(order)

    def test_does_not_keep_the_shop_or_the_clock_from_cancelling(self) -> None:
        for initiator in ("seller", "system"):
            order = make_paid_order(1)
            place(order.id)
            assert cancel(order, initiator=initiator).order_is_dead

    def test_refuses_an_order_that_there_is_not(self) -> None:
        with pytest.raises(NotFound):
            place(new_id())
        assert not OrderHold.objects.exists()


class TestReleaseHold:
    def test_is_done_once_however_often_it_is_asked_for(self) -> None:
        order = make_paid_order(1)
        place(order.id)
        release(order.id)
        release(order.id)
        assert events_of(order.id) == ["orders.hold_placed", "orders.hold_released"]
        assert orders.get_order(order_id=order.id).holds == ()

    def test_of_a_hold_that_there_is_not_is_nothing(self) -> None:
        order = make_paid_order(1)
        release(order.id)
        assert events_of(order.id) == []
