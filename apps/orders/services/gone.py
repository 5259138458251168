"""Units that leave an order for good: cancelled before shipment, or lost with their parcel.

# Note [Units gone]
What goes back for them follows from the frozen prices alone. The units of a line that are gone, in whatever groups, are
its first, second, third ...: each group takes its cumulative floor, so that all groups together are the whole line to
the cent. Shipping and surcharges go back with the last unit, by the rules of pricing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from apps.orders.contracts import LineUnits, UnitsGone
from apps.orders.errors import NotCancellable
from apps.orders.events import UnitsLeft
from apps.orders.models import Order, OrderLine, UnitsGoneEntry
from apps.orders.services import rows
from apps.orders.services.rows import Cause, LockedOrder
from apps.pricing.api import (
    ChargesBack,
    RefundableCharges,
    RefundableLine,
    RefundCause,
    RefundPart,
    charges_back,
    proceeds_back,
    refund_part,
)
from tradecore import db, wire
from tradecore.ids import gene_of, new_id
from tradecore.money import Money, cumulative_share

_CANCELLABLE = frozenset({"ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})


@db.transaction_required
def cancel_units(
    *, order_id: int, units: Sequence[LineUnits] | None, initiator: str, reason: str, now: datetime
) -> UnitsGone:
    """Cancel units of a paid order that are in no parcel yet; all of them when `units` is None.

    Takes the locks of purchase and order. Refuses, in this order: NotFound, NotCancellable, OrderOnHold (not for the
    shop's or the system's own cancellation), LineUnknown, TooManyUnits.
    """
    locked = rows.lock_with_purchase(order_id)
    if locked.order.status not in _CANCELLABLE:
        raise NotCancellable(order_status=locked.order.status)
    if initiator == "buyer":
        rows.refuse_on_hold(locked.order)
    wanted = locked.open_units() if units is None else rows.add_up(units)
    if not wanted:
        raise NotCancellable(order_status=locked.order.status)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.quantity - line.cancelled - line.arranged, part.quantity, line=line)
    parts = _parts_of(locked, wanted)
    for part in wanted:
        locked.line(part.line_id).cancelled += part.quantity
    return _record_gone(locked, parts, cause=_cancel_cause(locked, initiator), by=Cause(initiator, reason), now=now)


@db.transaction_required
def lose_units(*, order_id: int, units: Sequence[LineUnits], reason: str, now: datetime) -> UnitsGone:
    """A parcel will never arrive: it was lost, or refused at the door. Takes the locks of purchase and order.

    Refuses, in this order: NotFound, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_with_purchase(order_id)
    wanted = rows.add_up(units)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.collected - line.delivered - line.lost, part.quantity, line=line)
    parts = _parts_of(locked, wanted)
    for part in wanted:
        locked.line(part.line_id).lost += part.quantity
    cause = RefundCause.CARRIER_FAULT if reason == "lost" else RefundCause.CHANGE_OF_MIND
    return _record_gone(locked, parts, cause=cause, by=Cause("carrier", reason), now=now)


def _cancel_cause(locked: LockedOrder, initiator: str) -> RefundCause:
    """Once a carrier has had a part of the order, whose fault the rest is decides what becomes of the shipping fee."""
    if not any(line.collected for line in locked.lines):
        return RefundCause.CANCELLED_BEFORE_SHIPMENT
    return RefundCause.CHANGE_OF_MIND if initiator == "buyer" else RefundCause.SELLER_FAULT


def _parts_of(locked: LockedOrder, units: Sequence[LineUnits]) -> dict[int, RefundPart]:
    """What the units carry, by line, before they are counted as gone."""
    parts = {}
    for wanted in units:
        line = locked.line(wanted.line_id)
        gone = line.cancelled + line.lost
        parts[line.pk] = refund_part(
            line=_refundable(locked.order, line), units_from=gone, units_to=gone + wanted.quantity
        )
    return parts


def _refundable(order: Order, line: OrderLine) -> RefundableLine:
    return RefundableLine(
        quantity=line.quantity,
        list_minor=line.list_minor,
        net_minor=line.net_minor,
        platform_discount_minor=line.platform_discount_minor,
        tax_inclusive=order.tax_inclusive,
        tax_minor=line.tax_minor,
        duty_minor=line.duty_minor,
        shipping_share_minor=line.shipping_share_minor,
        payment_discount_minor=line.payment_discount_minor,
        recorded_difference_minor=line.recorded_difference_minor,
    )


def _refundable_charges(order: Order) -> RefundableCharges:
    shipping = (
        order.original_shipping_minor - order.shipping_seller_discount_minor - order.shipping_platform_discount_minor
    )
    return RefundableCharges(
        tax_inclusive=order.tax_inclusive,
        shipping_fee_minor=shipping,
        shipping_tax_minor=order.shipping_tax_minor,
        shipping_fee_platform_discount_minor=order.shipping_platform_discount_minor,
        surcharges_minor=order.fees_minor,
        payment_discount_minor=order.charges_payment_discount_minor,
        recorded_difference_minor=order.charges_recorded_difference_minor,
    )


