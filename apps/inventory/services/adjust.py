"""Adjustments: the world turned out to hold more or fewer pieces than the books."""

from datetime import datetime

from django.db import IntegrityError
from django.db.models import F, Q

from apps.inventory import models
from apps.inventory.contracts import QUANTITY_MAX, MovementKind, StockLevel
from apps.inventory.errors import AdjustmentInvalid, NotEnoughAvailable, StockChanged
from apps.inventory.selectors import get_warehouse, to_level
from apps.inventory.services.movements import change_counters
from tradecore import audit, db

REASON_LENGTH_MAX = 200


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
) -> StockLevel:
    """Add pieces to what is available, or take them away: never what is held or committed. Returns the new level.

    With `expected_on_hand` the adjustment counts only if that many pieces are on hand now.
    Refuses, in this order: AdjustmentInvalid, NotFound (the shop has no such warehouse), StockChanged,
    NotEnoughAvailable. Locks: one stock.
    """
    _check(delta=delta, reason=reason)
    get_warehouse(warehouse_id=warehouse_id, shop_id=shop_id)
    _ensure_row(sku_id=sku_id, warehouse_id=warehouse_id)
    _record(sku_id=sku_id, warehouse_id=warehouse_id, delta=delta, reason=reason, actor=actor, now=now)
    changed = change_counters(
        MovementKind.ADJUSTED,
        sku_id=sku_id,
        warehouse_id=warehouse_id,
        quantity=delta,
        condition=_is_on_hand(expected_on_hand),
    )
    stock = models.Stock.objects.select_related("warehouse").get(sku_id=sku_id, warehouse_id=warehouse_id)
    if not changed:
        raise _refusal(stock, delta=delta, expected_on_hand=expected_on_hand)
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


def _record(*, sku_id: int, warehouse_id: int, delta: int, reason: str, actor: str, now: datetime) -> None:
    db.insert_later(
        models.StockMovement(
            kind=MovementKind.ADJUSTED,
            sku_id=sku_id,
            warehouse_id=warehouse_id,
            available=delta,
            held=0,
            committed=0,
            reason=reason,
            actor=actor,
            occurred_at=now,
        )
    )
    audit.record(
        actor=actor,
        action="stock.adjusted",
        subject=f"sku:{sku_id}",
        reason=reason,
        after={"warehouse_id": warehouse_id, "delta": delta},
        now=now,
    )
    db.insert_pending()


def _is_on_hand(expected: int | None) -> Q:
    if expected is None:
        return Q()
    return Q(available=expected - F("held") - F("committed"))


def _refusal(stock: models.Stock, *, delta: int, expected_on_hand: int | None) -> StockChanged | NotEnoughAvailable:
    if expected_on_hand is not None and stock.on_hand != expected_on_hand:
        return StockChanged(expected_on_hand=expected_on_hand, on_hand=stock.on_hand)
    return NotEnoughAvailable(asked=-delta, available=stock.available)
