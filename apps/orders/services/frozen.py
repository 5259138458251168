"""What the frozen prices of an order say of its parts: what goes back of them, and what came back before.

# Note [Units gone]
What goes back follows from the frozen prices alone. The units of a line that are gone, in whatever groups, are its
first, second, third ...: each group takes its cumulative floor, so that all groups together are the whole line to the
cent. An amount that is conceded without a unit lowers what is left of the line, and the units that were left are
counted on the rest. Shipping and surcharges go back with the last unit, by the rules of pricing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.orders.contracts import GoneEntry, GoneKind, LineUnits
from apps.orders.models import Order, OrderLine, UnitsGoneEntry
from apps.orders.services.rows import LockedOrder
from apps.pricing.api import (
    ChargesBack,
    Proceeds,
    RefundableCharges,
    RefundableLine,
    RefundCause,
    RefundPart,
    charges_back,
    concession_part,
    line_left,
    paid_left,
    proceeds_back,
    refund_part,
)
from tradecore.money import allocate

Parts = dict[int, RefundPart]


def sold_line(order: Order, line: OrderLine) -> RefundableLine:
    """A line as it was sold."""
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


def sold_charges(order: Order) -> RefundableCharges:
    """Shipping and surcharges of an order as they were sold."""
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


def sold_proceeds(order: Order) -> Proceeds:
    """What the sale of an order is made of."""
    return Proceeds(
        paid_minor=order.total_minor,
        coupon_minor=order.platform_discount_minor,
        shipping_subsidy_minor=order.shipping_platform_discount_minor,
        payment_discount_minor=order.payment_discount_minor,
        tax_minor=order.tax_minor if order.tax_payable_to else 0,
        duty_minor=order.duty_minor,
        surcharges_minor=order.fees_minor,
        recorded_difference_minor=order.recorded_difference_minor,
    )


def units_gone(line: OrderLine) -> int:
    """How many units of a line have given their money back."""
    return line.cancelled + line.lost + line.refunded


def parts_of_units(locked: LockedOrder, units: Sequence[LineUnits]) -> Parts:
    """What the units carry, by line, before they are counted as gone. Units are free: the caller has looked."""
    counted = _counted_on(locked, [part.line_id for part in units])
    parts = {}
    for wanted in units:
        line, gone = counted[wanted.line_id]
        parts[wanted.line_id] = refund_part(line=line, units_from=gone, units_to=gone + wanted.quantity)
    return parts


def parts_of_amounts(locked: LockedOrder, amounts: Mapping[int, int]) -> Parts:
    """What amounts, in minor units by line, carry; each is at most what is left of its line."""
    counted = _counted_on(locked, amounts)
    return {
        line_id: concession_part(line=counted[line_id][0], units_gone=counted[line_id][1], amount_minor=minor)
        for line_id, minor in amounts.items()
        if minor
    }


def paid_left_by_line(locked: LockedOrder) -> dict[int, int]:
    """How much of the buyer's money is left in each line."""
    counted = _counted_on(locked, [line.pk for line in locked.lines])
    return {line_id: paid_left(line=line, units_gone=gone) for line_id, (line, gone) in counted.items()}


def spread(amount_minor: int, left: Mapping[int, int]) -> dict[int, int]:
    """Divide an amount over lines by what is left of them; at most all of it."""
    return dict(zip(left, allocate(min(amount_minor, sum(left.values())), list(left.values())), strict=True))


def charges_of(locked: LockedOrder, parts: Parts, *, cause: RefundCause) -> ChargesBack:
    """What goes back of shipping and surcharges with these units: something only with the last ones."""
    return charges_back(
        charges=sold_charges(locked.order),
        cause=cause,
        is_last=are_last(locked, parts),
        standard_fee_minor=locked.order.standard_shipping_minor,
    )


def are_last(locked: LockedOrder, parts: Parts) -> bool:
    """Whether nothing of the order is left once these units are gone, which are not counted yet."""
    taken = {line_id: part.units for line_id, part in parts.items()}
    left = [line.quantity - units_gone(line) - taken.get(line.pk, 0) for line in locked.lines]
    return any(taken.values()) and not any(left)


def proceeds_of(order: Order, parts: Parts, charges: ChargesBack) -> Proceeds:
    """What is undone of the sale when the parts and charges go back."""
    return proceeds_back(parts=list(parts.values()), charges=charges, platform_remits_tax=bool(order.tax_payable_to))


def read_entries(order_id: int) -> list[GoneEntry]:
    """Everything that went back of an order, oldest first."""
    return view_entries(UnitsGoneEntry.objects.filter(order_id=order_id))


def view_entries(rows: Iterable[UnitsGoneEntry]) -> list[GoneEntry]:
    """The entries of one order, oldest first."""
    return [read_entry(row) for row in sorted(rows, key=lambda row: row.sequence)]


def read_entry(row: UnitsGoneEntry) -> GoneEntry:
    """The contract of a stored entry."""
    return GoneEntry(
        id=row.pk,
        sequence=row.sequence,
        kind=GoneKind(row.kind),
        cause=row.cause,
        initiator=row.initiator,
        reason=row.reason,
        occurred_at=row.occurred_at,
        parts={int(line_id): RefundPart(**_minors(part)) for line_id, part in row.parts["lines"].items()},
        charges=ChargesBack(**_minors(row.parts["charges"])),
    )


def _minors(stored: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in stored.items()}


def _counted_on(locked: LockedOrder, line_ids: Iterable[int]) -> dict[int, tuple[RefundableLine, int]]:
    """For each line what its next units are counted on, and how many of that are gone. See Note [Units gone].

    A statement more only where something was conceded before.
    """
    lines = [locked.line(line_id) for line_id in line_ids]
    before: dict[int, list[RefundPart]] = defaultdict(list)
    if any(line.conceded_minor for line in lines):
        for entry in read_entries(locked.order.pk):
            for line_id, part in entry.parts.items():
                before[line_id].append(part)
    return {
        line.pk: line_left(line=sold_line(locked.order, line), gone=before[line.pk])
        if line.conceded_minor
        else (sold_line(locked.order, line), units_gone(line))
        for line in lines
    }
