"""Warehouses, and adjustments: deltas with a reason."""

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import Stock, StockMovement, Warehouse
from tests.factories.inventory import WarehouseFactory, hold_stock, line_of, make_stock, numbers_of
from tests.support import NOON
from tradecore.errors import Kind, NotFound
from tradecore.ids import new_id
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def adjust(
    warehouse: Warehouse, sku: int, delta: int, *, reason: str = "recount", expected_on_hand: int | None = None
) -> inventory.StockLevel:
    level = inventory.adjust_stock(
        shop_id=warehouse.shop_id,
        warehouse_id=warehouse.pk,
        sku_id=sku,
        delta=delta,
        reason=reason,
        actor="staff:7",
        now=NOON,
        expected_on_hand=expected_on_hand,
    )
    assert isinstance(level, inventory.StockLevel)
    return level


class TestAdjustStock:
    def test_begins_a_stock(self) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        assert adjust(warehouse, sku, 5) == inventory.StockLevel(
            sku_id=sku,
            warehouse_id=warehouse.pk,
            warehouse_code=warehouse.code,
            available=5,
            held=0,
            committed=0,
            on_hand=5,
        )

    def test_adds_and_takes_away(self) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        adjust(warehouse, sku, 5)
        adjust(warehouse, sku, 2)
        assert adjust(warehouse, sku, -3).available == 4

    def test_says_who_and_why(self) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        adjust(warehouse, sku, 5, reason="found behind the shelf")
        (movement,) = inventory.list_movements(sku_id=sku, limit=9)
        assert (movement.kind, movement.available, movement.actor) == ("ADJUSTED", 5, "staff:7")
        entry = AuditEntry.objects.get(subject=f"sku:{sku}")
        assert (entry.action, entry.actor, entry.reason) == ("stock.adjusted", "staff:7", "found behind the shelf")
        assert entry.after == {"warehouse_id": str(warehouse.pk), "delta": 5}

    def test_counts_only_if_the_stock_is_what_was_expected(self) -> None:
        warehouse = WarehouseFactory.create()
        sku = make_stock(5, warehouse=warehouse)
        hold_stock(line_of(sku, 2))
        assert adjust(warehouse, sku, 1, expected_on_hand=5).on_hand == 6


class TestRefusals:
    @pytest.mark.parametrize(
        ("delta", "reason"),
        [
            (0, "recount"),
            (inventory.QUANTITY_MAX + 1, "recount"),
            (-inventory.QUANTITY_MAX - 1, "recount"),
            (1, ""),
            (1, "  "),
            (1, "x" * 201),
        ],
    )
    def test_what_is_no_adjustment(self, delta: int, reason: str) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        with pytest.raises(inventory.AdjustmentInvalid) as refusal:
            adjust(warehouse, sku, delta, reason=reason)
        assert (refusal.value.code, refusal.value.kind) == ("inventory.adjustment_invalid", Kind.RULE)
        assert not Stock.objects.filter(sku_id=sku).exists()

    def test_a_warehouse_of_another_shop(self) -> None:
        warehouse = WarehouseFactory.create()
        stranger = Warehouse(id=warehouse.pk, shop_id=new_id())
        with pytest.raises(NotFound):
            adjust(stranger, new_id(), 5)
        assert not StockMovement.objects.exists()

    def test_a_stock_that_is_not_what_was_expected(self) -> None:
        warehouse = WarehouseFactory.create()
        sku = make_stock(5, warehouse=warehouse)
        with pytest.raises(inventory.StockChanged) as refusal:
            adjust(warehouse, sku, 1, expected_on_hand=4)
        assert (refusal.value.code, refusal.value.kind) == ("inventory.stock_changed", Kind.STALE)
        assert refusal.value.facts() == {"expected_on_hand": 4, "on_hand": 5}
        assert numbers_of(sku) == [(5, 0, 0)]

    def test_to_take_what_is_promised(self) -> None:
        warehouse = WarehouseFactory.create()
        sku = make_stock(5, warehouse=warehouse)
        hold_stock(line_of(sku, 2))
        before = StockMovement.objects.count(), AuditEntry.objects.count()
        with pytest.raises(inventory.NotEnoughAvailable) as refusal:
            adjust(warehouse, sku, -4)
        assert (refusal.value.code, refusal.value.kind) == ("inventory.not_enough_available", Kind.CONFLICT)
        assert refusal.value.facts() == {"asked": 4, "available": 3}
        assert numbers_of(sku) == [(3, 2, 0)]
        assert (StockMovement.objects.count(), AuditEntry.objects.count()) == before

    def test_to_begin_a_stock_below_nothing(self) -> None:
        sku = new_id()
        with pytest.raises(inventory.NotEnoughAvailable):
            adjust(WarehouseFactory.create(), sku, -1)
        assert not Stock.objects.filter(sku_id=sku).exists()


class TestCreateWarehouse:
    def create(self, *, shop_id: int, code: str = "MAIN", name: str = "Main", priority: int = 0) -> inventory.Warehouse:
        return inventory.create_warehouse(
            shop_id=shop_id, code=code, name=name, priority=priority, actor="staff:7", now=NOON
        )

    def test_opens_one(self) -> None:
        shop_id = new_id()
        second = self.create(shop_id=shop_id, code="B", priority=2)
        first = self.create(shop_id=shop_id, code="A", priority=1)
        assert inventory.list_warehouses(shop_id=shop_id) == [first, second]
        assert inventory.get_warehouse(warehouse_id=first.id, shop_id=shop_id) == first
        assert AuditEntry.objects.filter(subject=f"warehouse:{first.id}", action="warehouse.created").exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("code", ""),
            ("code", "two words"),
            ("code", "\N{FULLWIDTH LATIN CAPITAL LETTER A}"),
            ("code", "x" * 41),
            ("name", " "),
            ("name", "x" * 101),
            ("priority", -1),
            ("priority", 1001),
        ],
    )
    def test_refuses_what_a_field_may_not_hold(self, field: str, value: str | int) -> None:
        with pytest.raises(inventory.WarehouseInvalid) as refusal:
            self.create(shop_id=new_id(), **{field: value})  # type: ignore[arg-type]  # one field, of its own type
        assert refusal.value.field == field
        assert not Warehouse.objects.exists()

    def test_refuses_a_code_that_the_shop_has(self) -> None:
        shop_id = new_id()
        self.create(shop_id=shop_id)
        with pytest.raises(inventory.WarehouseCodeTaken) as refusal:
            self.create(shop_id=shop_id)
        assert (refusal.value.code, refusal.value.kind) == ("inventory.warehouse_code_taken", Kind.CONFLICT)
        assert Warehouse.objects.count() == 1
        self.create(shop_id=new_id())
