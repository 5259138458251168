"""Carriers, clocks and people who act at the same moment."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import PackageState, TrackingStatus
from apps.fulfilment.models import Package, TrackingEvent
from apps.orders import api as orders
from apps.payments.models import Refund
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

# Who wins is chance.
FIVE_TIMES = pytest.mark.parametrize("attempt", range(5))

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


class TestTracking:
    def test_counts_an_event_once_that_comes_eight_times_at_once(self, floor: ShopFloor, race: Race) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        outcomes = race([lambda: track(package, TrackingStatus.DELIVERED, event_id="scan-1")] * 8)
        assert {outcome.state for outcome in outcomes} == {PackageState.DELIVERED}
        assert TrackingEvent.objects.count() == 1
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert status_of(order) == "DELIVERED"

    def test_ends_where_it_would_have_ended_one_after_the_other(self, floor: ShopFloor, race: Race) -> None:
        order = make_ready_order(floor, 2)
        packages = [ship(order, units_of(order, 1)), ship(order)]
        said = [
            TrackingStatus.COLLECTED,
            TrackingStatus.IN_TRANSIT,
            TrackingStatus.OUT_FOR_DELIVERY,
            TrackingStatus.DELIVERED,
        ]
        events = [(package, status) for package in packages for status in said]
        outcomes = race([partial(track, *event) for event in events])
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert set(Package.objects.values_list("state", flat=True)) == {"DELIVERED"}
        assert status_of(order) == "DELIVERED"
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 0)]


class TestScanAgainstTheClock:
    @FIVE_TIMES
    def test_is_collected_or_withdrawn_and_never_both(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        due = package.collect_cancel_at
        race(
            [
                lambda: track(package, TrackingStatus.COLLECTED, now=due),
                lambda: let_time_pass(due),
                lambda: let_time_pass(due),
            ]
        )
        let_time_pass(due)
        state = fulfilment.get_package(package_id=package.id).state
        if state is PackageState.COLLECTED:
            assert (status_of(order), numbers_of(order.lines[0].sku_id)) == ("IN_TRANSIT", [(99, 0, 0)])
        else:
            assert state is PackageState.WITHDRAWN
            assert (status_of(order), numbers_of(order.lines[0].sku_id)) == ("CANCELLED", [(100, 0, 0)])

    @FIVE_TIMES
    def test_is_delivered_or_lost_and_refunded_only_if_lost(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.IN_TRANSIT)
        due = READY + timedelta(days=7)
        race(
            [
                lambda: track(package, TrackingStatus.DELIVERED, now=due),
                lambda: fulfilment.lose_silent_package(package.id, due),
                lambda: let_time_pass(due),
            ]
        )
        after = fulfilment.get_package(package_id=package.id)
        is_lost = after.state is PackageState.LOST
        assert is_lost or after.state is PackageState.DELIVERED
        assert after.is_contradicted is is_lost
        assert Refund.objects.filter(order_ref=order.id).count() == int(is_lost)
        assert status_of(order) == ("CANCELLED" if is_lost else "DELIVERED")


class TestShippingAgainstCancelling:
    @FIVE_TIMES
    def test_ships_a_unit_or_cancels_it(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_ready_order(floor)
        outcomes = race(
            [
                lambda: ship(order),
                lambda: ship(order),
                lambda: checkout.cancel_lines(
                    order_id=order.id, units=None, initiator="buyer", reason="changed_mind", now=READY
                ),
            ]
        )
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert len(errors) == 2
        assert {type(error) for error in errors} <= {orders.NotReadyToShip, orders.NotCancellable}
        assert status_of(order) in {"AWAITING_COLLECTION", "CANCELLED"}
