"""What SQL itself refuses, whatever the code does."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.inventory.contracts import MovementKind
from apps.inventory.effects import EFFECTS, OF_NO_LINE
from apps.inventory.models import Stock, StockHold, StockHoldLine, StockMovement, Warehouse
from tests.factories.inventory import WarehouseFactory, hold_stock, line_of, make_stock
from tests.support import NOON
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

COUNTERS = ("available", "held", "committed")


def refuses(body: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            body()
    except IntegrityError:
        return True
    return False


@pytest.fixture
def line() -> StockHoldLine:
    """A line that holds 5 pieces."""
    return StockHoldLine.objects.get(hold_id=hold_stock(line_of(make_stock(10), 5)))


class TestStock:
    @pytest.mark.parametrize("counter", COUNTERS)
    def test_no_counter_is_negative(self, counter: str) -> None:
        sku = make_stock(10)
        assert refuses(lambda: Stock.objects.filter(sku_id=sku).update(**{counter: -1}))

    def test_a_sku_has_one_stock_per_warehouse(self) -> None:
        stock = Stock.objects.get(sku_id=make_stock(10))
        assert refuses(lambda: Stock.objects.create(sku_id=stock.sku_id, warehouse_id=stock.warehouse_id))

    def test_a_shop_has_one_warehouse_per_code(self) -> None:
        warehouse = WarehouseFactory.create()
        assert refuses(lambda: Warehouse.objects.create(shop_id=warehouse.shop_id, code=warehouse.code, name="Again"))


class TestHold:
    @pytest.mark.parametrize(
        "fields",
        [
            {"status": "LOST", "expires_at": NOON, "resolved_at": NOON},
            {"status": "PENDING", "expires_at": NOON, "resolved_at": NOON},
            {"status": "POSTED", "expires_at": NOON, "resolved_at": None},
            {"status": "PENDING", "expires_at": None, "resolved_at": None},
            {"status": "POSTED", "expires_at": None, "resolved_at": NOON},
        ],
    )
    def test_its_status_agrees_with_its_moments(self, fields: dict[str, Any]) -> None:
        assert refuses(lambda: StockHold.objects.create(owner_ref=new_id(), clock="real", opened_at=NOON, **fields))

    def test_an_owner_has_one(self, line: StockHoldLine) -> None:
        assert refuses(
            lambda: StockHold.objects.create(owner_ref=line.hold_id, clock="real", expires_at=NOON, opened_at=NOON)
        )


class TestHoldLine:
    @pytest.mark.parametrize(
        "counters",
        [
            {"quantity": 0},
            {"voided": -1},
            {"posted": -1},
            {"voided": 3, "posted": 3},
            {"released": 1},
            {"shipped": 1},
            {"returned": 1},
            {"posted": 5, "released": 3, "shipped": 3},
            {"posted": 5, "released": -1},
            {"posted": 5, "shipped": -1},
            {"posted": 5, "shipped": 2, "returned": 3},
            {"posted": 5, "shipped": 2, "returned": -1},
        ],
    )
    def test_never_more_comes_back_than_was_taken(self, line: StockHoldLine, counters: dict[str, int]) -> None:
        assert refuses(lambda: StockHoldLine.objects.filter(pk=line.pk).update(**counters))

    def test_lets_stand_what_adds_up(self, line: StockHoldLine) -> None:
        counters = {"voided": 1, "posted": 4, "released": 1, "shipped": 3, "returned": 3}
        assert not refuses(lambda: StockHoldLine.objects.filter(pk=line.pk).update(**counters))


class TestJournal:
    def insert(self, line: StockHoldLine, kind: MovementKind, **fields: Any) -> StockMovement:
        defaults: dict[str, Any] = {"available": 0, "held": 0, "committed": 0, "hold_line": line}
        if kind in OF_NO_LINE:
            defaults |= {"hold_line": None, "reason": "recount", "actor": "staff:7"}
        return StockMovement.objects.create(
            kind=kind, sku_id=line.sku_id, warehouse_id=line.warehouse_id, occurred_at=NOON, **(defaults | fields)
        )

    @pytest.mark.parametrize("kind", MovementKind)
    def test_takes_what_a_kind_does(self, line: StockHoldLine, kind: MovementKind) -> None:
        assert not refuses(lambda: self.insert(line, kind, **EFFECTS[kind].of(3)))

    @pytest.mark.parametrize("kind", OF_NO_LINE)
    def test_takes_what_is_of_no_line_of_either_sign(self, line: StockHoldLine, kind: MovementKind) -> None:
        assert not refuses(lambda: self.insert(line, kind, available=-3))

    @pytest.mark.parametrize(
        ("kind", "counter"),
        [pair for pair in product(MovementKind, COUNTERS) if pair not in product(OF_NO_LINE, ["available"])],
    )
    def test_refuses_what_a_kind_does_not_do(self, line: StockHoldLine, kind: MovementKind, counter: str) -> None:
        deltas = EFFECTS[kind].of(3)
        alone = sum(bool(delta) for delta in deltas.values()) == 1 and deltas[counter]
        deltas[counter] = -deltas[counter] if alone else deltas[counter] + 1
        assert refuses(lambda: self.insert(line, kind, **deltas))

    @pytest.mark.parametrize("kind", MovementKind)
    def test_refuses_a_movement_of_nothing(self, line: StockHoldLine, kind: MovementKind) -> None:
        assert refuses(lambda: self.insert(line, kind, **EFFECTS[kind].of(0)))

    def test_refuses_what_names_no_line(self, line: StockHoldLine) -> None:
        assert refuses(lambda: self.insert(line, MovementKind.HELD, **EFFECTS[MovementKind.HELD].of(1), hold_line=None))

    @pytest.mark.parametrize("kind", OF_NO_LINE)
    def test_refuses_a_line_where_there_is_none(self, line: StockHoldLine, kind: MovementKind) -> None:
        assert refuses(lambda: self.insert(line, kind, available=1, hold_line=line))

    @pytest.mark.parametrize("field", ["reason", "actor"])
    def test_refuses_an_adjustment_that_nobody_answers_for(self, line: StockHoldLine, field: str) -> None:
        assert refuses(lambda: self.insert(line, MovementKind.ADJUSTED, available=1, **{field: ""}))
