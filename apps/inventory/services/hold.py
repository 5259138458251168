"""Holding stock: all lines or none, and the hottest row last.

# Note [Planning before locking]
Which warehouse serves which line is decided on one plain read, so that hold, lines and journal are inserted before the
first stock is locked, and each stock is locked for one conditional UPDATE and the commit. Where the plan was overtaken,
a second read tells the two cases apart: what is short now is OutOfStock; what is still there, in another warehouse, is
worth starting over for, with all locks given back.

# Note [Many owners]
A transaction that holds for many owners plans them one after the other, each on what those before it leave, and takes
the sum of each stock once, last. Where such a plan was overtaken the transaction starts over, and then locks the stocks
before it reads them: the same race is not lost twice.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from django.db import IntegrityError, OperationalError

from apps.inventory import models
from apps.inventory.contracts import MovementKind, StockLine
from apps.inventory.errors import HoldRefused, OutOfStock
from apps.inventory.planning import Shelf, find_shortages, plan_parts
from apps.inventory.services.movements import Move, change_counters, in_lock_order, write_journal
from tradecore import clock, db, locks, prepared
from tradecore.locks import Rank
from tradecore.prepared import Select

_CHANGED_SINCE_READ = 1020


class PlanOvertaken(OperationalError):
    """Others took what was planned on, and there is enough elsewhere: the use case starts again from the top.

    It carries the number by which the server itself asks for that (Note [Retries] in tradecore.db).
    """

    def __init__(self) -> None:
        super().__init__(_CHANGED_SINCE_READ, "the stock has changed since it was read")


@db.transaction_required
def hold(*, owner_ref: int, lines: Sequence[StockLine], expires_at: datetime, now: datetime) -> None:
    """Hold stock for every line of the owner, or for none.

    Refuses, in this order: HoldRefused, OutOfStock (with every SKU that is short).
    Locks: the hold, which is new, then stock by (SKU, warehouse).
    """
    if len({line.line_ref for line in lines}) < len(lines):
        raise ValueError("a line is named once")
    _open(owner_ref=owner_ref, expires_at=expires_at, now=now)
    moves = _plan(owner_ref, lines, _list_shelves(_skus_of(lines)), now=now)
    db.insert_pending()
    _take(lines, moves)


class Holding:
    """Stock that is held for owners of one transaction; see Note [Many owners].

    `locks_first` where a plan was overtaken before.
    """

    def __init__(self, *, sku_ids: Collection[int], locks_first: bool = False) -> None:
        self._shelves = _lock_shelves(sku_ids) if locks_first else _list_shelves(sku_ids)
        self._moves: list[Move] = []

    def add(self, *, owner_ref: int, lines: Sequence[StockLine], expires_at: datetime, now: datetime) -> None:
        """Plan for one more owner, who has never held anything. Refuses: OutOfStock; then nothing is planned for it."""
        db.insert_later(
            models.StockHold(owner_ref=owner_ref, clock=clock.clock_name(), expires_at=expires_at, opened_at=now)
        )
        moves = _plan(owner_ref, lines, self._shelves, now=now)
        taken = _sum_up(moves)
        self._shelves = [replace(each, available=each.available - taken[each.key]) for each in self._shelves]
        self._moves += moves

    def take(self) -> None:
        """Write what waits, and take the stock. Locks: stock by (SKU, warehouse)."""
        db.insert_pending()
        for (sku_id, warehouse_id), quantity in in_lock_order(self._moves):
            if not change_counters(MovementKind.HELD, sku_id=sku_id, warehouse_id=warehouse_id, quantity=quantity):
                raise PlanOvertaken


def _open(*, owner_ref: int, expires_at: datetime, now: datetime) -> None:
    """The owner is the key, so a second hold, or a tombstone, is found by the insert itself."""
    locks.note_lock(Rank.STOCK_HOLD, owner_ref)
    try:
        prepared.insert(
            models.StockHold(owner_ref=owner_ref, clock=clock.clock_name(), expires_at=expires_at, opened_at=now)
        )
    except IntegrityError as error:
        raise HoldRefused(owner_ref=owner_ref) from error


_SHELVES = Select(
    lambda skus: (
        models.Stock.objects.filter(sku_id__in=skus)
        .order_by("warehouse__priority", "warehouse_id")
        .values_list("sku_id", "warehouse_id", "available")
    )
)


def _list_shelves(sku_ids: Collection[int]) -> list[Shelf]:
    """What warehouses have of the SKUs, in the order in which they serve; read, not locked."""
    return [Shelf(*row) for row in _SHELVES(skus=set(sku_ids))]


def _lock_shelves(sku_ids: Collection[int]) -> list[Shelf]:
    """The same, locked: by SKU and warehouse, one after the other."""
    found = sorted(shelf.key for shelf in _list_shelves(sku_ids))
    for sku_id, warehouse_id in found:
        locks.note_lock(Rank.STOCK, sku_id, warehouse_id)
        _LOCK(sku=sku_id, warehouse=warehouse_id)
    return _list_shelves(sku_ids)


_LOCK = Select(
    lambda sku, warehouse: (
        models.Stock.objects.filter(sku_id=sku, warehouse_id=warehouse).select_for_update().values_list("pk", flat=True)
    )
)


def _skus_of(lines: Sequence[StockLine]) -> set[int]:
    return {line.sku_id for line in lines}


def _plan(owner_ref: int, lines: Sequence[StockLine], shelves: Sequence[Shelf], *, now: datetime) -> list[Move]:
    """Let the lines of an owner wait to be inserted. Refuses: OutOfStock."""
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    parts = plan_parts(lines, shelves)
    moves = [
        Move(
            line=models.StockHoldLine(
                hold_id=owner_ref,
                line_ref=part.line.line_ref,
                sku_id=part.line.sku_id,
                warehouse_id=part.warehouse_id,
                quantity=part.quantity,
            ),
            quantity=part.quantity,
        )
        for part in parts
    ]
    db.insert_later(*(move.line for move in moves))
    write_journal(MovementKind.HELD, moves, now=now)
    return moves


def _sum_up(moves: Sequence[Move]) -> Counter[tuple[int, int]]:
    return Counter(dict(in_lock_order(moves)))


def _take(lines: Sequence[StockLine], moves: Sequence[Move]) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for (sku_id, warehouse_id), quantity in in_lock_order(moves):
        if not change_counters(MovementKind.HELD, sku_id=sku_id, warehouse_id=warehouse_id, quantity=quantity):
            _refuse_or_start_over(lines, taken)
        taken[sku_id, warehouse_id] = quantity


def _refuse_or_start_over(lines: Sequence[StockLine], taken: Counter[tuple[int, int]]) -> NoReturn:
    """Look again, with what this transaction has taken itself put back on the shelves."""
    shelves = [replace(shelf, available=shelf.available + taken[shelf.key]) for shelf in _list_shelves(_skus_of(lines))]
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    raise PlanOvertaken
