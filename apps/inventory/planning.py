"""From which warehouse each line is served: pure arithmetic on what was read, before anything is locked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.inventory.contracts import Shortage, StockLine


@dataclass(frozen=True, slots=True)
class Shelf:
    """How much of a SKU a warehouse had available when it was looked at."""

    sku_id: int
    warehouse_id: int
    available: int

    @property
    def key(self) -> tuple[int, int]:
        return self.sku_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class Part:
    """What one line takes from one warehouse."""

    line: StockLine
    warehouse_id: int
    quantity: int


def find_shortages(lines: Iterable[StockLine], shelves: Iterable[Shelf]) -> tuple[Shortage, ...]:
    """Every SKU of which the lines want more, together, than all warehouses have; by SKU."""
    wanted = _demand(lines)
    available: Counter[int] = Counter()
    for shelf in shelves:
        available[shelf.sku_id] += max(0, shelf.available)
    return tuple(
        Shortage(sku_id=sku_id, wanted=quantity, available=available[sku_id])
        for sku_id, quantity in sorted(wanted.items())
        if quantity > available[sku_id]
    )


def plan_parts(lines: Sequence[StockLine], shelves: Sequence[Shelf]) -> list[Part]:
    """Divide the lines over the shelves, which come in the order in which they serve and are enough.

    A SKU comes from the first warehouse that can serve all of its demand; only if none can, from one after another.
    """
    parts: list[Part] = []
    for sku_id, quantity in _demand(lines).items():
        own = [shelf for shelf in shelves if shelf.sku_id == sku_id]
        alone = [shelf for shelf in own if shelf.available >= quantity][:1]
        parts += _fill([line for line in lines if line.sku_id == sku_id], alone or own)
    return parts


def _demand(lines: Iterable[StockLine]) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.sku_id] += line.quantity
    return wanted


def _fill(lines: Sequence[StockLine], shelves: Sequence[Shelf]) -> list[Part]:
    """Serve lines of one SKU in turn, each from what the lines before it left on the shelves."""
    left = {shelf.warehouse_id: max(0, shelf.available) for shelf in shelves}
    parts: list[Part] = []
    for line in lines:
        missing = line.quantity
        for warehouse_id, available in left.items():
            taken = min(missing, available)
            if taken:
                parts.append(Part(line=line, warehouse_id=warehouse_id, quantity=taken))
                left[warehouse_id] -= taken
                missing -= taken
    return parts
