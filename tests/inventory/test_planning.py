"""Which warehouse serves which line: pure arithmetic."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from apps.inventory.contracts import Shortage, StockLine
from apps.inventory.planning import Shelf, find_shortages, plan_parts

SKUS = st.integers(1, 3)

line_lists = st.lists(st.tuples(SKUS, st.integers(1, 20)), min_size=1, max_size=6).map(
    lambda wants: [StockLine(ref, sku, quantity) for ref, (sku, quantity) in enumerate(wants)]
)
shelf_lists = st.dictionaries(st.tuples(SKUS, st.integers(1, 4)), st.integers(0, 40), max_size=12).map(
    lambda stock: [Shelf(sku, warehouse, available) for (sku, warehouse), available in stock.items()]
)


class TestFindShortages:
    def test_adds_up_lines_and_warehouses(self) -> None:
        lines = [StockLine(1, sku_id=7, quantity=3), StockLine(2, sku_id=7, quantity=3)]
        shelves = [Shelf(7, 1, 4), Shelf(7, 2, 1)]
        assert find_shortages(lines, shelves) == (Shortage(sku_id=7, wanted=6, available=5),)

    def test_lets_no_warehouse_hide_what_another_has(self) -> None:
        assert find_shortages([StockLine(1, sku_id=7, quantity=5)], [Shelf(7, 1, -3), Shelf(7, 2, 5)]) == ()


class TestPlanParts:
    @given(lines=line_lists, shelves=shelf_lists)
    def test_serves_every_line_and_empties_no_shelf_twice(self, lines: list[StockLine], shelves: list[Shelf]) -> None:
        if find_shortages(lines, shelves):
            return
        served: Counter[StockLine] = Counter()
        taken: Counter[tuple[int, int]] = Counter()
        for part in plan_parts(lines, shelves):
            assert part.quantity > 0
            served[part.line] += part.quantity
            taken[part.line.sku_id, part.warehouse_id] += part.quantity
        assert all(served[line] == line.quantity for line in lines)
        available = {(shelf.sku_id, shelf.warehouse_id): shelf.available for shelf in shelves}
        assert all(quantity <= available[pair] for pair, quantity in taken.items())

    @given(lines=line_lists, shelves=shelf_lists)
    def test_divides_no_sku_that_one_warehouse_can_serve(self, lines: list[StockLine], shelves: list[Shelf]) -> None:
        if find_shortages(lines, shelves):
            return
        parts = plan_parts(lines, shelves)
        for sku_id in {line.sku_id for line in lines}:
            wanted = sum(line.quantity for line in lines if line.sku_id == sku_id)
            if any(shelf.sku_id == sku_id and shelf.available >= wanted for shelf in shelves):
                assert len({part.warehouse_id for part in parts if part.line.sku_id == sku_id}) == 1
