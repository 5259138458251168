"""The last step of an order."""

from datetime import timedelta

import pytest

from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import TrackingStatus
from apps.fulfilment.handlers import on_hold_released
from apps.orders import api as orders
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.support import in_use_case
from tradecore import outbox
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import Timer

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def delivered(floor: ShopFloor) -> orders.OrderView:
    """An order that was delivered, whose window for after-sales is open for thirty days."""
    order = make_ready_order(floor)
    track(ship(order), TrackingStatus.DELIVERED)
    return orders.get_order(order_id=order.id)


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


def hold(order: orders.OrderView, *, owner_ref: int = 1) -> None:
    in_use_case(lambda: orders.place_hold(order_id=order.id, kind="dispute", owner_ref=owner_ref, now=READY))


def release(order: orders.OrderView, *, owner_ref: int = 1) -> None:
    """Take the hold away, and let the relay tell everybody."""
    in_use_case(lambda: orders.release_hold(order_id=order.id, kind="dispute", owner_ref=owner_ref, now=READY))
    while outbox.relay(subscriptions={"orders.hold_released": [on_hold_released]}):
        pass


class TestCompleteOrder:
    def test_waits_until_the_window_is_over(self, delivered: orders.OrderView) -> None:
        let_time_pass(READY + 30 * DAY - timedelta(seconds=1))
        assert status_of(delivered) == "DELIVERED"
        let_time_pass(READY + 30 * DAY)
        order = orders.get_order(order_id=delivered.id)
        assert (order.status, order.completed_at) == ("COMPLETED", READY + 30 * DAY)
        assert (order.timeline[-1].initiator, order.timeline[-1].reason) == ("system", "after_sales_over")

    def test_completes_once_however_often_the_clock_strikes(self, delivered: orders.OrderView) -> None:
        for days in (30, 31):
            fulfilment.complete_order(delivered.id, READY + days * DAY)
        assert orders.get_order(order_id=delivered.id).completed_at == READY + 30 * DAY

    def test_does_not_complete_what_is_on_hold(self, delivered: orders.OrderView) -> None:
        hold(delivered)
        let_time_pass(READY + 60 * DAY)
        assert status_of(delivered) == "DELIVERED"
        assert Timer.objects.get(subject=delivered.id, kind="complete_order").fired_at is not None

    def test_goes_on_when_the_last_hold_is_released_after_the_window(self, delivered: orders.OrderView) -> None:
        hold(delivered, owner_ref=1)
        hold(delivered, owner_ref=2)
        let_time_pass(READY + 60 * DAY)
        release(delivered, owner_ref=1)
        let_time_pass(READY + 60 * DAY)
        assert status_of(delivered) == "DELIVERED"
        release(delivered, owner_ref=2)
        let_time_pass(READY + 60 * DAY)
        assert status_of(delivered) == "COMPLETED"

    def test_still_waits_for_the_window_when_a_hold_is_released_within_it(self, delivered: orders.OrderView) -> None:
        hold(delivered)
        release(delivered)
        timer = Timer.objects.get(subject=delivered.id, kind="complete_order")
        assert (timer.due_at, timer.fired_at) == (READY + 30 * DAY, None)

    def test_is_not_planned_by_the_release_of_an_order_on_its_way(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        hold(order)
        release(order)
        assert not Timer.objects.filter(subject=order.id, kind="complete_order").exists()

    def test_handles_the_same_release_once(self, delivered: orders.OrderView) -> None:
        hold(delivered)
        in_use_case(lambda: orders.release_hold(order_id=delivered.id, kind="dispute", owner_ref=1, now=READY))
        let_time_pass(READY + 30 * DAY)
        assert status_of(delivered) == "COMPLETED"
        release(delivered)
        let_time_pass(READY + 60 * DAY)
        assert status_of(delivered) == "COMPLETED"


class TestConfirmReceipt:
    def test_completes_at_once(self, delivered: orders.OrderView) -> None:
        fulfilment.confirm_receipt(order_id=delivered.id, now=READY + DAY)
        order = orders.get_order(order_id=delivered.id)
        assert (order.status, order.completed_at) == ("COMPLETED", READY + DAY)
        assert order.timeline[-1].initiator == "buyer"
        assert not Timer.objects.filter(subject=delivered.id, kind="complete_order").exists()

    def test_is_nothing_when_it_is_done_again(self, delivered: orders.OrderView) -> None:
        fulfilment.confirm_receipt(order_id=delivered.id, now=READY)
        version = orders.get_order(order_id=delivered.id).version
        fulfilment.confirm_receipt(order_id=delivered.id, now=READY + DAY)
        assert orders.get_order(order_id=delivered.id).version == version

    def test_refuses_an_order_that_there_is_not(self, floor: ShopFloor) -> None:
        with pytest.raises(NotFound):
            fulfilment.confirm_receipt(order_id=new_id(), now=READY)

    def test_refuses_what_has_not_arrived(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        track(ship(order), TrackingStatus.COLLECTED)
        with pytest.raises(orders.NotDelivered):
            fulfilment.confirm_receipt(order_id=order.id, now=READY)
        assert status_of(order) == "IN_TRANSIT"

    def test_refuses_an_order_on_hold(self, delivered: orders.OrderView) -> None:
        hold(delivered)
        with pytest.raises(orders.OrderOnHold):
            fulfilment.confirm_receipt(order_id=delivered.id, now=READY)
        assert status_of(delivered) == "DELIVERED"
        assert Timer.objects.filter(subject=delivered.id, kind="complete_order", fired_at=None).exists()
