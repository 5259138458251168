"""Holds: how one flow stops another without knowing it."""

from datetime import datetime

from apps.orders.events import HoldPlaced, HoldReleased
from apps.orders.models import OrderHold
from apps.orders.services import rows
from apps.orders.services.rows import Cause
from tradecore import db


@db.transaction_required
def place_hold(*, order_id: int, kind: str, owner_ref: int, now: datetime) -> None:
    """Put a hold on an order, in the transaction of the fact that it is for. Takes the order's lock; again is nothing.

    Refuses: NotFound.
    """
    locked = rows.lock_order(order_id)
    order = locked.order
    if OrderHold.objects.filter(order=order, kind=kind, owner_ref=owner_ref).exists():
        return
    OrderHold.objects.create(order=order, kind=kind, owner_ref=owner_ref, placed_at=now)
    rows.record(
        locked,
        cause=Cause("system", kind),
        now=now,
        event=HoldPlaced(order_id=order.pk, shop_id=order.shop_id, hold=kind),
    )


@db.transaction_required
def release_hold(*, order_id: int, kind: str, owner_ref: int, now: datetime) -> None:
    """Take a hold away. Takes the order's lock; again is nothing. Refuses: NotFound."""
    locked = rows.lock_order(order_id)
    order = locked.order
    held = OrderHold.objects.filter(order=order, kind=kind, owner_ref=owner_ref, released_at=None)
    if held.update(released_at=now):
        rows.record(
            locked,
            cause=Cause("system", kind),
            now=now,
            event=HoldReleased(order_id=order.pk, shop_id=order.shop_id, hold=kind),
        )
