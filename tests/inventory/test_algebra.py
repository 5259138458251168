"""Any sequence of verbs: counters are what the journal adds up to, never negative, and no piece is lost or made."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inventory import api as inventory
from apps.inventory import buckets
from apps.inventory.models import Stock, StockHoldLine, StockMovement, Warehouse
from tests.factories.inventory import EXPIRES_AT, WarehouseFactory, make_stock
from tests.support import NOON, in_use_case
from tradecore.ids import new_id
from tradecore.states import IllegalTransition

COUNTERS = ("available", "held", "committed")
REFUSALS = (
    inventory.OutOfStock,
    inventory.HoldRefused,
    inventory.MoreThanHeld,
    inventory.NotEnoughAvailable,
    IllegalTransition,
)

steps = st.tuples(
    st.sampled_from(
        ["hold", "post", "void", "expire", "release", "ship", "take_back", "adjust", "mark", "unmark", "level"]
    ),
    st.integers(0, 3),  # which owner, which warehouse
    st.integers(0, 1),  # which SKU
    st.integers(1, 6),  # how many pieces
)


@dataclass
class House:
    """Two SKUs in two warehouses, four owners with a line for each SKU, and what came in and went out."""

    warehouses: list[Warehouse]
    skus: list[int]
    owners: list[int] = field(default_factory=lambda: [new_id() for _ in range(4)])
    lines: dict[tuple[int, int], int] = field(default_factory=dict)
    on_hand: Counter[int] = field(default_factory=Counter)

    def line_ref(self, owner: int, sku: int) -> int:
        return self.lines.setdefault((owner, sku), new_id())

    def live(self, verb: str, owner: int, sku: int, quantity: int) -> None:
        """Do one thing, through the door, in a transaction of its own."""
        ref = self.owners[owner]
        pieces = [(self.line_ref(owner, sku), quantity)]
        if verb == "hold":
            wants = [inventory.StockLine(self.line_ref(owner, n), self.skus[n], quantity) for n in range(sku + 1)]
            in_use_case(lambda: inventory.hold(owner_ref=ref, lines=wants, expires_at=EXPIRES_AT, now=NOON))
        elif verb == "post":
            in_use_case(lambda: inventory.post(owner_ref=ref, now=NOON))
        elif verb == "void":
            in_use_case(lambda: inventory.void(owner_ref=ref, now=NOON))
        elif verb == "expire":
            inventory.expire_holds(now=EXPIRES_AT, limit=1)
        elif verb in {"mark", "unmark", "level"}:
            self.shift(verb, sku)
        elif verb == "adjust":
            self.adjust(owner, sku, quantity)
        elif inventory.find_hold(owner_ref=ref) is not None:
            self.move(verb, ref, sku, pieces)

    def shift(self, verb: str, sku: int) -> None:
        """Spread a SKU, gather it, or look at both."""
        if verb == "level":
            inventory.level_stock(now=NOON)
        else:
            change = inventory.mark_hot if verb == "mark" else inventory.unmark_hot
            change(sku_id=self.skus[sku], reason="tests", actor="tests", now=NOON)

    def adjust(self, owner: int, sku: int, quantity: int) -> None:
        """The first two owners' steps bring pieces, the others take them away."""
        warehouse, delta = self.warehouses[owner % 2], quantity if owner < 2 else -quantity
        inventory.adjust_stock(
            shop_id=warehouse.shop_id,
            warehouse_id=warehouse.pk,
            sku_id=self.skus[sku],
            delta=delta,
            reason="recount",
            actor="tests",
            now=NOON,
        )
        self.on_hand[self.skus[sku]] += delta

    def move(self, verb: str, owner_ref: int, sku: int, pieces: list[tuple[int, int]]) -> None:
        if verb == "release":
            in_use_case(lambda: inventory.release(owner_ref=owner_ref, lines=pieces, reason="tests", now=NOON))
        elif verb == "ship":
            in_use_case(lambda: inventory.ship(owner_ref=owner_ref, lines=pieces, now=NOON))
            self.on_hand[self.skus[sku]] -= pieces[0][1]
        else:
            in_use_case(lambda: inventory.take_back(owner_ref=owner_ref, lines=pieces, reason="tests", now=NOON))
            self.on_hand[self.skus[sku]] += pieces[0][1]


def build_house() -> House:
    warehouses = [WarehouseFactory.create(priority=priority) for priority in (1, 2)]
    house = House(warehouses=warehouses, skus=[new_id(), new_id()])
    for sku in house.skus:
        for warehouse in warehouses:
            make_stock(5, sku_id=sku, warehouse=warehouse)
            house.on_hand[sku] += 5
    return house


def check(house: House) -> None:
    """Counters = journal = hold lines; what is on hand is what came in less what went out."""
    for sku in house.skus:
        assert list(inventory.list_differences(sku_id=sku)) == []
        stock = Stock.objects.filter(sku_id=sku)
        assert all(getattr(row, counter) >= 0 for row in stock for counter in COUNTERS)
        assert sum(row.on_hand for row in stock) == house.on_hand[sku]
        shifts = StockMovement.objects.filter(sku_id=sku, kind="SHIFTED")
        assert sum(shifts.values_list("available", flat=True)) == 0
        for row in stock:
            lines = StockHoldLine.objects.filter(sku_id=sku, warehouse_id=row.warehouse_id, bucket=row.bucket)
            assert row.held == sum(line.quantity - line.voided - line.posted for line in lines)
            assert row.committed == sum(line.posted - line.released - line.shipped for line in lines)
    for line in StockHoldLine.objects.filter(sku_id__in=house.skus).select_related("hold"):
        assert line.hold.status == "PENDING" or line.quantity == line.voided + line.posted
        moved = StockMovement.objects.filter(hold_line=line).aggregate(*(Sum(counter) for counter in COUNTERS))
        assert int(moved["held__sum"]) == line.quantity - line.voided - line.posted


@pytest.mark.django_db
class TestAlgebra:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(sequence=st.lists(steps, max_size=25))
    def test_holds_for_any_sequence_of_verbs(
        self, sequence: list[tuple[str, int, int, int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(buckets, "PIECES_MIN", 2)
        house = build_house()
        for verb, owner, sku, quantity in sequence:
            before = list(Stock.objects.filter(sku_id__in=house.skus).order_by("id").values_list(*COUNTERS))
            try:
                house.live(verb, owner, sku, quantity)
            except REFUSALS:
                after = list(Stock.objects.filter(sku_id__in=house.skus).order_by("id").values_list(*COUNTERS))
                assert after == before
        check(house)
