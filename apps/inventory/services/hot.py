"""Which SKUs are hot, and the gate before what is gone.

# Note [The gate]
A hot SKU is asked for long after its last piece is gone. Whoever asks then is refused before anything is written for
them: each process knows what is left of the hot SKUs by the database's own word, which it asks for again as soon as
that is older than SEEN_S. The gate counts nothing and admits nobody: it may let through who finds nothing left, and
the conditional UPDATE tells them. What comes back (a purchase that was not paid) is for sale again SEEN_S later. As it
keeps nothing outside the process, there is nothing to be lost, or to be built again, when Redis is gone.

# Note [Found by traffic]
A rush that nobody has announced is found by the processes that serve it: each counts what is bought of each SKU, for
WINDOW_S at a time, and marks what is asked for too often until FOUND_FOR from now. It is found again, and its end put
off, as long as the rush goes on.
"""

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from apps.inventory import models
from apps.inventory.contracts import StockLine
from apps.inventory.errors import OutOfStock
from apps.inventory.planning import Shelf, find_shortages
from apps.inventory.selectors import list_availability, list_hot_skus
from apps.inventory.services.level import level
from tradecore import audit, clock, db
from tradecore.errors import NotFound, Refusal
from tradecore.live_settings import LiveSetting, WholeNumber
from tradecore.memo import Memo
from tradecore.worlds import ByWorld

log = structlog.get_logger()

REASON_LENGTH_MAX = 200
#: How late a process may hear that a SKU was marked, or is hot no longer.
REMEMBERED_S = 1.0
#: How old what the gate knows of a stock may be.
SEEN_S = 0.2
WINDOW_S = 5
FOUND_FOR = timedelta(minutes=15)
#: Who marks what is found by its traffic.
TRAFFIC = "traffic"

FOUND_FROM = LiveSetting(
    name="inventory.hot_from_per_second",
    meaning="From how many purchases a second, asked of one web process, a SKU is sold as hot; 0: only by hand.",
    schema=WholeNumber(0, 10_000),
    default=lambda: 15,
)

#: What the gate sees is all warehouses of a SKU together.
_ALL_WAREHOUSES = 0

#: All of them under one name: there are few, and what is not hot is asked for most.
_hot: Memo[str, frozenset[int]] = Memo(ttl_s=REMEMBERED_S)
_seen: Memo[int, int] = Memo(ttl_s=SEEN_S)


class _Requests:
    """How often each SKU was asked for in this process, in the window that runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._begun_at = time.monotonic()

    def count(self, sku_ids: Collection[int], *, per_second: int) -> list[int]:
        """Count one more for each. Returns those which have just been asked for too often in this window."""
        with self._lock:
            now = time.monotonic()
            if now - self._begun_at >= WINDOW_S:
                self._counts.clear()
                self._begun_at = now
            self._counts.update(set(sku_ids))
            return [sku_id for sku_id in set(sku_ids) if self._counts[sku_id] == per_second * WINDOW_S]


_requests: ByWorld[_Requests] = ByWorld(_Requests)


@db.use_case
def mark_hot(*, sku_id: int, reason: str, actor: str, now: datetime, ends_at: datetime | None = None) -> None:
    """Sell a SKU as one that many want at once, until `ends_at`, or until somebody says that it is hot no longer.

    What is marked for as long already stays as it is. Where it is new, the stock is spread (Note [Levelling]).
    Refuses: NotFound (no stock). Locks: the mark, so that what a person says is not undone by traffic that was counted
    meanwhile; then stock by (SKU, warehouse, bucket).
    """
    if not models.Stock.objects.filter(sku_id=sku_id).exists():
        raise NotFound(what="stock")
    marked = {"reason": reason, "marked_by": actor, "marked_at": now, "ends_at": ends_at}
    row, is_new = models.HotSku.objects.select_for_update().get_or_create(sku_id=sku_id, defaults=marked)
    is_new = is_new or (row.ends_at is not None and (ends_at is None or row.ends_at <= now))
    if is_new:
        models.HotSku.objects.filter(pk=sku_id).update(**marked)
        audit.record(actor=actor, action="sku.marked_hot", subject=f"sku:{sku_id}", reason=reason, now=now)
        level(sku_id=sku_id, is_hot=True, now=now)
    elif ends_at is not None:
        models.HotSku.objects.filter(pk=sku_id, ends_at__lt=ends_at).update(ends_at=ends_at)
    _hot.forget_all()


def count_request(*, sku_ids: Collection[int], now: datetime) -> None:
    """Somebody asks to buy these: mark what is asked for too often; see Note [Found by traffic]."""
    per_second = FOUND_FROM.read()
    if not per_second:
        return
    for sku_id in _requests.get().count(sku_ids, per_second=per_second):
        reason = f"asked for {per_second} times a second and more"
        try:
            mark_hot(sku_id=sku_id, reason=reason, actor=TRAFFIC, now=now, ends_at=now + FOUND_FOR)
        except Refusal as refusal:  # whoever asks is to have their answer all the same
            log.warning("hot_sku_not_marked", sku_id=sku_id, refusal=refusal.code)


@db.use_case
def unmark_hot(*, sku_id: int, reason: str, actor: str, now: datetime) -> None:
    """Sell a SKU as any other again, from one stock in each warehouse. Nothing where it is not marked.

    Locks: stock by (SKU, warehouse, bucket).
    """
    _hot.forget_all()
    if models.HotSku.objects.filter(sku_id=sku_id).delete()[0]:
        audit.record(actor=actor, action="sku.unmarked_hot", subject=f"sku:{sku_id}", reason=reason, now=now)
        level(sku_id=sku_id, is_hot=False, now=now)


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
    return dict.fromkeys(names, list_hot_skus(now=clock.real_now()))
