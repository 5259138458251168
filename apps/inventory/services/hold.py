"""Holding stock: all lines or none, and the hottest row last.

# Note [Planning before locking]
Which warehouse serves which line is decided on one plain read, so that hold, lines and journal are inserted before the
first stock is locked, and each stock is locked for one conditional UPDATE and the commit. Where the plan was overtaken,
a second read tells the two cases apart: what is short now is OutOfStock; what is still there, in another warehouse, is
worth starting over for, with all locks given back.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from django.db import IntegrityError, OperationalError

from apps.inventory import models
from apps.inventory.contracts import MovementKind, StockLine
from apps.inventory.errors import HoldRefused, OutOfStock
from apps.inventory.planning import Part, Shelf, find_shortages, plan_parts
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
    shelves = _list_shelves(lines)
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    moves = _insert_lines(owner_ref, plan_parts(lines, shelves), now=now)
    _take(lines, moves)


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


def _list_shelves(lines: Sequence[StockLine]) -> list[Shelf]:
    """What warehouses have of the SKUs, in the order in which they serve; read, not locked."""
    return [Shelf(*row) for row in _SHELVES(skus={line.sku_id for line in lines})]


def _insert_lines(owner_ref: int, parts: Sequence[Part], *, now: datetime) -> list[Move]:
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
    db.insert_pending()
    return moves


def _take(lines: Sequence[StockLine], moves: Sequence[Move]) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for (sku_id, warehouse_id), quantity in in_lock_order(moves):
        if not change_counters(MovementKind.HELD, sku_id=sku_id, warehouse_id=warehouse_id, quantity=quantity):
            _refuse_or_start_over(lines, taken)
        taken[sku_id, warehouse_id] = quantity


def _refuse_or_start_over(lines: Sequence[StockLine], taken: Counter[tuple[int, int]]) -> NoReturn:
    """Look again, with what this transaction has taken itself put back on the shelves."""
    shelves = [
        Shelf(shelf.sku_id, shelf.warehouse_id, shelf.available + taken[shelf.sku_id, shelf.warehouse_id])
        for shelf in _list_shelves(lines)
    ]
    shortages = find_shortages(lines, shelves)
    if shortages:
        raise OutOfStock(lines=shortages)
    raise PlanOvertaken
