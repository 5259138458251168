"""The journal against the counters: what differs, and how it is put right."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet, Sum, Value

from apps.inventory import models
from apps.inventory.contracts import Counters, StockDifference
from apps.inventory.planning import StockKey
from tradecore import audit, db, locks
from tradecore.locks import Rank

SKU_BATCH = 500

_NOTHING = Counters(available=0, held=0, committed=0)
_KEY = ("sku_id", "warehouse_id", "bucket")
_COUNTERS = ("available", "held", "committed")


def list_differences(*, sku_id: int | None = None, batch: int = SKU_BATCH) -> Iterator[StockDifference]:
    """Every bucket, of one SKU or of all, whose counters are not the sum of its journal; `batch` SKUs per statement.

    Nothing is locked, and nothing is reported that is merely being changed: one statement sees one moment.
    """
    scopes = [Q(sku_id=sku_id)] if sku_id is not None else _batches(batch)
    for scope in scopes:
        yield from _compare(scope)


@db.use_case
def repair(*, differences: Sequence[StockDifference], actor: str, reason: str, now: datetime) -> list[StockDifference]:
    """Set the counters of these buckets to what the journal says now. Returns what was put right.

    Each is looked at again under its lock. A journal that adds up to less than nothing cannot be right either, and such
    a bucket is left alone. Locks: stock by (SKU, warehouse, bucket), for as long as the batch takes.
    """
    keys = sorted((each.sku_id, each.warehouse_id, each.bucket) for each in differences)
    _lock(keys)
    repaired = [each for each in _compare(_any_of(keys)) if _is_possible(each.journal)]
    for each in repaired:
        _set_counters(each)
        audit.record(
            actor=actor,
            action="stock.rebuilt",
            subject=f"sku:{each.sku_id}",
            reason=reason,
            before={"warehouse_id": each.warehouse_id, "bucket": each.bucket, "counters": each.counted},
            after={"warehouse_id": each.warehouse_id, "bucket": each.bucket, "counters": each.journal},
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
    counted: dict[StockKey, Counters] = {}
    journal: dict[StockKey, Counters] = {}
    for is_journal, sku_id, warehouse_id, bucket, *sums in _union(scope):
        side = journal if is_journal else counted
        side[sku_id, warehouse_id, bucket] = Counters(*map(int, sums))
    return [
        StockDifference(*key, counted=counted.get(key, _NOTHING), journal=journal.get(key, _NOTHING))
        for key in sorted(counted.keys() | journal.keys())
        if counted.get(key, _NOTHING) != journal.get(key, _NOTHING)
    ]


def _union(scope: Q) -> QuerySet[Any, Any]:
    stocks = models.Stock.objects.filter(scope).values_list(Value(0), *_KEY, *_COUNTERS)
    journal = models.StockMovement.objects.filter(scope).order_by().values(*_KEY)
    sums = journal.annotate(**{f"sum_{counter}": Sum(counter) for counter in _COUNTERS})
    return stocks.union(sums.values_list(Value(1), *_KEY, *(f"sum_{counter}" for counter in _COUNTERS)), all=True)


def _lock(keys: Iterable[StockKey]) -> None:
    """One after another, because no index gives several in this order; a bucket that is gone is begun again, empty."""
    for key in keys:
        locks.note_lock(Rank.STOCK, *key)
        sku_id, warehouse_id, bucket = key
        models.Stock.objects.select_for_update().get_or_create(sku_id=sku_id, warehouse_id=warehouse_id, bucket=bucket)


def _any_of(keys: Sequence[StockKey]) -> Q:
    return reduce(or_, (Q(**dict(zip(_KEY, key, strict=True))) for key in keys))


def _is_possible(counters: Counters) -> bool:
    return min(counters.available, counters.held, counters.committed) >= 0


def _set_counters(difference: StockDifference) -> None:
    """Under the lock of the bucket, to what was just read."""
    journal = difference.journal
    models.Stock.objects.filter(
        sku_id=difference.sku_id, warehouse_id=difference.warehouse_id, bucket=difference.bucket
    ).update(available=journal.available, held=journal.held, committed=journal.committed)
