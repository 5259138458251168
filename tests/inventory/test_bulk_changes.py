"""A change of a stock that is too large for one person waits for a second one."""

from typing import Any

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import StockMovement, Warehouse
from tests.factories.approvals import give_approval, status_of
from tests.factories.inventory import WarehouseFactory, hold_stock, line_of, make_stock, numbers_of, post_stock
from tests.support import NOON, in_use_case
from tradecore import approvals
from tradecore.approvals import AwaitsApproval, SamePerson
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import Approval, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse() -> Warehouse:
    made: Warehouse = WarehouseFactory.create(code="LEEDS")
    return made


def adjust(
    warehouse: Warehouse, sku: int, delta: int, *, expected_on_hand: int | None = None, reason: str = "delivery 17"
) -> inventory.StockLevel | AwaitsApproval:
    return inventory.adjust_stock(
        shop_id=warehouse.shop_id,
        warehouse_id=warehouse.pk,
        sku_id=sku,
        delta=delta,
        reason=reason,
        actor="user:1",
        now=NOON,
        expected_on_hand=expected_on_hand,
    )


class TestWhatGoesThroughAtOnce:
    @pytest.mark.parametrize(
        ("on_hand", "delta"),
        [
            (10, 999),  # many times the stock, but few pieces
            (1_000, -999),
            (2_000, -1_800),  # 90 %
            (2_000, 1_800),
            (1_000_000, 10_000),
            (1_000_000, -10_000),
        ],
    )
    def test_is_a_small_change_or_a_small_part(self, warehouse: Warehouse, on_hand: int, delta: int) -> None:
        sku = make_stock(on_hand, warehouse=warehouse)
        assert isinstance(adjust(warehouse, sku, delta), inventory.StockLevel)
        assert numbers_of(sku) == [(on_hand + delta, 0, 0)]
        assert not Approval.objects.exists()

    def test_fills_an_empty_shelf(self, warehouse: Warehouse) -> None:
        sku = new_id()
        adjust(warehouse, sku, 1_000_000)
        adjust(warehouse, make_stock(5, sku_id=sku), 1_000)
        assert not Approval.objects.exists()

    def test_is_within_the_bounds_that_are_set(self, warehouse: Warehouse, settings: Any) -> None:
        settings.STOCK_CHANGE_MIN_PIECES = 5
        sku = make_stock(10, warehouse=warehouse)
        assert isinstance(adjust(warehouse, sku, 9), inventory.StockLevel)
        settings.STOCK_CHANGE_MAX_BP = 1_000
        assert isinstance(adjust(warehouse, sku, 5), AwaitsApproval)
        settings.STOCK_FILLING_MAX_PIECES = 3
        assert isinstance(adjust(warehouse, new_id(), 4), AwaitsApproval)


class TestWhatWaits:
    @pytest.mark.parametrize(
        ("on_hand", "delta"), [(1_111, -1_000), (1_111, 1_000), (1_000_000, 10_001), (1_000_000, -10_001)]
    )
    def test_is_a_large_change(self, warehouse: Warehouse, on_hand: int, delta: int) -> None:
        sku = make_stock(on_hand, warehouse=warehouse)
        waits = adjust(warehouse, sku, delta)
        assert isinstance(waits, AwaitsApproval)
        assert numbers_of(sku) == [(on_hand, 0, 0)]
        (waiting,) = inventory.list_waiting_adjustments(sku_id=sku, now=NOON)
        assert waiting == inventory.WaitingAdjustment(
            approval_id=waits.approval_id,
            warehouse_id=warehouse.pk,
            delta=delta,
            reason="delivery 17",
            expires_at=waits.expires_at,
        )

    def test_fills_an_empty_shelf_with_what_no_shelf_holds(self, warehouse: Warehouse) -> None:
        sku = new_id()
        assert isinstance(adjust(warehouse, sku, 1_000_001), AwaitsApproval)
        assert numbers_of(sku) == [(0, 0, 0)]
        assert not StockMovement.objects.exists()

    def test_says_to_the_second_person_what_it_is(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_200, warehouse=warehouse)
        hold_stock(line_of(sku, 100))
        waits = adjust(warehouse, sku, -1_100, expected_on_hand=1_200)
        assert isinstance(waits, AwaitsApproval)
        request = approvals.get_request(approval_id=waits.approval_id, now=NOON)
        assert (request.kind, request.subject) == (inventory.BULK_CHANGE, f"sku:{sku}")
        assert (request.requested_by, request.reason) == ("user:1", "delivery 17")
        assert approvals.spell_out(request.content) == [
            f"shop_id: {warehouse.shop_id}",
            f"sku_id: {sku}",
            f"warehouse_id: {warehouse.pk}",
            "warehouse_code: LEEDS",
            "on_hand: 1200",
            "delta: -1100",
            "expected_on_hand: 1200",
            "reason: delivery 17",
        ]

    def test_waits_once_although_parcels_leave_meanwhile(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_000, warehouse=warehouse)
        line = line_of(sku, 2)
        owner = post_stock(line)
        first = adjust(warehouse, sku, 5_000)
        in_use_case(lambda: inventory.ship(owner_ref=owner, lines=[(line.line_ref, 2)], now=NOON))
        assert adjust(warehouse, sku, 5_000) == first
        assert adjust(warehouse, sku, 5_000, reason="delivery 18") != first

    def test_is_refused_first_where_it_cannot_be(self, warehouse: Warehouse) -> None:
        sku = make_stock(5_000, warehouse=warehouse)
        with pytest.raises(inventory.NotEnoughAvailable):
            adjust(warehouse, sku, -5_001)
        with pytest.raises(inventory.StockChanged):
            adjust(warehouse, sku, -5_000, expected_on_hand=5_001)
        assert not Approval.objects.exists()


