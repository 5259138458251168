"""What goes back of an order: units cancelled before shipment, lost on the way, refunded or charged back; or an amount.

Each of these counts the units, writes down what they carried, and says what its flow has to undo: the sale in the
ledger, the payment, the budgets of promotions, the stock. See Note [Units gone].
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.orders.contracts import GoneKind, LineUnits, UnitsGone
from apps.orders.errors import NotCancellable, NotRefundable
from apps.orders.events import UnitsLeft
from apps.orders.models import Order, OrderLine, UnitsGoneEntry
from apps.orders.services import frozen, rows
from apps.orders.services.frozen import Parts
from apps.orders.services.rows import Cause, LockedOrder
from apps.pricing.api import ChargesBack, RefundCause
from tradecore import db, wire
from tradecore.ids import gene_of, new_id
from tradecore.money import Money, cumulative_share

#: The kind of the hold of whoever follows a dispute: the buyer's bank has the money, and it cannot go back as well.
DISPUTE_HOLD = "dispute"

_CANCELLABLE = frozenset({"ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"})
_REFUNDABLE = frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What is about to go back of a locked order; `counters` are what each line's counters grow by."""

    kind: GoneKind
    cause: RefundCause
    by: Cause
    parts: Parts
    charges: ChargesBack
    counters: Mapping[int, Mapping[str, int]]
    from_stock: tuple[LineUnits, ...] = field(default=())


@db.transaction_required
def cancel_units(
    *, order_id: int, units: Sequence[LineUnits] | None, initiator: str, reason: str, now: datetime
) -> UnitsGone:
    """Cancel units of a paid order that are in no parcel yet; all of them when `units` is None.

    Takes the locks of purchase and order. Refuses, in this order: NotFound, NotCancellable, OrderOnHold (for the shop's
    or the system's own cancellation only while a bank decides about the money), LineUnknown, TooManyUnits.
    """
    locked = rows.lock_with_purchase(order_id)
    if locked.order.status not in _CANCELLABLE:
        raise NotCancellable(order_status=locked.order.status)
    rows.refuse_on_hold(locked.order, only=None if initiator == "buyer" else DISPUTE_HOLD)
    wanted = locked.open_units() if units is None else rows.add_up(units)
    if not wanted:
        raise NotCancellable(order_status=locked.order.status)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.quantity - line.cancelled - line.arranged, part.quantity, line=line)
    parts = frozen.parts_of_units(locked, wanted)
    cause = _cancel_cause(locked, initiator)
    leaving = _Leaving(
        kind=GoneKind.CANCELLED,
        cause=cause,
        by=Cause(initiator, reason),
        parts=parts,
        charges=frozen.charges_of(locked, parts, cause=cause),
        counters={part.line_id: {"cancelled": part.quantity} for part in wanted},
        from_stock=tuple(wanted),
    )
    return _leave(locked, leaving, now=now)


@db.transaction_required
def lose_units(*, order_id: int, units: Sequence[LineUnits], reason: str, now: datetime) -> UnitsGone:
    """A parcel will never arrive: it was lost, or refused at the door. Takes the locks of purchase and order.

    Units whose money went back while they were on their way are lost first: nothing goes back for them twice.
    Refuses, in this order: NotFound, LineUnknown, TooManyUnits.
    """
    locked = rows.lock_with_purchase(order_id)
    wanted = rows.add_up(units)
    counters, unpaid = {}, []
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.collected - line.delivered - line.lost, part.quantity, line=line)
        refunded = min(part.quantity, max(0, line.refunded - line.delivered))
        counters[line.pk] = {"lost": part.quantity, "refunded": -refunded}
        if part.quantity > refunded:
            unpaid.append(LineUnits(line_id=line.pk, quantity=part.quantity - refunded))
    parts = frozen.parts_of_units(locked, unpaid)
    cause = RefundCause.CARRIER_FAULT if reason == "lost" else RefundCause.CHANGE_OF_MIND
    leaving = _Leaving(
        kind=GoneKind.LOST,
        cause=cause,
        by=Cause("carrier", reason),
        parts=parts,
        charges=frozen.charges_of(locked, parts, cause=cause),
        counters=counters,
    )
    return _leave(locked, leaving, now=now)


@db.transaction_required
def refund_units(
    *, order_id: int, units: Sequence[LineUnits], cause: RefundCause, initiator: str, reason: str, now: datetime
) -> UnitsGone:
    """Give back the money of units that the carrier has or had. Takes the locks of purchase and order.

    An order all of whose units are refunded completes at once. Whether its buyer may ask for it is the flow's to say.
    Refuses, in this order: NotFound, NotRefundable, LineUnknown, TooManyUnits.
    """
    locked = _lock_refundable(order_id)
    wanted = rows.add_up(units)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.collected - line.lost - line.refunded, part.quantity, line=line)
    parts = frozen.parts_of_units(locked, wanted)
    leaving = _Leaving(
        kind=GoneKind.REFUNDED,
        cause=cause,
        by=Cause(initiator, reason),
        parts=parts,
        charges=frozen.charges_of(locked, parts, cause=cause),
        counters={part.line_id: {"refunded": part.quantity} for part in wanted},
    )
    return _leave(locked, leaving, now=now)


