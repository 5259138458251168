"""From which bucket of which warehouse each line is served: pure arithmetic on what was read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from apps.inventory.contracts import Shortage, StockLine

#: (SKU, warehouse, bucket): what a stock is known by, and the order in which stocks are locked.
StockKey = tuple[int, int, int]

#: A bucket with so many pieces more than are wanted is not sold out in the moment between reading and taking.
ROOM = 32


@dataclass(frozen=True, slots=True)
class Shelf:
    """How much of a SKU a bucket of a warehouse had available when it was looked at."""

    sku_id: int
    warehouse_id: int
    available: int
    bucket: int = 0

    @property
    def key(self) -> StockKey:
        return self.sku_id, self.warehouse_id, self.bucket


@dataclass(frozen=True, slots=True)
class Part:
    """What one line takes from one shelf."""

    line: StockLine
    warehouse_id: int
    bucket: int
    quantity: int


def find_shortages(lines: Iterable[StockLine], shelves: Iterable[Shelf]) -> tuple[Shortage, ...]:
    """Every SKU of which the lines want more, together, than all shelves have; by SKU."""
    wanted = _demand(lines)
    available: Counter[int] = Counter()
    for shelf in shelves:
        available[shelf.sku_id] += max(0, shelf.available)
    return tuple(
        Shortage(sku_id=sku_id, wanted=quantity, available=available[sku_id])
        for sku_id, quantity in sorted(wanted.items())
        if quantity > available[sku_id]
    )


def runs_low(lines: Iterable[StockLine], shelves: Sequence[Shelf]) -> bool:
    """Whether a SKU lies in buckets of which none has much more than is wanted: others will take what is left."""
    for sku_id, quantity in _demand(lines).items():
        filled = [shelf for shelf in shelves if shelf.sku_id == sku_id and shelf.available > 0]
        is_in_buckets = len(filled) > 1 and any(shelf.bucket for shelf in filled)
        if is_in_buckets and max(shelf.available for shelf in filled) < quantity + ROOM:
            return True
    return False


def plan_parts(lines: Sequence[StockLine], shelves: Sequence[Shelf], *, home: int = 0) -> list[Part]:
    """Divide the lines over the shelves, which come in the order in which they serve and are enough.

    A SKU comes from the first warehouse that can serve all of its demand; only if none can, from one after another. In
    a warehouse buckets are asked in their order, from one on that `home` says and round: where different buyers have
    different homes, they lock different rows.
    """
    parts: list[Part] = []
    for sku_id, quantity in _demand(lines).items():
        warehouses = list(_by_warehouse([shelf for shelf in shelves if shelf.sku_id == sku_id], home))
        whole = next((each for each in warehouses if _pieces(each) >= quantity), None)
        own = whole or [shelf for warehouse in warehouses for shelf in warehouse]
        alone = [shelf for shelf in own if shelf.available >= quantity][:1]
        parts += _fill([line for line in lines if line.sku_id == sku_id], alone or own)
    return parts


def _demand(lines: Iterable[StockLine]) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.sku_id] += line.quantity
    return wanted


def _by_warehouse(shelves: Sequence[Shelf], home: int) -> Iterator[list[Shelf]]:
    """What is not empty, by warehouse; the buckets of each turned round, so that the home comes first."""
    filled = [shelf for shelf in shelves if shelf.available > 0]
    for _, group in groupby(filled, key=attrgetter("warehouse_id")):
        buckets = list(group)
        first = home % len(buckets)
        yield [*buckets[first:], *buckets[:first]]


def _pieces(shelves: Iterable[Shelf]) -> int:
    return sum(shelf.available for shelf in shelves)


def _fill(lines: Sequence[StockLine], shelves: Sequence[Shelf]) -> list[Part]:
    """Serve lines of one SKU in turn, each from what the lines before it left on the shelves."""
    left = {(shelf.warehouse_id, shelf.bucket): shelf.available for shelf in shelves}
    parts: list[Part] = []
    for line in lines:
        missing = line.quantity
        for (warehouse_id, bucket), available in left.items():
            taken = min(missing, available)
            if taken:
                parts.append(Part(line=line, warehouse_id=warehouse_id, bucket=bucket, quantity=taken))
                left[warehouse_id, bucket] -= taken
                missing -= taken
    return parts
