"""Adjustments: the world turned out to hold more or fewer pieces than the books."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError

from apps.inventory import models
from apps.inventory.bulk import BULK_CHANGE, is_bulk, subject_of, to_content
from apps.inventory.contracts import QUANTITY_MAX, MovementKind, StockLevel, Warehouse
from apps.inventory.errors import AdjustmentInvalid, NotEnoughAvailable, StockChanged
from apps.inventory.selectors import get_warehouse, sum_up, to_level
from apps.inventory.services.movements import change_available, lock_buckets
from tradecore import approvals, audit, db
from tradecore.approvals import Approved, AwaitsApproval

REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adjustment:
    """What is to be done to one stock, and by whom."""

    warehouse: Warehouse
    sku_id: int
    delta: int
    reason: str
    expected_on_hand: int | None
    actor: str


@db.use_case
def adjust_stock(
    *,
    shop_id: int,
    warehouse_id: int,
    sku_id: int,
    delta: int,
    reason: str,
    actor: str,
    now: datetime,
    expected_on_hand: int | None = None,
) -> StockLevel | AwaitsApproval:
    """Add pieces to what is available, or take them away: never what is held or committed. Returns the new level.

    With `expected_on_hand` the adjustment counts only if that many pieces are on hand now. What `bulk.is_bulk` finds
    too large for one person is not done but asked for. What lies in buckets counts together: pieces are added to bucket
    0, and taken from one bucket after another.
    Refuses, in this order: AdjustmentInvalid, NotFound (the shop has no such warehouse), StockChanged,
    NotEnoughAvailable. Locks: the buckets of one stock, by number.
    """
    _check(delta=delta, reason=reason)
    wanted = _Adjustment(
        warehouse=get_warehouse(warehouse_id=warehouse_id, shop_id=shop_id),
        sku_id=sku_id,
        delta=delta,
        reason=reason,
        expected_on_hand=expected_on_hand,
        actor=actor,
    )
    buckets = _lock(wanted)
    level = _level(wanted, buckets)
    if is_bulk(on_hand=level.on_hand, delta=delta):
        return _ask(wanted, level, now=now)
    return _adjust(wanted, buckets, level, now=now)


@db.transaction_required
def carry_out_bulk_change(approved: Approved, now: datetime) -> None:
    """The handler of approved bulk changes. That parcels have left meanwhile changes nothing, unless a count was given.

    Refuses, in this order: NotFound (the warehouse), StockChanged, NotEnoughAvailable. Locks: the buckets of one stock,
    by number.
    """
    content = approved.content
    wanted = _Adjustment(
        warehouse=get_warehouse(warehouse_id=int(content["warehouse_id"]), shop_id=int(content["shop_id"])),
        sku_id=int(content["sku_id"]),
        delta=content["delta"],
        reason=content["reason"],
        expected_on_hand=content["expected_on_hand"],
        actor=approved.approved_by,
    )
    buckets = _lock(wanted)
    _adjust(wanted, buckets, _level(wanted, buckets), now=now)


def _check(*, delta: int, reason: str) -> None:
    if delta == 0:
        raise AdjustmentInvalid(reason="an adjustment by nothing")
    if abs(delta) > QUANTITY_MAX:
        raise AdjustmentInvalid(reason=f"more than {QUANTITY_MAX} pieces at once")
    if not reason.strip():
        raise AdjustmentInvalid(reason="no reason given")
    if len(reason) > REASON_LENGTH_MAX:
        raise AdjustmentInvalid(reason=f"a reason of more than {REASON_LENGTH_MAX} characters")


def _lock(wanted: _Adjustment) -> list[models.Stock]:
    """A stock begins with its first adjustment, empty; it stays for good, so that others may have begun it."""
    sku_id, warehouse_id = wanted.sku_id, wanted.warehouse.id
    buckets = lock_buckets(sku_id=sku_id, warehouse_id=warehouse_id)
    if not buckets:
        _begin(sku_id=sku_id, warehouse_id=warehouse_id)
        buckets = lock_buckets(sku_id=sku_id, warehouse_id=warehouse_id)
    return buckets


def _begin(*, sku_id: int, warehouse_id: int) -> None:
    try:
        with db.savepoint():
            models.Stock.objects.create(sku_id=sku_id, warehouse_id=warehouse_id)
    except IntegrityError:
        return


def _level(wanted: _Adjustment, buckets: Sequence[models.Stock]) -> StockLevel:
    """The stock as it is and stays. Refuses, in this order: StockChanged, NotEnoughAvailable."""
    warehouse = wanted.warehouse
    level = to_level(sum_up(buckets), sku_id=wanted.sku_id, warehouse_id=warehouse.id, warehouse_code=warehouse.code)
    if wanted.expected_on_hand not in (None, level.on_hand):
        raise StockChanged(expected_on_hand=wanted.expected_on_hand or 0, on_hand=level.on_hand)
    if level.available + wanted.delta < 0:
        raise NotEnoughAvailable(asked=-wanted.delta, available=level.available)
    return level


def _ask(wanted: _Adjustment, level: StockLevel, *, now: datetime) -> AwaitsApproval:
    return approvals.request_once(
        kind=BULK_CHANGE,
        subject=subject_of(wanted.sku_id),
        content=to_content(
            level,
            shop_id=wanted.warehouse.shop_id,
            delta=wanted.delta,
            reason=wanted.reason,
            expected_on_hand=wanted.expected_on_hand,
        ),
        told_apart_by=("warehouse_id", "delta", "expected_on_hand", "reason"),
        actor=wanted.actor,
        reason=wanted.reason,
        now=now,
    )


def _adjust(wanted: _Adjustment, buckets: Sequence[models.Stock], level: StockLevel, *, now: datetime) -> StockLevel:
    audit.record(
        actor=wanted.actor,
        action="stock.adjusted",
        subject=f"sku:{wanted.sku_id}",
        reason=wanted.reason,
        after={"warehouse_id": wanted.warehouse.id, "delta": wanted.delta},
        now=now,
    )
    change_available(
        MovementKind.ADJUSTED,
        list(_divide(wanted.delta, buckets)),
        reason=wanted.reason,
        actor=wanted.actor,
        occurred_at=now,
    )
    return replace(level, available=level.available + wanted.delta, on_hand=level.on_hand + wanted.delta)


def _divide(delta: int, buckets: Sequence[models.Stock]) -> Iterator[tuple[models.Stock, int]]:
    """What is added comes into bucket 0; what is taken away comes from one bucket after another, as far as they go."""
    if delta > 0:
        yield buckets[0], delta
        return
    missing = -delta
    for bucket in buckets:
        taken = min(missing, bucket.available)
        if taken:
            yield bucket, -taken
            missing -= taken