@db.transaction_required
def concede(
    *, order_id: int, amounts: Mapping[int, Money], cause: RefundCause, initiator: str, reason: str, now: datetime
) -> UnitsGone:
    """Give back an amount of each of these lines, and no unit: the buyer keeps the goods, the seller pays for it.

    Takes the locks of purchase and order. Refuses, in this order: NotFound, NotRefundable, LineUnknown,
    AmountNotRefundable.
    """
    locked = _lock_refundable(order_id)
    rows.refuse_amounts(locked, amounts, left=frozen.paid_left_by_line(locked))
    parts = frozen.parts_of_amounts(locked, {line_id: amount.minor for line_id, amount in amounts.items()})
    leaving = _Leaving(
        kind=GoneKind.CONCEDED,
        cause=cause,
        by=Cause(initiator, reason),
        parts=parts,
        charges=ChargesBack(),
        counters={line_id: {"conceded_minor": part.paid_minor} for line_id, part in parts.items()},
    )
    return _leave(locked, leaving, now=now)


@db.transaction_required
def charge_back(*, order_id: int, amount: Money, reason: str, now: datetime) -> UnitsGone:
    """The buyer's bank has taken money of an order back for good. Takes the locks of purchase and order.

    As much as all of its lines have left undoes the order: units that no parcel holds are cancelled, the others count
    as refunded, by the seller's fault. Less than that lowers the lines, by what is left of each. `refund` of the answer
    is how much of the amount the order had left; the rest of it is nobody's sale. Refuses: NotFound.
    """
    locked = rows.lock_with_purchase(order_id)
    left = frozen.paid_left_by_line(locked)
    if amount.minor < sum(left.values()):
        leaving = _charge_back_amount(locked, amount.minor, left, reason=reason)
    else:
        leaving = _charge_back_units(locked, amount.minor, reason=reason)
    return _leave(locked, leaving, now=now)


@db.transaction_required
def return_units(*, order_id: int, units: Sequence[LineUnits], now: datetime) -> None:
    """Units came back, and were looked at. Takes the order's lock. Refuses: NotFound, LineUnknown, TooManyUnits."""
    locked = rows.lock_order(order_id)
    wanted = rows.add_up(units)
    for part in wanted:
        line = locked.line(part.line_id)
        rows.take_units(line.collected - line.returned, part.quantity, line=line)
        line.returned += part.quantity
    touched = [locked.line(part.line_id) for part in wanted]
    rows.record(locked, cause=Cause("seller", "returned"), now=now, lines=touched)


def _lock_refundable(order_id: int) -> LockedOrder:
    locked = rows.lock_with_purchase(order_id)
    if locked.order.status not in _REFUNDABLE:
        raise NotRefundable(order_status=locked.order.status)
    return locked


def _cancel_cause(locked: LockedOrder, initiator: str) -> RefundCause:
    """Once a carrier has had a part of the order, whose fault the rest is decides what becomes of the shipping fee."""
    if not any(line.collected for line in locked.lines):
        return RefundCause.CANCELLED_BEFORE_SHIPMENT
    return RefundCause.CHANGE_OF_MIND if initiator == "buyer" else RefundCause.SELLER_FAULT


def _charge_back_amount(locked: LockedOrder, amount_minor: int, left: Mapping[int, int], *, reason: str) -> _Leaving:
    parts = frozen.parts_of_amounts(locked, frozen.spread(amount_minor, left))
    return _Leaving(
        kind=GoneKind.CHARGED_BACK,
        cause=RefundCause.SELLER_FAULT,
        by=Cause("bank", reason),
        parts=parts,
        charges=ChargesBack(),
        counters={line_id: {"conceded_minor": part.paid_minor} for line_id, part in parts.items()},
    )


