"""Cancel what is not shipped: by its buyer, its seller, or the clock; whole orders, or so many units of a line."""

from collections.abc import Sequence
from datetime import datetime

from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db
from tradecore.timers import Deadline, cancel_timers, reset_timer

#: Every timer that an order may have before it is shipped.
_TIMERS = ("end_remorse", "cancel_unshipped")


@db.use_case
def cancel_lines(
    *, order_id: int, units: Sequence[orders.LineUnits] | None, initiator: str, reason: str, now: datetime
) -> orders.UnitsGone:
    """Cancel units of a paid order that are in no parcel, all of them when `units` is None, and send their money back.

    The refund is sent by the poller. Refuses what `orders.cancel_units` refuses, in its order.
    Locks, in this order: purchase, order, payment, promotions, their uses, stock hold, stock.
    """
    return _cancel(order_id, units, initiator=initiator, reason=reason, now=now)


@db.use_case
def cancel_unshipped(order_id: int, now: datetime) -> None:
    """Timer `cancel_unshipped`: cancel what the seller has not put into a parcel in time. Nothing if there is none."""
    try:
        _cancel(order_id, None, initiator="system", reason="not_shipped_in_time", now=now)
    except orders.NotCancellable:
        return  # everything is in parcels, or over; refused before anything was written


def _cancel(
    order_id: int, units: Sequence[orders.LineUnits] | None, *, initiator: str, reason: str, now: datetime
) -> orders.UnitsGone:
    gone = orders.cancel_units(order_id=order_id, units=units, initiator=initiator, reason=reason, now=now)
    refund_id = 0
    if gone.refund.minor:
        refund_id = payments.open_refund(
            payable_ref=gone.purchase_id,
            order_ref=gone.order_id,
            amount=gone.refund,
            reason=reason,
            client_ref=f"gone:{gone.id}",
            now=now,
        )
    undone = journals.units_gone(
        gone_ref=gone.id,
        order_ref=gone.order_id,
        shop_ref=gone.shop_id,
        refund_ref=refund_id,
        tax_payable_to=gone.tax_payable_to,
        currency=gone.refund.currency,
        proceeds=gone.proceeds,
    )
    ledger.post(undone, now=now)
    if gone.order_is_dead:
        cancel_timers(subjects=[order_id], kinds=_TIMERS)
    if gone.completes_at is not None:
        reset_timer(Deadline("complete_order", order_id, gone.completes_at))
    db.insert_pending()
    promotions.give_back(owner_ref=gone.purchase_id, amounts=gone.given_back, restored=gone.restored, now=now)
    inventory.release(
        owner_ref=gone.purchase_id,
        lines=[(part.line_id, part.quantity) for part in gone.units],
        reason=reason,
        now=now,
    )
    return gone
