"""Packing an order, whole or in part."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.fulfilment import api as fulfilment
from apps.fulfilment.models import Package, PackageLine
from apps.orders import api as orders
from tests.factories.checkout import ShopFloor, buy
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id
from tradecore.models import OutboxEvent, Timer

pytestmark = pytest.mark.django_db


class TestShipOrder:
    def test_packs_all_that_is_open_unless_units_are_named(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2, 1)
        first = ship(order, units_of(order, 1, 0))
        assert first.units == tuple(units_of(order, 1, 0))
        assert orders.get_order(order_id=order.id).status == "PARTIALLY_SHIPPING"
        second = ship(order)
        assert second.units == tuple(units_of(order, 1, 1))
        assert orders.get_order(order_id=order.id).status == "AWAITING_COLLECTION"

    def test_returns_what_is_read_later(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = ship(order)
        assert package == fulfilment.get_package(package_id=package.id)
        assert package.state is fulfilment.PackageState.ARRANGED
        assert gene_of(package.id) == gene_of(order.id)

    def test_leaves_the_goods_in_the_stock_until_a_carrier_has_them(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        ship(order)
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 2)]

    def test_gives_the_carrier_the_time_that_the_market_gives(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        package = ship(order)
        # Three business days after a Wednesday end with Monday.
        assert package.collect_cancel_at == NOON.replace(day=16, hour=23, minute=59, second=59)
        timer = Timer.objects.get(subject=package.id)
        assert (timer.kind, timer.due_at) == ("withdraw_uncollected", package.collect_cancel_at)

    def test_publishes_what_is_in_the_package(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = ship(order)
        event = OutboxEvent.objects.get(aggregate="package")
        assert (event.kind, event.aggregate_id, event.sequence) == ("fulfilment.package_shipped", package.id, 1)
        assert event.shop_id == floor.shop_id
        assert event.payload["units"] == [{"line_id": str(order.lines[0].id), "quantity": 2}]

    def test_adds_up_a_line_that_is_named_twice(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        package = ship(order, [*units_of(order, 1), *units_of(order, 1)])
        assert package.units == tuple(units_of(order, 2))

    def test_is_not_undone_when_the_time_to_ship_is_over(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ship(order, now=NOON + timedelta(days=9, hours=11))
        let_time_pass(NOON + timedelta(days=10))
        assert orders.get_order(order_id=order.id).status == "AWAITING_COLLECTION"


class TestShipOrderRefuses:
    def refused(self, order: orders.OrderView, error: type[Exception], act: Callable[[], Any]) -> None:
        before = orders.get_order(order_id=order.id)
        packages, timers = Package.objects.count(), Timer.objects.count()
        with pytest.raises(error):
            act()
        assert (Package.objects.count(), Timer.objects.count()) == (packages, timers)
        assert PackageLine.objects.filter(package__order_id=order.id).count() == packages
        assert orders.get_order(order_id=order.id) == before

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("carrier", ""),
            ("carrier", "royal mail"),
            ("carrier", "x" * 41),
            ("tracking_number", ""),
            ("tracking_number", "RM\n1"),
            ("tracking_number", "RM\uff11"),
            ("tracking_number", "x" * 61),
            ("units", []),
        ],
    )
    def test_a_field_that_holds_what_it_may_not(self, floor: ShopFloor, field: str, wrong: Any) -> None:
        order = make_ready_order(floor)
        facts: dict[str, Any] = {"units": None, "carrier": "royal_mail", "tracking_number": "RM1"} | {field: wrong}
        with pytest.raises(fulfilment.ShipmentInvalid) as refused:
            fulfilment.ship_order(order_id=order.id, now=READY, **facts)
        assert refused.value.field == field
        assert not Package.objects.exists()

    def test_an_order_that_there_is_not(self, floor: ShopFloor) -> None:
        with pytest.raises(NotFound):
            fulfilment.ship_order(order_id=new_id(), units=None, carrier="royal_mail", tracking_number="RM1", now=READY)
        assert not Package.objects.exists()

    def test_an_order_in_its_remorse_time(self, floor: ShopFloor) -> None:
        order_id = buy((floor.add_sku(), 1)).purchase.orders[0].id
        order = orders.get_order(order_id=order_id)
        self.refused(order, orders.NotReadyToShip, lambda: ship(order))

    def test_an_order_that_is_shipped_already(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ship(order)
        self.refused(order, orders.NotReadyToShip, lambda: ship(order))

    def test_an_order_on_hold(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=1, now=READY))
        self.refused(order, orders.OrderOnHold, lambda: ship(order))

    def test_a_line_of_another_order(self, floor: ShopFloor) -> None:
        order, other = make_ready_order(floor), make_ready_order(floor)
        self.refused(order, orders.LineUnknown, lambda: ship(order, units_of(other, 1)))

    @pytest.mark.parametrize("quantity", [0, -1, 3])
    def test_units_that_are_not_there(self, floor: ShopFloor, quantity: int) -> None:
        order = make_ready_order(floor, 2)
        units = [orders.LineUnits(line_id=order.lines[0].id, quantity=quantity)]
        self.refused(order, orders.TooManyUnits, lambda: ship(order, units))