def _charge_back_units(locked: LockedOrder, amount_minor: int, *, reason: str) -> _Leaving:
    """All that is left; and of the charges what a seller's fault gives back, where the amount covers that as well."""
    open_units = {part.line_id: part.quantity for part in locked.open_units()}
    left = [(line.pk, line.quantity - frozen.units_gone(line)) for line in locked.lines]
    wanted = [LineUnits(line_id=line_id, quantity=quantity) for line_id, quantity in left if quantity]
    parts = frozen.parts_of_units(locked, wanted)
    charges = frozen.charges_of(locked, parts, cause=RefundCause.SELLER_FAULT)
    if amount_minor < sum(part.paid_minor for part in parts.values()) + charges.paid_minor:
        charges = ChargesBack()
    return _Leaving(
        kind=GoneKind.CHARGED_BACK,
        cause=RefundCause.SELLER_FAULT,
        by=Cause("bank", reason),
        parts=parts,
        charges=charges,
        counters={
            part.line_id: {
                "cancelled": open_units.get(part.line_id, 0),
                "refunded": part.quantity - open_units.get(part.line_id, 0),
            }
            for part in wanted
        },
        from_stock=tuple(locked.open_units()),
    )


def _leave(locked: LockedOrder, leaving: _Leaving, *, now: datetime) -> UnitsGone:
    """Count what goes back, and write down what it carried."""
    order = locked.order
    is_last = frozen.are_last(locked, leaving.parts)
    given_back = _given_back(locked, leaving, is_last=is_last)
    for line_id, growth in leaving.counters.items():
        line = locked.line(line_id)
        for name, by in growth.items():
            setattr(line, name, getattr(line, name) + by)
    proceeds = frozen.proceeds_of(order, leaving.parts, leaving.charges)
    refund = Money(proceeds.paid_minor, order.currency)
    entry = _write_entry(order, leaving, refund_minor=refund.minor, now=now)
    is_dead = _is_dead(locked)
    rows.record(
        locked,
        cause=leaving.by,
        now=now,
        lines=[locked.line(line_id) for line_id in leaving.counters],
        event=_event(order, entry, refund),
        refunded_minor=order.refunded_minor + refund.minor,
        gone_count=entry.sequence,
        **({"cancel_reason": leaving.by.reason, "cancel_initiator": leaving.by.initiator} if is_dead else {}),
        **({"completed_at": now} if _is_refunded(locked) and order.completed_at is None else {}),
    )
    return UnitsGone(
        id=entry.pk,
        order_id=order.pk,
        purchase_id=order.purchase_id,
        shop_id=order.shop_id,
        refund=refund,
        tax_payable_to=order.tax_payable_to,
        proceeds=proceeds,
        given_back=given_back,
        restored=_restored_promotions(locked) if is_dead else frozenset(),
        units=tuple(
            LineUnits(line_id=line_id, quantity=part.units) for line_id, part in leaving.parts.items() if part.units
        ),
        from_stock=leaving.from_stock,
        order_is_dead=is_dead,
        completes_at=order.completes_at if order.status == "DELIVERED" else None,
    )


def _is_dead(locked: LockedOrder) -> bool:
    """No unit of the order will ever be anybody's."""
    return all(line.cancelled + line.lost == line.quantity for line in locked.lines)


def _is_refunded(locked: LockedOrder) -> bool:
    """All money of what was shipped went back: there is nothing left to wait for."""
    is_all_gone = all(frozen.units_gone(line) == line.quantity for line in locked.lines)
    return is_all_gone and any(line.refunded for line in locked.lines)


def _event(order: Order, entry: UnitsGoneEntry, refund: Money) -> UnitsLeft:
    return UnitsLeft(
        gone_id=entry.pk,
        order_id=order.pk,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        how=entry.kind,
        cause=entry.cause,
        initiator=entry.initiator,
        reason=entry.reason,
        refund=refund,
    )


def _write_entry(order: Order, leaving: _Leaving, *, refund_minor: int, now: datetime) -> UnitsGoneEntry:
    entry = UnitsGoneEntry(
        id=new_id(gene_of(order.pk)),
        order=order,
        sequence=order.gone_count + 1,
        kind=leaving.kind.value,
        cause=leaving.cause.value,
        initiator=leaving.by.initiator,
        reason=leaving.by.reason,
        parts={
            "lines": {str(line_id): wire.to_json(part) for line_id, part in leaving.parts.items()},
            "charges": wire.to_json(leaving.charges),
        },
        refund_minor=refund_minor,
        occurred_at=now,
    )
    db.insert_later(entry)
    return entry


def _given_back(locked: LockedOrder, leaving: _Leaving, *, is_last: bool) -> dict[int, int]:
    """What the budgets of promotions get back for the units, by promotion; those of shipping with the last unit.

    An amount that is conceded gives nothing back: what the promotions gave, the buyer keeps with the goods.
    """
    given: Counter[int] = Counter()
    for line_id, part in leaving.parts.items():
        line = locked.line(line_id)
        before = frozen.units_gone(line)
        for promotion_id, minor in _discounts(line.ladder):
            gone = cumulative_share(minor, before + part.units, line.quantity)
            given[promotion_id] += gone - cumulative_share(minor, before, line.quantity)
    if is_last and leaving.cause is not RefundCause.CHANGE_OF_MIND:
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
