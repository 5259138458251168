"""A paid order on its way: remorse over, arranged, collected, delivered or lost, completed."""

from collections.abc import Sequence
from datetime import datetime

from apps.orders.contracts import LineUnits
from apps.orders.errors import NotDelivered, NotReadyToShip
from apps.orders.models import OrderLine
from apps.orders.services import rows
from apps.orders.services.rows import Cause, LockedOrder
from tradecore import db

_READY = frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})


@db.transaction_required
def end_remorse(*, order_id: int, now: datetime) -> bool:
    """End the remorse hold of an order. False if there is none any more. Takes the order's lock."""
    locked = rows.lock_order(order_id)
    if not locked.order.is_held or locked.order.status != "ON_HOLD":
        return False
    rows.record(locked, cause=Cause("system", "remorse_over"), now=now, is_held=False)
    return True


@db.transaction_required
def lock_order(*, order_id: int) -> None:
    """Lock an order under its purchase, for a flow whose own rows hang on it. Refuses: NotFound."""
    rows.lock_with_purchase(order_id)


@db.transaction_required
def arrange_units(
    *, order_id: int, units: Sequence[LineUnits] | None, collect_cancel_at: datetime, now: datetime
) -> tuple[LineUnits, ...]:
    """Put units into a parcel; all that are in none yet when `units` is None. Returns what is in it, once per line.

    Takes the order's lock. Refuses, in this order: NotFound, NotReadyToShip, OrderOnHold, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_order(order_id)
    if locked.order.status not in _READY:
        raise NotReadyToShip(order_status=locked.order.status)
    rows.refuse_on_hold(locked.order)
    wanted = locked.open_units() if units is None else rows.add_up(units)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.quantity - line.cancelled - line.arranged, part.quantity, line=line)
        line.arranged += part.quantity
    cause = Cause("seller", "arranged")
    rows.record(locked, cause=cause, now=now, lines=_touched(locked, wanted), collect_cancel_at=collect_cancel_at)
    return tuple(wanted)


@db.transaction_required
def withdraw_units(*, order_id: int, units: Sequence[LineUnits], now: datetime) -> tuple[LineUnits, ...]:
    """Take units out of a parcel that the carrier never collected. Takes the order's lock.

    Returns those whose money a bank had taken back meanwhile: nobody waits for them, and they count as cancelled.
    Refuses, in this order: NotFound, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_order(order_id)
    unwanted = []
    for part in units:
        line = locked.line(part.line_id)
        rows.take_units(line.arranged - line.collected, part.quantity, line=line)
        line.arranged -= part.quantity
        paid_back = min(part.quantity, max(0, line.refunded + line.lost - line.collected))
        if paid_back:
            line.refunded -= paid_back
            line.cancelled += paid_back
            unwanted.append(LineUnits(line_id=line.pk, quantity=paid_back))
    rows.record(locked, cause=Cause("system", "withdrawn"), now=now, lines=_touched(locked, units))
    return tuple(unwanted)


@db.transaction_required
def collect_units(*, order_id: int, units: Sequence[LineUnits], now: datetime) -> tuple[str, ...]:
    """The carrier has scanned a parcel: its units are shipped. Returns the holds that it left in spite of.

    A hold keeps people from acting; it cannot undo what a carrier has done. Takes the order's lock.
    Refuses, in this order: NotFound, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_order(order_id)
    for part in units:
        line = locked.line(part.line_id)
        rows.take_units(line.arranged - line.collected, part.quantity, line=line)
        line.collected += part.quantity
    rows.record(locked, cause=Cause("carrier", "collected"), now=now, lines=_touched(locked, units))
    return rows.list_holds(locked.order)


@db.transaction_required
def deliver_units(*, order_id: int, units: Sequence[LineUnits], completes_at: datetime, now: datetime) -> bool:
    """A parcel has arrived. True if the whole order now has. Takes the order's lock.

    Refuses, in this order: NotFound, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_order(order_id)
    for part in units:
        line = locked.line(part.line_id)
        rows.take_units(line.collected - line.delivered - line.lost, part.quantity, line=line)
        line.delivered += part.quantity
    touched = _touched(locked, units)
    rows.record(locked, cause=Cause("carrier", "delivered"), now=now, lines=touched, completes_at=completes_at)
    return locked.order.status == "DELIVERED"


@db.transaction_required
def complete_order(*, order_id: int, initiator: str, reason: str, now: datetime) -> bool:
    """Complete a delivered order. False if it is completed already. Takes the order's lock.

    Refuses, in this order: NotFound, NotDelivered, OrderOnHold.
    """
    locked = rows.lock_order(order_id)
    if locked.order.status == "COMPLETED":
        return False
    if locked.order.status != "DELIVERED":
        raise NotDelivered(order_status=locked.order.status)
    rows.refuse_on_hold(locked.order)
    rows.record(locked, cause=Cause(initiator, reason), now=now, completed_at=now)
    return True


def _touched(locked: LockedOrder, units: Sequence[LineUnits]) -> list[OrderLine]:
    ids = {part.line_id for part in units}
    return [line for line in locked.lines if line.pk in ids]
