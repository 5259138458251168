"""Which SKUs are hot, and the gate before what is gone.

# Note [The gate]
A hot SKU is asked for long after its last piece is gone. Whoever asks then is refused before anything is written for
them: each process knows what is left of the hot SKUs by the database's own word, which it asks for again as soon as
that is older than SEEN_S. The gate counts nothing and admits nobody: it may let through who finds nothing left, and
the conditional UPDATE tells them. What comes back (a purchase that was not paid) is for sale again SEEN_S later. As it
keeps nothing outside the process, there is nothing to be lost, or to be built again, when Redis is gone.
"""

from collections.abc import Sequence
from datetime import datetime

from apps.inventory import models
from apps.inventory.contracts import StockLine
from apps.inventory.errors import OutOfStock
from apps.inventory.planning import Shelf, find_shortages
from apps.inventory.selectors import list_availability
from tradecore import audit, db
from tradecore.errors import NotFound
from tradecore.memo import Memo

REASON_LENGTH_MAX = 200
#: How late a process may hear that a SKU was marked, or is hot no longer.
REMEMBERED_S = 1.0
#: How old what the gate knows of a stock may be.
SEEN_S = 0.2
#: What the gate sees is all warehouses of a SKU together.
_ALL_WAREHOUSES = 0

#: All of them under one name: there are few, and what is not hot is asked for most.
_hot: Memo[str, frozenset[int]] = Memo(ttl_s=REMEMBERED_S)
_seen: Memo[int, int] = Memo(ttl_s=SEEN_S)


@db.use_case
def mark_hot(*, sku_id: int, reason: str, actor: str, now: datetime) -> None:
    """Sell a SKU as one that many want at once. Marking what is marked changes nothing.

    Refuses: NotFound (no stock).
    """
    if not models.Stock.objects.filter(sku_id=sku_id).exists():
        raise NotFound(what="stock")
    _, is_new = models.HotSku.objects.get_or_create(
        sku_id=sku_id, defaults={"reason": reason, "marked_by": actor, "marked_at": now}
    )
    _hot.forget_all()
    if is_new:
        audit.record(actor=actor, action="sku.marked_hot", subject=f"sku:{sku_id}", reason=reason, now=now)


@db.use_case
def unmark_hot(*, sku_id: int, reason: str, actor: str, now: datetime) -> None:
    """Sell a SKU as any other again. Nothing where it is not marked."""
    _hot.forget_all()
    if models.HotSku.objects.filter(sku_id=sku_id).delete()[0]:
        audit.record(actor=actor, action="sku.unmarked_hot", subject=f"sku:{sku_id}", reason=reason, now=now)


def is_hot(*, sku_ids: Sequence[int]) -> bool:
    """Whether any of the SKUs is marked, as of REMEMBERED_S ago at most."""
    (marked,) = _hot.get_many(["hot"], _load_hot).values()
    return not marked.isdisjoint(sku_ids)


def refuse_if_gone(*, lines: Sequence[StockLine]) -> None:
    """Refuse what there was too little of, as of SEEN_S ago at most; see Note [The gate]. Refuses: OutOfStock."""
    seen = _seen.get_many([line.sku_id for line in lines], lambda skus: list_availability(sku_ids=skus))
    shelves = [Shelf(sku_id, _ALL_WAREHOUSES, available) for sku_id, available in seen.items()]
    if shortages := find_shortages(lines, shelves):
        raise OutOfStock(lines=shortages)


def _load_hot(names: Sequence[str]) -> dict[str, frozenset[int]]:
    return dict.fromkeys(names, frozenset(models.HotSku.objects.values_list("sku_id", flat=True)))