class TestApproval:
    def test_makes_it(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_000, warehouse=warehouse)
        give_approval(adjust(warehouse, sku, 5_000, expected_on_hand=1_000))
        assert numbers_of(sku) == [(6_000, 0, 0)]
        movement, *_ = inventory.list_movements(sku_id=sku, limit=1)
        assert (movement.actor, movement.reason) == ("second person", "delivery 17")
        assert inventory.list_waiting_adjustments(sku_id=sku, now=NOON) == []

    def test_makes_it_although_parcels_have_left_meanwhile(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_000, warehouse=warehouse)
        line = line_of(sku, 2)
        owner = post_stock(line)
        waits = adjust(warehouse, sku, 5_000)
        in_use_case(lambda: inventory.ship(owner_ref=owner, lines=[(line.line_ref, 2)], now=NOON))
        give_approval(waits)
        assert numbers_of(sku) == [(5_998, 0, 0)]

    def test_is_not_given_by_whoever_has_asked(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_000, warehouse=warehouse)
        with pytest.raises(SamePerson):
            give_approval(adjust(warehouse, sku, 5_000), actor="user:1")
        assert numbers_of(sku) == [(1_000, 0, 0)]

    def test_refuses_when_the_count_does_not_hold_any_more(self, warehouse: Warehouse) -> None:
        sku = make_stock(1_000, warehouse=warehouse)
        waits = adjust(warehouse, sku, 5_000, expected_on_hand=1_000)
        adjust(warehouse, sku, 1)
        before = StockMovement.objects.count(), AuditEntry.objects.count()
        with pytest.raises(inventory.StockChanged) as refused:
            give_approval(waits)
        assert refused.value.facts() == {"expected_on_hand": 1_000, "on_hand": 1_001}
        assert numbers_of(sku) == [(1_001, 0, 0)]
        assert (StockMovement.objects.count(), AuditEntry.objects.count()) == before
        assert status_of(waits) == "PENDING"

    def test_refuses_when_the_pieces_are_promised_by_now(self, warehouse: Warehouse) -> None:
        sku = make_stock(2_000, warehouse=warehouse)
        waits = adjust(warehouse, sku, -1_900)
        hold_stock(line_of(sku, 101))
        with pytest.raises(inventory.NotEnoughAvailable):
            give_approval(waits)
        assert numbers_of(sku) == [(1_899, 101, 0)]

    def test_refuses_a_warehouse_that_is_another_shops_by_now(self, warehouse: Warehouse) -> None:
        sku = make_stock(2_000, warehouse=warehouse)
        waits = adjust(warehouse, sku, -1_900)
        Warehouse.objects.filter(pk=warehouse.pk).update(shop_id=new_id())
        with pytest.raises(NotFound):
            give_approval(waits)
        assert numbers_of(sku) == [(2_000, 0, 0)]


@pytest.mark.race
class TestRace:
    def test_equal_changes_at_once_wait_once(self, race: Any) -> None:
        warehouse = WarehouseFactory.create()
        sku = make_stock(2_000, warehouse=warehouse)
        outcomes = race([lambda: adjust(warehouse, sku, 5_000) for _ in range(8)])
        (waits,) = set(outcomes)
        assert isinstance(waits, AwaitsApproval)
        assert Approval.objects.count() == 1
        assert numbers_of(sku) == [(2_000, 0, 0)]

    def test_one_of_those_that_fill_an_empty_shelf_at_once_does(self, race: Any) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        outcomes = race([lambda n=n: adjust(warehouse, sku, 20_000 + n) for n in range(8)])
        assert sum(isinstance(outcome, inventory.StockLevel) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, AwaitsApproval) for outcome in outcomes) == 7
        ((available, _, _),) = numbers_of(sku)
        assert 20_000 <= available < 20_008
