"""Holding stock: all lines or none."""

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import StockHold, StockHoldLine, StockMovement
from tests.factories.inventory import (
    EXPIRES_AT,
    WarehouseFactory,
    hold_stock,
    line_of,
    make_stock,
    numbers_of,
)
from tests.support import NOON, in_use_case
from tradecore.errors import Kind
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


class TestHold:
    def test_moves_pieces_from_available_to_held(self) -> None:
        sku = make_stock(10)
        hold_stock(line_of(sku, 3))
        assert numbers_of(sku) == [(7, 3, 0)]

    def test_remembers_what_each_line_holds(self) -> None:
        sku, other = make_stock(10), make_stock(5)
        first, second = line_of(sku, 3), line_of(other, 5)
        owner = hold_stock(first, second)
        hold = inventory.find_hold(owner_ref=owner)
        assert hold is not None
        assert (hold.status, hold.expires_at) == (inventory.HoldStatus.PENDING, EXPIRES_AT)
        assert {(part.line_ref, part.sku_id, part.quantity) for part in hold.parts} == {
            (first.line_ref, sku, 3),
            (second.line_ref, other, 5),
        }

    def test_may_hold_nothing(self) -> None:
        owner = hold_stock()
        assert StockHold.objects.get(pk=owner).status == inventory.HoldStatus.PENDING

    def test_sums_the_demand_of_lines_that_share_a_sku(self) -> None:
        sku = make_stock(3)
        with pytest.raises(inventory.OutOfStock) as refusal:
            hold_stock(line_of(sku, 2), line_of(sku, 2))
        assert refusal.value.lines == (inventory.Shortage(sku_id=sku, wanted=4, available=3),)

    def test_serves_lines_that_share_a_sku(self) -> None:
        sku = make_stock(4)
        hold_stock(line_of(sku, 2), line_of(sku, 2))
        assert numbers_of(sku) == [(0, 4, 0)]

    def test_takes_a_line_only_once(self) -> None:
        line = line_of(make_stock(4))
        with pytest.raises(ValueError, match="named once"):
            hold_stock(line, line)

    @pytest.mark.parametrize("quantity", [0, -1, inventory.QUANTITY_MAX + 1])
    def test_takes_no_quantity_that_is_none(self, quantity: int) -> None:
        with pytest.raises(ValueError, match="pieces"):
            line_of(1, quantity)


class TestWarehouses:
    def test_serve_by_priority(self) -> None:
        second, first = WarehouseFactory.create(priority=2), WarehouseFactory.create(priority=1)
        sku = make_stock(5, warehouse=second)
        make_stock(5, sku_id=sku, warehouse=first)
        hold_stock(line_of(sku, 5))
        assert numbers_of(sku) == [(0, 5, 0), (5, 0, 0)]

    def test_serve_alone_if_one_of_them_can(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2, warehouse=first)
        make_stock(5, sku_id=sku, warehouse=second)
        hold_stock(line_of(sku, 3))
        assert numbers_of(sku) == [(2, 0, 0), (2, 3, 0)]

    def test_serve_together_if_none_can_alone(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2, warehouse=first)
        make_stock(5, sku_id=sku, warehouse=second)
        line = line_of(sku, 6)
        owner = hold_stock(line)
        assert numbers_of(sku) == [(0, 2, 0), (1, 4, 0)]
        parts = StockHoldLine.objects.filter(hold_id=owner, line_ref=line.line_ref)
        assert sorted(parts.values_list("quantity", flat=True)) == [2, 4]

    def test_serve_two_lines_from_a_divided_sku(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2, warehouse=first)
        make_stock(2, sku_id=sku, warehouse=second)
        hold_stock(line_of(sku, 3), line_of(sku, 1))
        assert numbers_of(sku) == [(0, 2, 0), (0, 2, 0)]


class TestRefusals:
    def test_a_tombstone_refuses_the_late_hold(self) -> None:
        sku, owner = make_stock(1), new_id()
        in_use_case(lambda: inventory.void(owner_ref=owner, now=NOON))
        with pytest.raises(inventory.HoldRefused) as refusal:
            hold_stock(line_of(sku), owner_ref=owner)
        assert (refusal.value.code, refusal.value.kind) == ("inventory.hold_refused", Kind.CONFLICT)
        assert numbers_of(sku) == [(1, 0, 0)]

    def test_an_owner_holds_once(self) -> None:
        sku = make_stock(5)
        owner = hold_stock(line_of(sku))
        with pytest.raises(inventory.HoldRefused):
            hold_stock(line_of(sku), owner_ref=owner)
        assert numbers_of(sku) == [(4, 1, 0)]

    def test_a_refused_owner_is_told_so_before_what_is_short(self) -> None:
        sku = make_stock(1)
        owner = hold_stock(line_of(sku))
        with pytest.raises(inventory.HoldRefused):
            hold_stock(line_of(sku, 9), owner_ref=owner)

    def test_names_every_sku_that_is_short(self) -> None:
        plenty, little, unknown = make_stock(10), make_stock(1), new_id()
        with pytest.raises(inventory.OutOfStock) as refusal:
            hold_stock(line_of(plenty, 1), line_of(little, 2), line_of(unknown, 1))
        assert (refusal.value.code, refusal.value.kind) == ("inventory.out_of_stock", Kind.CONFLICT)
        assert refusal.value.lines == (
            inventory.Shortage(sku_id=little, wanted=2, available=1),
            inventory.Shortage(sku_id=unknown, wanted=1, available=0),
        )

    def test_a_partial_hold_leaves_nothing_behind(self) -> None:
        plenty, little = make_stock(10), make_stock(1)
        before = StockMovement.objects.count()
        owner = new_id()
        with pytest.raises(inventory.OutOfStock):
            hold_stock(line_of(plenty, 1), line_of(little, 2), owner_ref=owner)
        assert numbers_of(plenty) == [(10, 0, 0)]
        assert numbers_of(little) == [(1, 0, 0)]
        assert inventory.find_hold(owner_ref=owner) is None
        assert StockMovement.objects.count() == before

    def test_a_refused_hold_can_be_tried_again(self) -> None:
        sku, owner = make_stock(1), new_id()
        with pytest.raises(inventory.OutOfStock):
            hold_stock(line_of(sku, 2), owner_ref=owner)
        hold_stock(line_of(sku, 1), owner_ref=owner)
        assert numbers_of(sku) == [(0, 1, 0)]


class TestAvailability:
    def test_is_the_sum_over_warehouses(self) -> None:
        sku = make_stock(2)
        make_stock(5, sku_id=sku)
        hold_stock(line_of(sku, 1))
        assert inventory.list_availability(sku_ids=[sku]) == {sku: 6}

    def test_is_nothing_of_what_is_unknown(self) -> None:
        unknown = new_id()
        assert inventory.list_availability(sku_ids=[unknown]) == {unknown: 0}
