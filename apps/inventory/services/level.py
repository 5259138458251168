"""The stock of a SKU is spread over buckets while it is hot, and gathered again when it is so no longer.

# Note [Levelling]
Nobody stops selling for it. Whoever levels a stock locks its buckets, by number, for a few statements, and shifts what
nobody holds: the pieces are shared out anew, over fewer buckets the fewer pieces there are, and over one where the SKU
is not hot. What is held or paid for stays in its bucket until it has left the house; what comes back to it is for sale
there at once, and shifted in the next round.

It is done in the transaction that marks a SKU or says that it is hot no longer, and by a job for whatever happens in
between: buckets that are sold out while others are not, the end of a rush, pieces that come back. Any number of jobs
may run.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from apps.inventory import models
from apps.inventory.buckets import is_level, share_out
from apps.inventory.contracts import MovementKind
from apps.inventory.selectors import list_hot_skus
from apps.inventory.services.movements import change_available, lock_buckets
from tradecore import db
from tradecore.live_settings import LiveSetting, WholeNumber

log = structlog.get_logger()

#: Who shifts pieces, in the journal.
ACTOR = "inventory"
#: So many buckets of SKUs that are hot no longer are looked at in one round.
GATHERED_AT_ONCE = 1_000

BUCKETS = LiveSetting(
    name="inventory.buckets",
    meaning="Into how many buckets the stock of a hot SKU is spread at most, in each warehouse; 1: into none.",
    schema=WholeNumber(1, 64),
    default=lambda: 8,
)


def level_stock(*, now: datetime) -> int:
    """Spread what is hot and gather what is not, wherever pieces lie otherwise: each SKU in a transaction of its own.

    Returns how many stocks were changed.
    """
    changed = 0
    for sku_id in _list_uneven(now=now):
        try:
            changed += _level_alone(sku_id, now=now)
        except Exception:
            log.exception("stock_not_levelled", sku_id=sku_id)
    return changed


@db.transaction_required
def level(*, sku_id: int, is_hot: bool, now: datetime) -> int:
    """Spread or gather the stock of one SKU in each of its warehouses. Returns how many stocks were changed.

    Locks: stock by (SKU, warehouse, bucket).
    """
    begun = models.Stock.objects.filter(sku_id=sku_id, bucket=0).order_by("warehouse_id")
    warehouse_ids = list(begun.values_list("warehouse_id", flat=True))
    return sum(_level(sku_id, each, at_most=_at_most(is_hot=is_hot), now=now) for each in warehouse_ids)


@db.use_case
def _level_alone(sku_id: int, *, now: datetime) -> int:
    return level(sku_id=sku_id, is_hot=sku_id in list_hot_skus(now=now), now=now)


def _at_most(*, is_hot: bool) -> int:
    return BUCKETS.read() if is_hot else 1


def _list_uneven(*, now: datetime) -> list[int]:
    """The SKUs whose pieces should lie otherwise; read, not locked."""
    hot = list_hot_skus(now=now)
    beside = models.Stock.objects.filter(bucket__gt=0, available__gt=0).exclude(sku_id__in=hot)
    cold = set(beside.values_list("sku_id", flat=True)[:GATHERED_AT_ONCE])
    available: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    rows = models.Stock.objects.filter(sku_id__in=hot | cold)
    for sku_id, warehouse_id, bucket, pieces in rows.values_list("sku_id", "warehouse_id", "bucket", "available"):
        available[sku_id, warehouse_id][bucket] = pieces
    return sorted(
        {
            sku_id
            for (sku_id, _), of_stock in available.items()
            if not is_level(of_stock, at_most=_at_most(is_hot=sku_id in hot))
        }
    )


def _level(sku_id: int, warehouse_id: int, *, at_most: int, now: datetime) -> bool:
    buckets = lock_buckets(sku_id=sku_id, warehouse_id=warehouse_id)
    available = {each.bucket: each.available for each in buckets}
    if is_level(available, at_most=at_most):
        return False
    shares = share_out(sum(available.values()), at_most=at_most)
    missing = [
        models.Stock(sku_id=sku_id, warehouse_id=warehouse_id, bucket=number)
        for number in range(len(shares))
        if number not in available
    ]
    db.insert_later(*missing)
    change_available(
        MovementKind.SHIFTED,
        _differences([*buckets, *missing], shares),
        reason=f"spread over {len(shares)} buckets" if len(shares) > 1 else "gathered",
        actor=ACTOR,
        occurred_at=now,
    )
    return True


def _differences(buckets: Iterable[models.Stock], shares: Sequence[int]) -> list[tuple[models.Stock, int]]:
    """What each bucket lacks of its share, or has too much."""
    wanted = dict(enumerate(shares))
    lacking = [(each, wanted.get(each.bucket, 0) - each.available) for each in buckets]
    return [(each, pieces) for each, pieces in lacking if pieces]
