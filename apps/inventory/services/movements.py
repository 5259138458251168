"""The one way in which a counter changes: journal first, then the stock, by the table of `effects.py`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F, QuerySet

from apps.inventory import models
from apps.inventory.contracts import MovementKind
from apps.inventory.effects import EFFECTS
from apps.inventory.errors import CountersDrifted
from apps.inventory.planning import StockKey
from tradecore import db, locks
from tradecore.locks import Rank
from tradecore.prepared import Select, Statement, Update

#: A bucket, so many pieces, and whether its counters were changed by them.
Changed = tuple[StockKey, int, bool]


@dataclass(frozen=True, slots=True)
class Move:
    """So many pieces of what one hold line holds in its bucket."""

    line: models.StockHoldLine
    quantity: int


def move(
    kind: MovementKind, moves: Sequence[Move], *, now: datetime, reason: str = "", also: Sequence[Statement] = ()
) -> None:
    """Write the journal, insert everything that waits, then change the counters. Raises CountersDrifted.

    also: what is changed with it, before the stock.
    """
    write_journal(kind, moves, now=now, reason=reason)
    _, stocks = change_counters(kind, moves, also=also)
    refuse_drift(stocks)


def refuse_drift(stocks: Iterable[Changed]) -> None:
    """Raises CountersDrifted, where one of them was not changed."""
    for (sku_id, warehouse_id, bucket), _, was_changed in stocks:
        if not was_changed:
            raise CountersDrifted(sku_id=sku_id, warehouse_id=warehouse_id, bucket=bucket)


def write_journal(kind: MovementKind, moves: Iterable[Move], *, now: datetime, reason: str = "") -> None:
    """Let a row per hold line be inserted with the next bulk."""
    effect = EFFECTS[kind]
    db.insert_later(
        *(
            models.StockMovement(
                kind=kind,
                sku_id=each.line.sku_id,
                warehouse_id=each.line.warehouse_id,
                bucket=each.line.bucket,
                hold_line=each.line,
                reason=reason,
                occurred_at=now,
                **effect.of(each.quantity),
            )
            for each in moves
        )
    )


def in_lock_order(moves: Iterable[Move]) -> list[tuple[StockKey, int]]:
    """(key, pieces) for each bucket concerned, once, in the order in which they are locked."""
    sums: Counter[StockKey] = Counter()
    for each in moves:
        sums[each.line.sku_id, each.line.warehouse_id, each.line.bucket] += each.quantity
    return sorted(sums.items())


def lock_bucket(key: StockKey) -> models.Stock | None:
    """Lock one bucket; None if there is none."""
    locks.note_lock(Rank.STOCK, *key)
    sku_id, warehouse_id, bucket = key
    return _LOCK.find(sku=sku_id, warehouse=warehouse_id, bucket=bucket)


def lock_buckets(*, sku_id: int, warehouse_id: int) -> list[models.Stock]:
    """Lock all buckets of one stock; by number. None where it has not begun.

    Bucket 0 is locked before the others are looked for: whoever shifts pieces, or makes a bucket, has locked it.
    """
    first = lock_bucket((sku_id, warehouse_id, 0))
    if first is None:
        return []
    others = (lock_bucket((sku_id, warehouse_id, bucket)) for bucket in _BESIDE(sku=sku_id, warehouse=warehouse_id))
    return [first, *(each for each in others if each is not None)]


def change_available(kind: MovementKind, changes: Sequence[tuple[models.Stock, int]], **journal: Any) -> None:
    """Bring pieces to what is available in locked buckets of one stock, or take them away, and write the journal first:
    a row for each of (bucket, pieces), with more columns as given. Raises CountersDrifted.
    """
    rows = [
        models.StockMovement(
            kind=kind,
            sku_id=stock.sku_id,
            warehouse_id=stock.warehouse_id,
            bucket=stock.bucket,
            held=0,
            committed=0,
            available=delta,
            **journal,
        )
        for stock, delta in changes
    ]
    db.insert_later(*rows)
    added = db.insert_pending(*(_ADD.of(stock=stock.pk, delta=d, least=max(0, -d)) for stock, d in changes))
    for (stock, _), was_added in zip(changes, added, strict=True):
        if not was_added:
            raise CountersDrifted(sku_id=stock.sku_id, warehouse_id=stock.warehouse_id, bucket=stock.bucket)


def change_counters(
    kind: MovementKind, moves: Sequence[Move], *, also: Sequence[Statement] = ()
) -> tuple[list[int], list[Changed]]:
    """Insert everything that waits, then change the counters of each bucket concerned in one statement.

    also: what is changed before the stock. All of it is sent together.

    Returns how many rows each of those has changed, and (key, pieces, whether they were changed) for each bucket: of
    one where a counter would become negative nothing was.
    """
    buckets = in_lock_order(moves)
    for key, _ in buckets:
        locks.note_lock(Rank.STOCK, *key)
    changes = [_change_of(kind, key, pieces) for key, pieces in buckets]
    counts = db.insert_pending(*also, *changes)
    of_buckets = zip(buckets, counts[len(also) :], strict=True)
    return counts[: len(also)], [(key, pieces, bool(count)) for (key, pieces), count in of_buckets]


def _change_of(kind: MovementKind, key: StockKey, pieces: int) -> Statement:
    sku_id, warehouse_id, bucket = key
    return _CHANGES[kind].of(sku=sku_id, warehouse=warehouse_id, bucket=bucket, quantity=pieces)


def _change(
    kind: MovementKind, sku: Any, warehouse: Any, bucket: Any, quantity: Any
) -> tuple[QuerySet[models.Stock], dict[str, Any]]:
    """The bucket, if it has enough of what the movement takes away, and what its counters become."""
    signs = {counter: sign for counter, sign in EFFECTS[kind].of(1).items() if sign}
    enough = {f"{counter}__gte": quantity for counter, sign in signs.items() if sign < 0}
    stock = models.Stock.objects.filter(sku_id=sku, warehouse_id=warehouse, bucket=bucket, **enough)
    return stock, {name: F(name) + quantity if sign > 0 else F(name) - quantity for name, sign in signs.items()}


_LOCK = Select(
    lambda sku, warehouse, bucket: models.Stock.objects.filter(
        sku_id=sku, warehouse_id=warehouse, bucket=bucket
    ).select_for_update()
)
_BESIDE = Select(
    lambda sku, warehouse: (
        models.Stock.objects.filter(sku_id=sku, warehouse_id=warehouse, bucket__gt=0)
        .order_by("bucket")
        .values_list("bucket", flat=True)
    )
)
_ADD = Update(
    lambda stock, delta, least: (
        models.Stock.objects.filter(pk=stock, available__gte=least),
        {"available": F("available") + delta},
    )
)
_CHANGES = {kind: Update(partial(_change, kind)) for kind in EFFECTS}
