"""A parcel that nobody took at the door: its money went back with it, and its goods are on their way to the seller."""

from collections.abc import Sequence
from datetime import datetime

from apps.aftersales import reasons, rows
from apps.aftersales.contracts import Act, Actor, CaseKind, CaseState
from apps.aftersales.models import CaseLine
from apps.aftersales.rows import By
from apps.orders import api as orders
from tradecore import db, inbox

REASON = "refused_at_door"


@db.use_case
def expect_refused_parcel(
    *, package_id: int, order_id: int, units: Sequence[orders.LineUnits], event_id: int, now: datetime
) -> None:
    """A parcel was refused, says this event: its seller is to look at what comes back, and count it in.

    No hold: the money has gone back, and the rest of the order goes its way. Locks, in this order: purchase, order.
    """
    if not inbox.first_time(consumer="aftersales.expect_refused_parcel", event_id=event_id, now=now):
        return
    orders.lock_order(order_id=order_id)
    order = orders.get_order(order_id=order_id)
    reason = reasons.get_reason(
        REASON,
        market=order.market,
        initiator=Actor.SYSTEM,
        kind=CaseKind.REFUSED_PARCEL,
        order_status=order.status,
        has_evidence=False,
    )
    skus = {line.id: line.sku_id for line in order.lines}
    rows.open_case(
        order=order,
        lines=[CaseLine(line_id=part.line_id, sku_id=skus[part.line_id], quantity=part.quantity) for part in units],
        kind=CaseKind.REFUSED_PARCEL,
        reason=reason.code,
        cause=reason.cause,
        by=By(actor=Actor.SYSTEM, reason=reason.code),
        state=CaseState.BUYER_SHIPPED_ITEM,
        waits_for=Act.COUNT_IN,
        now=now,
        package_id=package_id,
        holds_order=False,
    )
