"""Holding stock: all lines or none, and the hottest row last.

# Note [Planning before locking]
Which shelf (a bucket of a warehouse) serves which line is decided on one plain read, so that hold, lines and journal
are inserted before the first stock is locked, and each stock is locked for one conditional UPDATE and the commit. Where
the plan was overtaken, a second read tells the two cases apart: what is short now is OutOfStock; what is still there,
on another shelf, is worth starting over for, with all locks given back. What lies in buckets that run low is locked
before it is read: the last pieces are wanted by many who would overtake one another.

# Note [Home]
Of a SKU in buckets (Note [Buckets] of the models) different transactions should lock different rows. The low bits of an
owner are its buyer's gene, which is random: that is where one who buys alone begins. A group begins where its process
always does, so that what is bought together is paid for with few rows too; processes have different numbers.

# Note [Many owners]
A transaction that holds for many owners plans them one after the other, each on what those before it leave, and takes
the sum of each bucket once, last. Where such a plan was overtaken the transaction starts over, and then locks the
stocks before it reads them: the same race is not lost twice.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NoReturn

from django.db import IntegrityError, OperationalError

from apps.inventory import models
from apps.inventory.contracts import MovementKind, StockLine
from apps.inventory.errors import HoldRefused, OutOfStock
from apps.inventory.planning import Shelf, StockKey, find_shortages, plan_parts, runs_low
from apps.inventory.services.movements import Move, change_counters, in_lock_order, lock_bucket, write_journal
from apps.inventory.services.resolve import know_pending
from tradecore import clock, db, locks, prepared
from tradecore.ids import worker_of
from tradecore.locks import Know, Rank
from tradecore.prepared import Select

_CHANGED_SINCE_READ = 1020


class PlanOvertaken(OperationalError):
    """Others took what was planned on, and there is enough elsewhere: the use case starts again from the top.

    It carries the number by which the server itself asks for that (Note [Retries] in tradecore.db).
    """

    def __init__(self) -> None:
        super().__init__(_CHANGED_SINCE_READ, "the stock has changed since it was read")


@db.transaction_required
def hold(*, owner_ref: int, lines: Sequence[StockLine], expires_at: datetime, now: datetime) -> Know:
    """Hold stock for every line of the owner, or for none. Returns what lets the next transaction know what is held
    (Note [Just written] of the locks).

    Refuses, in this order: HoldRefused, OutOfStock (with every SKU that is short).
    Locks: the hold, which is new, then stock by (SKU, warehouse, bucket).
    """
    if len({line.line_ref for line in lines}) < len(lines):
        raise ValueError("a line is named once")
    _open(owner_ref=owner_ref, expires_at=expires_at, now=now)
    shelves = _list_shelves(_skus_of(lines))
    if runs_low(lines, shelves):
        shelves = _lock_shelves(_skus_of(lines))
    moves = _plan(owner_ref, lines, shelves, home=owner_ref, now=now)
    _take(lines, moves)
    return _knowing(owner_ref, moves)


class Holding:
    """Stock that is held for owners of one transaction; see Note [Many owners].

    `locks_first` where a plan was overtaken before.
    """

    def __init__(self, *, sku_ids: Collection[int], locks_first: bool = False) -> None:
        self._shelves = _lock_shelves(sku_ids) if locks_first else _list_shelves(sku_ids)
        self._moves: list[Move] = []

    def add(self, *, owner_ref: int, lines: Sequence[StockLine], expires_at: datetime, now: datetime) -> Know:
        """Plan for one more owner, who has never held anything. Refuses: OutOfStock; then nothing is planned for it.

        Returns what `hold` does.
        """
        db.insert_later(
            models.StockHold(owner_ref=owner_ref, clock=clock.clock_name(), expires_at=expires_at, opened_at=now)
        )
        moves = _plan(owner_ref, lines, self._shelves, home=worker_of(owner_ref), now=now)
        taken = _sum_up(moves)
        self._shelves = [replace(each, available=each.available - taken[each.key]) for each in self._shelves]
        self._moves += moves
        return _knowing(owner_ref, moves)

    def take(self) -> None:
        """Write what waits, and take the stock. Locks: stock by (SKU, warehouse, bucket)."""
        _, stocks = change_counters(MovementKind.HELD, self._moves)
        if not all(was_taken for _, _, was_taken in stocks):
            raise PlanOvertaken


def _knowing(owner_ref: int, moves: Sequence[Move]) -> Know:
    return partial(know_pending, owner_ref, [each.line for each in moves])


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
        .order_by("warehouse__priority", "warehouse_id", "bucket")
        .values_list("sku_id", "warehouse_id", "available", "bucket")
    )
)


def _list_shelves(sku_ids: Collection[int]) -> list[Shelf]:
    """What is where of the SKUs, in the order in which warehouses serve; read, not locked."""
    return [Shelf(*row) for row in _SHELVES(skus=set(sku_ids))]


def _lock_shelves(sku_ids: Collection[int]) -> list[Shelf]:
    """The same, locked: one after the other. Where a bucket was made meanwhile, the use case starts again."""
    found = sorted(shelf.key for shelf in _list_shelves(sku_ids))
    for key in found:
        lock_bucket(key)
    locked = _list_shelves(sku_ids)
    if sorted(shelf.key for shelf in locked) != found:
        raise PlanOvertaken
    return locked


def _skus_of(lines: Sequence[StockLine]) -> set[int]:
    return {line.sku_id for line in lines}


def _plan(
    owner_ref: int, lines: Sequence[StockLine], shelves: Sequence[Shelf], *, home: int, now: datetime
) -> list[Move]:
    """Let the lines of an owner wait to be inserted. Refuses: OutOfStock."""
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    parts = plan_parts(lines, shelves, home=home)
    moves = [
        Move(
            line=models.StockHoldLine(
                hold_id=owner_ref,
                line_ref=part.line.line_ref,
                sku_id=part.line.sku_id,
                warehouse_id=part.warehouse_id,
                bucket=part.bucket,
                quantity=part.quantity,
            ),
            quantity=part.quantity,
        )
        for part in parts
    ]
    db.insert_later(*(move.line for move in moves))
    write_journal(MovementKind.HELD, moves, now=now)
    return moves


def _sum_up(moves: Sequence[Move]) -> Counter[StockKey]:
    return Counter(dict(in_lock_order(moves)))


def _take(lines: Sequence[StockLine], moves: Sequence[Move]) -> None:
    """Write what waits, and take the stock."""
    _, stocks = change_counters(MovementKind.HELD, moves)
    taken = Counter({key: pieces for key, pieces, was_taken in stocks if was_taken})
    if len(taken) < len(stocks):
        _refuse_or_start_over(lines, taken)


def _refuse_or_start_over(lines: Sequence[StockLine], taken: Counter[StockKey]) -> NoReturn:
    """Look again, with what this transaction has taken itself put back on the shelves."""
    shelves = [replace(shelf, available=shelf.available + taken[shelf.key]) for shelf in _list_shelves(_skus_of(lines))]
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    raise PlanOvertaken
