"""Adjustments: the world turned out to hold more or fewer pieces than the books."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.db.models import F, Q

from apps.inventory import models
from apps.inventory.bulk import BULK_CHANGE, is_bulk, may_be_bulk, subject_of, to_content
from apps.inventory.contracts import QUANTITY_MAX, MovementKind, StockLevel
from apps.inventory.errors import AdjustmentInvalid, NotEnoughAvailable, StockChanged
from apps.inventory.selectors import get_warehouse, to_level
from apps.inventory.services.movements import adjust_counters
from tradecore import approvals, audit, db, locks
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.locks import Rank

REASON_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adjustment:
    """What is to be done to one stock, and by whom."""

    shop_id: int
    warehouse_id: int
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
    too large for one person is not done but asked for.
    Refuses, in this order: AdjustmentInvalid, NotFound (the shop has no such warehouse), StockChanged,
    NotEnoughAvailable. Locks: one stock.
    """
    _check(delta=delta, reason=reason)
    get_warehouse(warehouse_id=warehouse_id, shop_id=shop_id)
    wanted = _Adjustment(
        shop_id=shop_id,
        warehouse_id=warehouse_id,
        sku_id=sku_id,
        delta=delta,
        reason=reason,
        expected_on_hand=expected_on_hand,
        actor=actor,
    )
    _ensure_row(sku_id=sku_id, warehouse_id=warehouse_id)
    if may_be_bulk(delta=delta):
        level = _lock_level(wanted)
        if is_bulk(on_hand=level.on_hand, delta=delta):
            return _ask(wanted, level, now=now)
    return _adjust(wanted, now=now)


@db.transaction_required
def carry_out_bulk_change(approved: Approved, now: datetime) -> None:
    """The handler of approved bulk changes. That parcels have left meanwhile changes nothing, unless a count was given.

    Refuses, in this order: NotFound (the warehouse), StockChanged, NotEnoughAvailable. Locks: one stock.
    """
    content = approved.content
    wanted = _Adjustment(
        shop_id=int(content["shop_id"]),
        warehouse_id=int(content["warehouse_id"]),
        sku_id=int(content["sku_id"]),
        delta=content["delta"],
        reason=content["reason"],
        expected_on_hand=content["expected_on_hand"],
        actor=approved.approved_by,
    )
    get_warehouse(warehouse_id=wanted.warehouse_id, shop_id=wanted.shop_id)
    _adjust(wanted, now=now)


def _lock_level(wanted: _Adjustment) -> StockLevel:
    """The stock as it is and stays. Refuses, in this order: StockChanged, NotEnoughAvailable."""
    locks.note_lock(Rank.STOCK, wanted.sku_id, wanted.warehouse_id)
    rows = models.Stock.objects.filter(sku_id=wanted.sku_id, warehouse_id=wanted.warehouse_id)
    locked = rows.select_for_update().get()
    is_expected = wanted.expected_on_hand in (None, locked.on_hand)
    if not is_expected or locked.available + wanted.delta < 0:
        raise _refusal(locked, wanted)
    return to_level(locked)


def _ask(wanted: _Adjustment, level: StockLevel, *, now: datetime) -> AwaitsApproval:
    return approvals.request_once(
        kind=BULK_CHANGE,
        subject=subject_of(wanted.sku_id),
        content=to_content(
            level,
            shop_id=wanted.shop_id,
            delta=wanted.delta,
            reason=wanted.reason,
            expected_on_hand=wanted.expected_on_hand,
        ),
        told_apart_by=("warehouse_id", "delta", "expected_on_hand", "reason"),
        actor=wanted.actor,
        reason=wanted.reason,
        now=now,
    )


def _adjust(wanted: _Adjustment, *, now: datetime) -> StockLevel:
    """Refuses, in this order: StockChanged, NotEnoughAvailable."""
    _record(wanted, now=now)
    changed = adjust_counters(
        _is_on_hand(wanted.expected_on_hand),
        sku_id=wanted.sku_id,
        warehouse_id=wanted.warehouse_id,
        delta=wanted.delta,
    )
    rows = models.Stock.objects.select_related("warehouse")
    stock = rows.get(sku_id=wanted.sku_id, warehouse_id=wanted.warehouse_id)
    if not changed:
        raise _refusal(stock, wanted)
    return to_level(stock)


def _check(*, delta: int, reason: str) -> None:
    if delta == 0:
        raise AdjustmentInvalid(reason="an adjustment by nothing")
    if abs(delta) > QUANTITY_MAX:
        raise AdjustmentInvalid(reason=f"more than {QUANTITY_MAX} pieces at once")
    if not reason.strip():
        raise AdjustmentInvalid(reason="no reason given")
    if len(reason) > REASON_LENGTH_MAX:
        raise AdjustmentInvalid(reason=f"a reason of more than {REASON_LENGTH_MAX} characters")


def _ensure_row(*, sku_id: int, warehouse_id: int) -> None:
    """A stock begins with its first adjustment, empty; it stays for good, so that others may have begun it."""
    if models.Stock.objects.filter(sku_id=sku_id, warehouse_id=warehouse_id).exists():
        return
    try:
        with db.savepoint():
            models.Stock.objects.create(sku_id=sku_id, warehouse_id=warehouse_id)
    except IntegrityError:
        return


def _record(wanted: _Adjustment, *, now: datetime) -> None:
    db.insert_later(
        models.StockMovement(
            kind=MovementKind.ADJUSTED,
            sku_id=wanted.sku_id,
            warehouse_id=wanted.warehouse_id,
            available=wanted.delta,
            held=0,
            committed=0,
            reason=wanted.reason,
            actor=wanted.actor,
            occurred_at=now,
        )
    )
    audit.record(
        actor=wanted.actor,
        action="stock.adjusted",
        subject=f"sku:{wanted.sku_id}",
        reason=wanted.reason,
        after={"warehouse_id": wanted.warehouse_id, "delta": wanted.delta},
        now=now,
    )
    db.insert_pending()


def _is_on_hand(expected: int | None) -> Q:
    if expected is None:
        return Q()
    return Q(available=expected - F("held") - F("committed"))


def _refusal(stock: models.Stock, wanted: _Adjustment) -> StockChanged | NotEnoughAvailable:
    if wanted.expected_on_hand is not None and stock.on_hand != wanted.expected_on_hand:
        return StockChanged(expected_on_hand=wanted.expected_on_hand, on_hand=stock.on_hand)
    return NotEnoughAvailable(asked=-wanted.delta, available=stock.available)
