"""The one way in which a counter changes: journal first, then the stock, by the table of `effects.py`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F, Q, QuerySet

from apps.inventory import models
from apps.inventory.contracts import MovementKind
from apps.inventory.effects import EFFECTS
from apps.inventory.errors import CountersDrifted
from tradecore import db, locks
from tradecore.locks import Rank
from tradecore.prepared import Update


@dataclass(frozen=True, slots=True)
class Move:
    """So many pieces of what one hold line holds in its warehouse."""

    line: models.StockHoldLine
    quantity: int


def move(kind: MovementKind, moves: Sequence[Move], *, now: datetime, reason: str = "") -> None:
    """Write the journal, insert everything that waits, then change the counters. Raises CountersDrifted."""
    write_journal(kind, moves, now=now, reason=reason)
    db.insert_pending()
    for (sku_id, warehouse_id), quantity in in_lock_order(moves):
        if not change_counters(kind, sku_id=sku_id, warehouse_id=warehouse_id, quantity=quantity):
            raise CountersDrifted(sku_id=sku_id, warehouse_id=warehouse_id)


def write_journal(kind: MovementKind, moves: Iterable[Move], *, now: datetime, reason: str = "") -> None:
    """Let a row per hold line be inserted with the next bulk."""
    effect = EFFECTS[kind]
    db.insert_later(
        *(
            models.StockMovement(
                kind=kind,
                sku_id=each.line.sku_id,
                warehouse_id=each.line.warehouse_id,
                hold_line=each.line,
                reason=reason,
                occurred_at=now,
                **effect.of(each.quantity),
            )
            for each in moves
        )
    )


def in_lock_order(moves: Iterable[Move]) -> list[tuple[tuple[int, int], int]]:
    """((SKU, warehouse), pieces) for each stock concerned, once, in the order in which stocks are locked."""
    sums: Counter[tuple[int, int]] = Counter()
    for each in moves:
        sums[each.line.sku_id, each.line.warehouse_id] += each.quantity
    return sorted(sums.items())


def change_counters(kind: MovementKind, *, sku_id: int, warehouse_id: int, quantity: int) -> bool:
    """Change the counters of one stock in one statement; False, and nothing changed, if one would become negative."""
    locks.note_lock(Rank.STOCK, sku_id, warehouse_id)
    return bool(_CHANGES[kind](sku=sku_id, warehouse=warehouse_id, quantity=quantity))


def adjust_counters(condition: Q, *, sku_id: int, warehouse_id: int, delta: int) -> bool:
    """Add pieces to one stock, or take some away, if a condition holds; False, and nothing changed, if it does not."""
    locks.note_lock(Rank.STOCK, sku_id, warehouse_id)
    stock, counters = _change(MovementKind.ADJUSTED, sku_id, warehouse_id, delta)
    return bool(stock.filter(condition, available__gte=-delta).update(**counters))


def _change(
    kind: MovementKind, sku: Any, warehouse: Any, quantity: Any
) -> tuple[QuerySet[models.Stock], dict[str, Any]]:
    """The stock, if it has enough of what the movement takes away, and what its counters become."""
    signs = {counter: sign for counter, sign in EFFECTS[kind].of(1).items() if sign}
    enough = {f"{counter}__gte": quantity for counter, sign in signs.items() if sign < 0}
    stock = models.Stock.objects.filter(sku_id=sku, warehouse_id=warehouse, **enough)
    return stock, {name: F(name) + quantity if sign > 0 else F(name) - quantity for name, sign in signs.items()}


_CHANGES = {kind: Update(partial(_change, kind)) for kind in EFFECTS}
