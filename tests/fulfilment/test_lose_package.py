"""Parcels that never arrive."""

from datetime import timedelta

import pytest

from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import PackageState, TrackingStatus
from apps.orders import api as orders
from apps.payments.models import Refund
from apps.promotions.api import PromotionKind, find_hold
from config.subscriptions import TIMERS
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.factories.promotions import make_promotion
from tradecore import timers
from tradecore.errors import NotFound
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class TestSilence:
    def test_loses_a_package_and_sends_the_money_back(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = track(ship(order), TrackingStatus.IN_TRANSIT)
        let_time_pass(READY + 7 * DAY - timedelta(seconds=1))
        assert fulfilment.get_package(package_id=package.id).state is PackageState.IN_TRANSIT
        let_time_pass(READY + 7 * DAY)
        package = fulfilment.get_package(package_id=package.id)
        assert (package.state, package.ended_at) == (PackageState.LOST, READY + 7 * DAY)
        assert orders.get_order(order_id=order.id).status == "CANCELLED"
        refund = Refund.objects.get()
        assert (refund.order_ref, refund.amount_minor, refund.reason) == (order.id, 2399, "lost")
        assert refund.client_ref.startswith("gone:")

    def test_is_broken_by_every_new_event(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.COLLECTED)
        track(package, TrackingStatus.IN_TRANSIT, now=READY + 6 * DAY)
        let_time_pass(READY + 12 * DAY)
        assert fulfilment.get_package(package_id=package.id).state is PackageState.IN_TRANSIT

    @pytest.mark.parametrize("status", [None, TrackingStatus.DELIVERED, TrackingStatus.REFUSED])
    def test_is_nothing_for_a_package_that_is_not_on_its_way(
        self, floor: ShopFloor, status: TrackingStatus | None
    ) -> None:
        package = ship(make_ready_order(floor))
        if status is not None:
            package = track(package, status)
        fulfilment.lose_silent_package(package.id, READY)
        assert fulfilment.get_package(package_id=package.id) == package

    def test_is_not_declared_by_a_clock_that_was_put_off_while_it_struck(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.COLLECTED)
        due = READY + 7 * DAY
        claimed = timers._claim(kinds=TIMERS, now=due, clock_name="real", limit=10)
        (timer,) = (timer for timer in claimed if timer.kind == "package_lost")
        track(package, TrackingStatus.IN_TRANSIT, now=due)
        assert not timers._fire(timer, fulfilment.lose_silent_package, now=due)
        assert fulfilment.get_package(package_id=package.id).state is PackageState.IN_TRANSIT
        assert not Refund.objects.exists()

    def test_loses_once_however_often_the_clock_strikes(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.COLLECTED)
        for _ in range(3):
            fulfilment.lose_silent_package(package.id, READY + 7 * DAY)
        assert Refund.objects.count() == 1

    def test_refuses_a_package_that_there_is_not(self, floor: ShopFloor) -> None:
        with pytest.raises(NotFound):
            fulfilment.lose_silent_package(new_id(), READY)


class TestLost:
    def test_takes_the_carriers_word_though_it_is_the_first(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.LOST)
        assert package.state is PackageState.LOST
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert Refund.objects.get().amount_minor == 1399

    def test_of_a_part_leaves_the_rest_on_its_way(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        first, second = ship(order, units_of(order, 1)), ship(order)
        track(second, TrackingStatus.COLLECTED)
        track(first, TrackingStatus.LOST)
        assert Refund.objects.get().amount_minor == 1000
        assert orders.get_order(order_id=order.id).status == "IN_TRANSIT"

    def test_of_the_last_part_lets_what_has_arrived_complete(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        first, second = ship(order, units_of(order, 1)), ship(order)
        track(first, TrackingStatus.DELIVERED)
        track(second, TrackingStatus.LOST, now=READY + DAY)
        assert orders.get_order(order_id=order.id).status == "DELIVERED"
        let_time_pass(READY + 30 * DAY)
        assert orders.get_order(order_id=order.id).status == "COMPLETED"

    def test_gives_the_money_of_a_coupon_back_and_keeps_its_use(self, floor: ShopFloor) -> None:
        coupon = make_promotion(PromotionKind.PLATFORM_COUPON)
        order = make_ready_order(floor, 2, coupon_codes=(str(coupon.terms.code),))
        track(ship(order), TrackingStatus.LOST)
        hold = find_hold(owner_ref=order.purchase_id)
        assert hold is not None
        (use,) = hold.uses
        assert (use.given_back_minor, use.given_back_units) == (use.amount_minor, 0)
        assert Refund.objects.get().amount_minor == order.breakdown.total.minor


class TestRefused:
    def test_sends_back_the_goods_money_and_the_cheapest_delivery_and_no_stock(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.REFUSED)
        assert package.state is PackageState.REFUSED
        assert orders.get_order(order_id=order.id).status == "CANCELLED"
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.reason) == (1000 + 399, "refused")
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
