"""Parcels that no carrier came for."""

from datetime import timedelta

import pytest

from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import PackageState, TrackingStatus
from apps.orders import api as orders
from apps.payments.models import Refund
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tradecore.models import OutboxEvent, Timer

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class TestWithdrawUncollected:
    def test_opens_the_package_and_lets_the_clock_of_the_order_strike(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = ship(order)
        fulfilment.withdraw_uncollected(package.id, package.collect_cancel_at)
        package = fulfilment.get_package(package_id=package.id)
        assert (package.state, package.collected_at) == (PackageState.WITHDRAWN, None)
        assert orders.get_order(order_id=order.id).status == "AWAITING_SHIPMENT"
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 2)]
        timer = Timer.objects.get(subject=order.id, kind="cancel_unshipped")
        assert (timer.due_at, timer.fired_at) == (package.collect_cancel_at, None)
        assert OutboxEvent.objects.filter(kind="fulfilment.package_withdrawn").count() == 1

    def test_ends_in_a_cancelled_order_and_a_whole_refund(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = ship(order)
        let_time_pass(package.collect_cancel_at)
        assert orders.get_order(order_id=order.id).status == "CANCELLED"
        assert Refund.objects.get().amount_minor == order.breakdown.total.minor
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]

    def test_leaves_the_parcel_that_was_collected(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        first, second = ship(order, units_of(order, 1)), ship(order)
        track(first, TrackingStatus.COLLECTED)
        let_time_pass(second.collect_cancel_at)
        assert orders.get_order(order_id=order.id).status == "IN_TRANSIT"
        assert Refund.objects.get().amount_minor == 2000
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]

    def test_is_nothing_once_a_carrier_has_it(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.COLLECTED)
        fulfilment.withdraw_uncollected(package.id, READY + 8 * DAY)
        assert fulfilment.get_package(package_id=package.id) == package

    def test_happens_once_however_often_the_clock_strikes(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        let_time_pass(package.collect_cancel_at)
        fulfilment.withdraw_uncollected(package.id, READY + 8 * DAY)
        assert Refund.objects.count() == 1
        assert orders.get_order(order_id=order.id).status == "CANCELLED"
