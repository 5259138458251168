"""The reads of inventory."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from apps.inventory import contracts, models
from apps.inventory.bulk import BULK_CHANGE, subject_of, to_waiting_adjustment
from apps.inventory.contracts import Counters, Hold, HoldStatus, Movement, MovementKind, StockLevel
from tradecore import approvals, clock
from tradecore.errors import NotFound


def list_availability(*, sku_ids: Iterable[int]) -> dict[int, int]:
    """How many pieces of each SKU can be bought, in all warehouses together; 0 of what is unknown.

    The sum is one of numbers that are not negative (a constraint), so no warehouse hides what another has.
    """
    wanted = set(sku_ids)
    stocks = models.Stock.objects.filter(sku_id__in=wanted)
    sums = stocks.values_list("sku_id").annotate(available=Sum("available")).order_by()
    return dict.fromkeys(wanted, 0) | {sku_id: int(available) for sku_id, available in sums}


def list_levels(*, sku_ids: Iterable[int]) -> list[StockLevel]:
    """The stock of the SKUs, by SKU and by the order in which their warehouses serve."""
    stocks = models.Stock.objects.filter(sku_id__in=list(sku_ids))
    sums = stocks.values_list("sku_id", "warehouse_id", "warehouse__code").annotate(
        Sum("available"), Sum("held"), Sum("committed")
    )
    in_order = sums.order_by("sku_id", "warehouse__priority", "warehouse_id")
    return [
        to_level(Counters(*map(int, counters)), sku_id=sku_id, warehouse_id=warehouse_id, warehouse_code=code)
        for sku_id, warehouse_id, code, *counters in in_order
    ]


def list_warehouses(*, shop_id: int) -> list[contracts.Warehouse]:
    """The warehouses of a shop, in the order in which they serve."""
    rows = models.Warehouse.objects.filter(shop_id=shop_id).order_by("priority", "id")
    return [to_warehouse(row) for row in rows]


def get_warehouse(*, warehouse_id: int, shop_id: int) -> contracts.Warehouse:
    """One warehouse of this shop.

    Refuses: NotFound.
    """
    row = models.Warehouse.objects.filter(pk=warehouse_id, shop_id=shop_id).first()
    if row is None:
        raise NotFound(what="warehouse")
    return to_warehouse(row)


def find_hold(*, owner_ref: int) -> Hold | None:
    """What the owner holds and what became of it; None if nothing was ever held or voided for it."""
    row = models.StockHold.objects.filter(pk=owner_ref).prefetch_related("lines").first()
    return None if row is None else _to_hold(row)


def count_hot_skus(*, now: datetime) -> int:
    """How many SKUs are hot: marked by a person, or found by their traffic and not over yet."""
    return _hot_skus(now=now).count()


def list_hot_skus(*, now: datetime) -> frozenset[int]:
    """Which ones they are."""
    return frozenset(_hot_skus(now=now).values_list("sku_id", flat=True))


def list_overdue_holds(*, now: datetime, limit: int) -> Sequence[int]:
    """The owners of pending holds of the running clock whose backstop has passed, longest overdue first."""
    overdue = models.StockHold.objects.filter(status=HoldStatus.PENDING, clock=clock.clock_name(), expires_at__lte=now)
    return list(overdue.order_by("expires_at").values_list("owner_ref", flat=True)[:limit])


def list_waiting_adjustments(*, sku_id: int, now: datetime) -> list[contracts.WaitingAdjustment]:
    """The adjustments of a SKU that wait for a second person, longest first."""
    waiting = approvals.list_pending_of(subject=subject_of(sku_id), kind=BULK_CHANGE, now=now)
    return [to_waiting_adjustment(request) for request in waiting]


def list_movements(*, sku_id: int, limit: int) -> list[Movement]:
    """The journal of a SKU, the latest first."""
    rows = models.StockMovement.objects.filter(sku_id=sku_id).select_related("hold_line").order_by("-id")[:limit]
    return [_to_movement(row) for row in rows]


def to_level(counters: Counters, *, sku_id: int, warehouse_id: int, warehouse_code: str) -> StockLevel:
    """The contract of a stock, of the sums of its buckets."""
    return StockLevel(
        sku_id=sku_id,
        warehouse_id=warehouse_id,
        warehouse_code=warehouse_code,
        available=counters.available,
        held=counters.held,
        committed=counters.committed,
        on_hand=counters.on_hand,
    )


def sum_up(buckets: Iterable[models.Stock]) -> Counters:
    """The counters of buckets together."""
    rows = list(buckets)
    return Counters(
        available=sum(row.available for row in rows),
        held=sum(row.held for row in rows),
        committed=sum(row.committed for row in rows),
    )


def to_warehouse(row: models.Warehouse) -> contracts.Warehouse:
    """The contract of a warehouse."""
    return contracts.Warehouse(id=row.pk, shop_id=row.shop_id, code=row.code, name=row.name, priority=row.priority)


def _hot_skus(*, now: datetime) -> "QuerySet[models.HotSku]":
    return models.HotSku.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now))


def _to_hold(row: models.StockHold) -> Hold:
    return Hold(
        owner_ref=row.owner_ref,
        status=HoldStatus(row.status),
        expires_at=row.expires_at,
        resolved_at=row.resolved_at,
        parts=tuple(_to_part(line) for line in sorted(row.lines.all(), key=lambda line: line.pk)),
    )


def _to_movement(row: models.StockMovement) -> Movement:
    line = row.hold_line
    return Movement(
        kind=MovementKind(row.kind),
        sku_id=row.sku_id,
        warehouse_id=row.warehouse_id,
        bucket=row.bucket,
        available=row.available,
        held=row.held,
        committed=row.committed,
        owner_ref=line.hold_id if line else None,
        line_ref=line.line_ref if line else None,
        reason=row.reason,
        actor=row.actor,
        occurred_at=row.occurred_at,
    )


def _to_part(line: models.StockHoldLine) -> contracts.HeldPart:
    return contracts.HeldPart(
        line_ref=line.line_ref,
        sku_id=line.sku_id,
        warehouse_id=line.warehouse_id,
        bucket=line.bucket,
        quantity=line.quantity,
        voided=line.voided,
        posted=line.posted,
        released=line.released,
        shipped=line.shipped,
        returned=line.returned,
    )
