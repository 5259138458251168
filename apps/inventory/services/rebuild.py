"""The journal against the counters: what differs, and how it is put right."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet, Sum, Value

from apps.inventory import models
from apps.inventory.contracts import Counters, StockDifference
from tradecore import audit, db, locks
from tradecore.locks import Rank

SKU_BATCH = 500

_NOTHING = Counters(available=0, held=0, committed=0)
_COUNTERS = ("available", "held", "committed")


def list_differences(*, sku_id: int | None = None, batch: int = SKU_BATCH) -> Iterator[StockDifference]:
    """Every stock, of one SKU or of all, whose counters are not the sum of its journal; `batch` SKUs per statement.

    Nothing is locked, and nothing is reported that is merely being changed: one statement sees one moment.
    """
    scopes = [Q(sku_id=sku_id)] if sku_id is not None else _batches(batch)
    for scope in scopes:
        yield from _compare(scope)


@db.use_case
def repair(*, differences: Sequence[StockDifference], actor: str, reason: str, now: datetime) -> list[StockDifference]:
    """Set the counters of these stocks to what the journal says now. Returns what was put right.

    Each is looked at again under its lock. A journal that adds up to less than nothing cannot be right either, and such
    a stock is left alone. Locks: stock by (SKU, warehouse), for as long as the batch takes.
    """
    pairs = sorted((each.sku_id, each.warehouse_id) for each in differences)
    _lock(pairs)
    repaired = [each for each in _compare(_any_of(pairs)) if _is_possible(each.journal)]
    for each in repaired:
        _set_counters(each)
        audit.record(
            actor=actor,
            action="stock.rebuilt",
            subject=f"sku:{each.sku_id}",
            reason=reason,
            before={"warehouse_id": each.warehouse_id, "counters": each.counted},
            after={"warehouse_id": each.warehouse_id, "counters": each.journal},
            now=now,
        )
    return repaired


def _batches(size: int) -> Iterator[Q]:
    """Ranges of SKU ids that leave no gap, so that a journal without its stock is found as well."""
    after = None
    while True:
        scope = Q() if after is None else Q(sku_id__gt=after)
        skus = models.Stock.objects.filter(scope).order_by("sku_id").values_list("sku_id", flat=True).distinct()
        upto = next(iter(skus[size - 1 : size]), None)
        if upto is None:
            yield scope
            return
        yield scope & Q(sku_id__lte=upto)
        after = upto


def _compare(scope: Q) -> list[StockDifference]:
    """One statement, so that counters and journal are of one moment. Either may be missing, and is then nothing."""
    counted: dict[tuple[int, int], Counters] = {}
    journal: dict[tuple[int, int], Counters] = {}
    for is_journal, sku_id, warehouse_id, *sums in _union(scope):
        side = journal if is_journal else counted
        side[sku_id, warehouse_id] = Counters(*map(int, sums))
    return [
        StockDifference(*pair, counted=counted.get(pair, _NOTHING), journal=journal.get(pair, _NOTHING))
        for pair in sorted(counted.keys() | journal.keys())
        if counted.get(pair, _NOTHING) != journal.get(pair, _NOTHING)
    ]


def _union(scope: Q) -> QuerySet[Any, Any]:
    stocks = models.Stock.objects.filter(scope).values_list(Value(0), "sku_id", "warehouse_id", *_COUNTERS)
    journal = models.StockMovement.objects.filter(scope).order_by().values("sku_id", "warehouse_id")
    sums = journal.annotate(**{f"sum_{counter}": Sum(counter) for counter in _COUNTERS})
    return stocks.union(
        sums.values_list(Value(1), "sku_id", "warehouse_id", *(f"sum_{counter}" for counter in _COUNTERS)), all=True
    )


def _lock(pairs: Iterable[tuple[int, int]]) -> None:
    """One after another, because no index gives several in this order; a stock that is gone is begun again, empty."""
    for sku_id, warehouse_id in pairs:
        locks.note_lock(Rank.STOCK, sku_id, warehouse_id)
        models.Stock.objects.select_for_update().get_or_create(sku_id=sku_id, warehouse_id=warehouse_id)


def _any_of(pairs: Sequence[tuple[int, int]]) -> Q:
    return reduce(or_, (Q(sku_id=sku_id, warehouse_id=warehouse_id) for sku_id, warehouse_id in pairs))


def _is_possible(counters: Counters) -> bool:
    return min(counters.available, counters.held, counters.committed) >= 0


def _set_counters(difference: StockDifference) -> None:
    """Under the lock of the stock, to what was just read."""
    journal = difference.journal
    models.Stock.objects.filter(sku_id=difference.sku_id, warehouse_id=difference.warehouse_id).update(
        available=journal.available, held=journal.held, committed=journal.committed
    )