def _record_gone(
    locked: LockedOrder,
    parts: Mapping[int, RefundPart],
    *,
    cause: RefundCause,
    by: Cause,
    now: datetime,
) -> UnitsGone:
    """Write down the units that are just counted as gone, and what goes back for them."""
    order = locked.order
    is_last = all(line.cancelled + line.lost == line.quantity for line in locked.lines)
    charges = charges_back(charges=_refundable_charges(order), cause=cause, is_last=is_last)
    proceeds = proceeds_back(
        parts=list(parts.values()), charges=charges, platform_remits_tax=bool(order.tax_payable_to)
    )
    refund_minor = proceeds.paid_minor
    entry = _write_entry(order, parts, charges, cause=cause, by=by, refund_minor=refund_minor, now=now)
    event = UnitsLeft(
        order_id=order.pk,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        cause=cause.value,
        initiator=by.initiator,
        reason=by.reason,
        refund=Money(refund_minor, order.currency),
    )
    end = {"cancel_reason": by.reason, "cancel_initiator": by.initiator} if is_last else {}
    rows.record(
        locked,
        cause=by,
        now=now,
        lines=[locked.line(line_id) for line_id in parts],
        event=event,
        refunded_minor=order.refunded_minor + refund_minor,
        **end,
    )
    return UnitsGone(
        id=entry.pk,
        order_id=order.pk,
        purchase_id=order.purchase_id,
        shop_id=order.shop_id,
        refund=Money(refund_minor, order.currency),
        tax_payable_to=order.tax_payable_to,
        proceeds=proceeds,
        given_back=_given_back(locked, parts, with_shipping=is_last and cause is not RefundCause.CHANGE_OF_MIND),
        restored=_restored_promotions(locked) if is_last else frozenset(),
        units=tuple(LineUnits(line_id=line_id, quantity=part.units) for line_id, part in parts.items()),
        order_is_dead=is_last,
        completes_at=order.completes_at if order.status == "DELIVERED" else None,
    )


def _write_entry(
    order: Order,
    parts: Mapping[int, RefundPart],
    charges: ChargesBack,
    *,
    cause: RefundCause,
    by: Cause,
    refund_minor: int,
    now: datetime,
) -> UnitsGoneEntry:
    entry = UnitsGoneEntry(
        id=new_id(gene_of(order.pk)),
        order=order,
        cause=cause.value,
        initiator=by.initiator,
        reason=by.reason,
        parts={
            "lines": {str(line_id): wire.to_json(part) for line_id, part in parts.items()},
            "charges": wire.to_json(charges),
        },
        refund_minor=refund_minor,
        occurred_at=now,
    )
    db.insert_later(entry)
    return entry


def _given_back(locked: LockedOrder, parts: Mapping[int, RefundPart], *, with_shipping: bool) -> dict[int, int]:
    """What the budgets of promotions get back for the units, by promotion; those of shipping with the last unit."""
    given: Counter[int] = Counter()
    for line_id, part in parts.items():
        line = locked.line(line_id)
        after = line.cancelled + line.lost
        for promotion_id, minor in _discounts(line.ladder):
            gone = cumulative_share(minor, after, line.quantity)
            given[promotion_id] += gone - cumulative_share(minor, after - part.units, line.quantity)
    if with_shipping:
        for promotion_id, minor in _discounts(locked.order.breakdown):
            given[promotion_id] += minor
    return {promotion_id: minor for promotion_id, minor in given.items() if minor}


def _discounts(steps: Sequence[Mapping[str, object]]) -> list[tuple[int, int]]:
    """(promotion, positive minor units) of the discounts in a frozen ladder."""
    return [
        (int(str(step["source_id"])), -int(str(step["amount_minor"]))) for step in steps if step["kind"] == "DISCOUNT"
    ]


def _restored_promotions(locked: LockedOrder) -> frozenset[int]:
    """The promotions of a dead order that cover no order which lives, or which was shipped."""
    if any(line.collected for line in locked.lines):
        return frozenset()
    own = _promotions_of(locked.order, locked.lines)
    others = Order.objects.filter(purchase_id=locked.order.purchase_id).exclude(pk=locked.order.pk)
    for other in others.prefetch_related("lines"):
        lines = list(other.lines.all())
        if other.status != "CANCELLED" or any(line.collected for line in lines):
            own -= _promotions_of(other, lines)
    return own


def _promotions_of(order: Order, lines: Sequence[OrderLine]) -> frozenset[int]:
    ladders = [line.ladder for line in lines] + [order.breakdown]
    return frozenset(promotion_id for ladder in ladders for promotion_id, _ in _discounts(ladder))
