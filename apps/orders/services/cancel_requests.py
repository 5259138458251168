"""A buyer asks to cancel what the seller may be packing: asked, answered, taken back.

A hold keeps the order from being shipped while the request is open; it stands and falls in the transaction of the
request. Who may ask, and what follows from an answer, is the flow's to say.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apps.orders import selectors, states
from apps.orders.contracts import CancelRequestView, CancelStanding, ClosedCancelRequest, LineUnits
from apps.orders.errors import CancelRequestNotOpen, CancelRequestOpen, NotCancellable, OrderOnHold
from apps.orders.events import CancelRequestAnswered, CancelRequested
from apps.orders.models import CancelRequest
from apps.orders.services import holds, rows
from apps.orders.services.rows import Cause, LockedOrder
from tradecore import db, wire
from tradecore.ids import gene_of, new_id

CANCEL_REQUEST_HOLD: Final = "cancel_request"

_ASKED_ABOUT = frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})


@db.transaction_required
def lock_for_cancellation(*, order_id: int) -> CancelStanding:
    """Lock an order under its purchase, and say how it stands for a buyer who wants to cancel. Refuses: NotFound."""
    order = rows.lock_with_purchase(order_id).order
    return CancelStanding(market=order.market, status=order.status, ship_by=order.ship_by)


@db.transaction_required
def open_cancel_request(
    *, order_id: int, units: Sequence[LineUnits] | None, reason: str, answer_by: datetime, now: datetime
) -> CancelRequestView:
    """Ask the seller to cancel units that are in no parcel yet; all of them, whenever it is granted, if None.

    Takes the locks of purchase and order, and places the hold. Refuses, in this order: NotFound, NotCancellable,
    CancelRequestOpen, OrderOnHold, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_with_purchase(order_id)
    order = locked.order
    if order.status not in _ASKED_ABOUT or units == []:
        raise NotCancellable(order_status=order.status)
    if earlier := _find_open(order_id):
        raise CancelRequestOpen(request_id=earlier.pk, answer_by=earlier.answer_by)
    rows.refuse_on_hold(order)
    wanted = None if units is None else rows.add_up(units)
    for part in wanted or ():
        line = locked.line(part.line_id)
        rows.take_units(line.quantity - line.cancelled - line.arranged, part.quantity, line=line)
    request = CancelRequest.objects.create(  # at once: who asks is answered with it before the commit
        id=new_id(gene_of(order_id)),
        order=order,
        open_for=order_id,
        units=None if wanted is None else wire.to_json(wanted),
        reason=reason,
        requested_at=now,
        answer_by=answer_by,
    )
    event = CancelRequested(
        request_id=request.pk,
        order_id=order_id,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        reason=reason,
        answer_by=answer_by,
    )
    rows.record(locked, cause=Cause("buyer", "cancel_requested"), now=now, event=event)
    holds.place_hold(order_id=order_id, kind=CANCEL_REQUEST_HOLD, owner_ref=request.pk, now=now)
    return selectors.view_cancel_request(request)


@db.transaction_required
def close_cancel_request(
    *, order_id: int, status: str, decided_by: str, reject_reason: str = "", now: datetime
) -> ClosedCancelRequest:
    """Answer the open request of an order, or take it back, and release its hold.

    Takes the locks of purchase and order. Refuses, in this order, before anything is written: NotFound,
    CancelRequestNotOpen, OrderOnHold (an approval, while anything else holds the order).
    """
    locked = rows.lock_with_purchase(order_id)
    request = _find_open(order_id)
    if request is None:
        raise CancelRequestNotOpen(request_status=_latest_status(order_id))
    others = [kind for kind in rows.list_holds(locked.order) if kind != CANCEL_REQUEST_HOLD]
    if status == "APPROVED" and others:
        raise OrderOnHold(holds=tuple(others))
    _close(locked, request, status=status, decided_by=decided_by, reject_reason=reject_reason, now=now)
    return ClosedCancelRequest(reason=request.reason, open_units=_open_units(locked, request))


@db.transaction_required
def close_moot_cancel_request(*, order_id: int, decided_by: str, now: datetime) -> bool:
    """Grant the open request of an order of which somebody else has just cancelled all that is asked for.

    False if there is none, or something of it is left. Takes the locks of purchase and order. Refuses: NotFound.
    """
    request = _find_open(order_id)
    if request is None:
        return False
    locked = rows.lock_with_purchase(order_id)
    if _open_units(locked, request):
        return False
    _close(locked, request, status="APPROVED", decided_by=decided_by, reject_reason="", now=now)
    return True


def _find_open(order_id: int) -> CancelRequest | None:
    """The open request of an order, which its lock keeps as it is."""
    return CancelRequest.objects.filter(open_for=order_id).first()


def _latest_status(order_id: int) -> str | None:
    latest = selectors.find_cancel_request(order_id=order_id)
    return latest.status if latest else None


def _open_units(locked: LockedOrder, request: CancelRequest) -> tuple[LineUnits, ...]:
    """What the request is about and is in no parcel, cancelled parts left out."""
    open_units = locked.open_units()
    if request.units is None:
        return tuple(open_units)
    asked = {int(part["line_id"]): int(part["quantity"]) for part in request.units}
    return tuple(
        LineUnits(line_id=part.line_id, quantity=min(part.quantity, asked[part.line_id]))
        for part in open_units
        if part.line_id in asked
    )


def _close(
    locked: LockedOrder, request: CancelRequest, *, status: str, decided_by: str, reject_reason: str, now: datetime
) -> None:
    states.CANCEL_REQUEST.check(request.status, status)
    closed = CancelRequest.objects.filter(pk=request.pk, status=request.status).update(
        status=status, open_for=None, decided_by=decided_by, decided_at=now, reject_reason=reject_reason
    )
    assert closed == 1, f"cancel request {request.pk} changed under the lock of its order"
    order = locked.order
    event = CancelRequestAnswered(
        request_id=request.pk,
        order_id=order.pk,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        status=status,
        decided_by=decided_by,
        reject_reason=reject_reason,
    )
    rows.record(locked, cause=Cause(decided_by, "cancel_request_answered"), now=now, event=event)
    holds.release_hold(order_id=order.pk, kind=CANCEL_REQUEST_HOLD, owner_ref=request.pk, now=now)
