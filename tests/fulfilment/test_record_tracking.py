"""What a carrier says, and whatever follows from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import PackageState, TrackingStatus
from apps.fulfilment.models import Package, TrackingEvent
from apps.fulfilment.tracking import ENDS
from apps.orders import api as orders
from apps.payments.models import Refund
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track, track_all
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.support import in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import OutboxEvent, Timer

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


def timers_of(subject: int) -> dict[str, datetime]:
    """The pending timers of a package or an order, by kind."""
    return dict(Timer.objects.filter(subject=subject, fired_at=None).values_list("kind", "due_at"))


def events_of(package: fulfilment.PackageView) -> list[str]:
    """The kinds of what was published of the package; their sequence has no gap."""
    rows = OutboxEvent.objects.filter(aggregate="package", aggregate_id=package.id).order_by("sequence")
    assert [row.sequence for row in rows] == list(range(1, Package.objects.get(pk=package.id).version + 1))
    return [row.kind.removeprefix("fulfilment.package_") for row in rows]


class TestFirstScan:
    def test_ships_the_goods_and_moves_the_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = track(ship(order), TrackingStatus.COLLECTED)
        assert (package.state, package.collected_at) == (PackageState.COLLECTED, READY)
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 0)]
        assert status_of(order) == "IN_TRANSIT"
        assert timers_of(package.id) == {"package_lost": READY + 7 * DAY}
        assert events_of(package) == ["shipped", "collected"]

    def test_ships_no_more_than_what_is_in_the_package(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        track(ship(order, units_of(order, 1)), TrackingStatus.COLLECTED)
        assert numbers_of(order.lines[0].sku_id) == [(97, 0, 2)]
        assert status_of(order) == "PARTIALLY_SHIPPING"

    @pytest.mark.parametrize("status", [TrackingStatus.PENDING, TrackingStatus.INFO_RECEIVED, TrackingStatus.EXCEPTION])
    def test_is_nothing_that_can_be_said_of_a_parcel_on_the_table(
        self, floor: ShopFloor, status: TrackingStatus
    ) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), status)
        assert package.state is PackageState.ARRANGED
        assert [entry.status for entry in package.tracking] == [status]
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 1)]
        assert set(timers_of(package.id)) == {"withdraw_uncollected"}

    def test_is_implied_by_a_delivery_that_comes_first(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.DELIVERED)
        assert (package.state, package.collected_at, package.ended_at) == (PackageState.DELIVERED, READY, READY)
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert status_of(order) == "DELIVERED"
        assert events_of(package) == ["shipped", "collected", "delivered"]

    def test_is_a_fact_whatever_holds_the_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=1, now=READY))
        track(package, TrackingStatus.COLLECTED)
        assert status_of(order) == "IN_TRANSIT"
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert OutboxEvent.objects.get(kind="fulfilment.package_collected").payload["holds"] == ["risk"]

    def test_counts_though_the_time_to_collect_is_over_and_the_clock_has_not_struck(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        track(package, TrackingStatus.COLLECTED, now=READY + 8 * DAY)
        let_time_pass(READY + 8 * DAY)
        assert status_of(order) == "IN_TRANSIT"


class TestOnTheWay:
    def test_follows_the_carrier_to_the_door(self, floor: ShopFloor) -> None:
        package = track_all(
            ship(make_ready_order(floor)),
            [TrackingStatus.COLLECTED, TrackingStatus.IN_TRANSIT, TrackingStatus.OUT_FOR_DELIVERY],
        )
        assert package.state is PackageState.OUT_FOR_DELIVERY
        assert events_of(package) == ["shipped", "collected", "moved", "moved"]

    def test_does_not_go_back_for_an_event_that_comes_late(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.OUT_FOR_DELIVERY)
        package = track(package, TrackingStatus.IN_TRANSIT, now=READY + DAY)
        assert package.state is PackageState.OUT_FOR_DELIVERY
        assert len(package.tracking) == 2

    def test_changes_nothing_for_the_same_event_again(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track(ship(order), TrackingStatus.COLLECTED, event_id="scan-1")
        again = track(package, TrackingStatus.COLLECTED, event_id="scan-1", now=READY + DAY)
        assert again == package
        assert TrackingEvent.objects.count() == 1
        assert timers_of(package.id) == {"package_lost": READY + 7 * DAY}
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]

    def test_tells_apart_events_of_one_name_of_two_packages(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        first, second = ship(order, units_of(order, 1)), ship(order)
        for package in (first, second):
            assert track(package, TrackingStatus.COLLECTED, event_id="scan-1").state is PackageState.COLLECTED

    def test_puts_off_the_moment_at_which_it_is_lost(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.COLLECTED)
        track(package, TrackingStatus.EXCEPTION, now=READY + DAY)
        assert timers_of(package.id) == {"package_lost": READY + 8 * DAY}
        track(package, TrackingStatus.EXPIRED, now=READY + 2 * DAY)
        assert timers_of(package.id) == {"package_lost": READY + 8 * DAY}

    def test_trusts_no_clock_but_its_own_for_deadlines(self, floor: ShopFloor) -> None:
        package = ship(make_ready_order(floor))
        track(package, TrackingStatus.COLLECTED, occurred_at=READY - 300 * DAY)
        assert timers_of(package.id) == {"package_lost": READY + 7 * DAY}


class TestDelivered:
    def test_sets_the_time_at_which_the_order_completes(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = track_all(ship(order), [TrackingStatus.COLLECTED, TrackingStatus.DELIVERED], now=READY + DAY)
        assert status_of(order) == "DELIVERED"
        assert timers_of(package.id) == {}
        assert timers_of(order.id)["complete_order"] == READY + 31 * DAY

    def test_sets_it_with_the_last_package(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        first, second = ship(order, units_of(order, 1)), ship(order)
        track(first, TrackingStatus.DELIVERED)
        assert "complete_order" not in timers_of(order.id)
        track(second, TrackingStatus.DELIVERED, now=READY + DAY)
        assert timers_of(order.id)["complete_order"] == READY + 31 * DAY


class TestContradictions:
    @pytest.mark.parametrize("end", sorted(ENDS))
    @pytest.mark.parametrize("later", sorted(ENDS))
    def test_are_kept_and_flagged_and_move_nothing(
        self, floor: ShopFloor, end: TrackingStatus, later: TrackingStatus
    ) -> None:
        order = make_ready_order(floor)
        ended = track(ship(order), end)
        books = (status_of(order), Refund.objects.count(), numbers_of(order.lines[0].sku_id))
        package = track(ended, later, now=READY + DAY)
        assert (package.state, package.ended_at) == (ended.state, READY)
        assert package.is_contradicted is (later != end)
        assert len(package.tracking) == 2
        assert (status_of(order), Refund.objects.count(), numbers_of(order.lines[0].sku_id)) == books
        assert ("contradicted" in events_of(package)) is (later != end)

    def test_are_not_what_comes_late(self, floor: ShopFloor) -> None:
        package = track(ship(make_ready_order(floor)), TrackingStatus.DELIVERED)
        package = track(package, TrackingStatus.OUT_FOR_DELIVERY)
        assert package.state is PackageState.DELIVERED
        assert not package.is_contradicted

    def test_are_scans_of_a_package_that_was_withdrawn(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        let_time_pass(READY + 10 * DAY)
        assert status_of(order) == "CANCELLED"
        package = track(package, TrackingStatus.COLLECTED, now=READY + 10 * DAY)
        assert (package.state, package.is_contradicted) == (PackageState.WITHDRAWN, True)
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]


class TestAnyOrder:
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        statuses=st.lists(st.sampled_from(sorted(set(TrackingStatus) - ENDS)), min_size=1, max_size=4),
        end=st.sampled_from([None, *sorted(ENDS)]),
        data=st.data(),
    )
    def test_ends_in_one_state_with_one_shipment_and_one_refund(
        self, floor: ShopFloor, statuses: list[TrackingStatus], end: TrackingStatus | None, data: st.DataObject
    ) -> None:
        said = [*enumerate(statuses), *([(9, end)] if end else [])]
        repeated = said + data.draw(st.lists(st.sampled_from(said), max_size=3))
        in_order, shuffled = (self.live(floor, events) for events in (said, data.draw(st.permutations(repeated))))
        assert in_order == shuffled

    def live(self, floor: ShopFloor, said: Sequence[tuple[int, TrackingStatus]]) -> tuple[Any, ...]:
        """Everything that a package, its order, the stock and the money have become after these events."""
        order = make_ready_order(floor, 2)
        package = ship(order)
        for hours, status in said:
            package = track(
                package, status, event_id=f"scan-{hours}", occurred_at=READY + timedelta(hours=hours), now=READY
            )
        refunds = Refund.objects.filter(order_ref=order.id).values_list("amount_minor", flat=True)
        tracking = [(entry.status, entry.occurred_at) for entry in package.tracking]
        return package.state, tracking, status_of(order), numbers_of(order.lines[0].sku_id), list(refunds)


class TestRecordTrackingRefuses:
    @pytest.mark.parametrize("event_id", ["", "x" * 101, "scan 1", "scan\x00", "sc\uff41n"])
    def test_an_event_without_a_name_of_its_own(self, floor: ShopFloor, event_id: str) -> None:
        package = ship(make_ready_order(floor))
        with pytest.raises(fulfilment.TrackingInvalid):
            fulfilment.record_tracking(
                package_id=package.id,
                event_id=event_id,
                status=TrackingStatus.COLLECTED,
                occurred_at=READY,
                now=READY,
            )
        assert fulfilment.get_package(package_id=package.id) == package

    def test_a_package_that_there_is_not(self, floor: ShopFloor) -> None:
        with pytest.raises(NotFound):
            fulfilment.record_tracking(
                package_id=new_id(), event_id="scan-1", status=TrackingStatus.COLLECTED, occurred_at=READY, now=READY
            )
        assert not TrackingEvent.objects.exists()


class TestStatements:
    def test_are_as_many_for_a_package_of_ten_lines_as_for_one_of_one(self, floor: ShopFloor) -> None:
        counts = []
        for quantities in ([1], [1] * 10):
            package = ship(make_ready_order(floor, *quantities))
            with CaptureQueriesContext(connection) as queries:
                track(package, TrackingStatus.INFO_RECEIVED)
            counts.append(len(queries))
        assert counts[0] == counts[1]
