"""How orders are locked, and the one way in which their status changes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.orders import states
from apps.orders.contracts import LineUnits
from apps.orders.errors import AmountNotRefundable, LineUnknown, OrderOnHold, TooManyUnits
from apps.orders.events import OrderMoved
from apps.orders.models import Order, OrderHold, OrderLine, OrderTransition, Purchase
from apps.orders.status import derive_status, facts_of
from tradecore import db, outbox
from tradecore.errors import NotFound
from tradecore.locks import Rank, lock_children, lock_children_of_many, lock_row, lock_rows, locking_children
from tradecore.money import Money
from tradecore.prepared import Select


@dataclass(slots=True)
class LockedOrder:
    """An order and its lines, under the order's lock. Counters change on the lines; `record` writes all of it."""

    order: Order
    lines: list[OrderLine]

    def line(self, line_id: int) -> OrderLine:
        """Refuses: LineUnknown."""
        for line in self.lines:
            if line.pk == line_id:
                return line
        raise LineUnknown(line_id=line_id)

    def open_units(self) -> list[LineUnits]:
        """What is neither cancelled nor in a parcel."""
        free = [(line.pk, line.quantity - line.cancelled - line.arranged) for line in self.lines]
        return [LineUnits(line_id=line_id, quantity=quantity) for line_id, quantity in free if quantity]


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what moved an order, and why."""

    initiator: str
    reason: str = ""


#: The orders of a purchase, as they are locked.
ORDERS_OF = locking_children(lambda purchases: Order.objects.filter(purchase__id__in=purchases), by="purchase_id")
#: The lines of orders.
LINES_OF = Select(lambda orders: OrderLine.objects.filter(order__id__in=orders).order_by("line_no"), by="order_id")


def lock_purchase(purchase_id: int) -> Purchase:
    """The purchase, locked. Refuses: NotFound."""
    purchase = lock_row(Rank.PURCHASE, Purchase, purchase_id)
    if purchase is None:
        raise NotFound(what="purchase")
    return purchase


def lock_order(order_id: int) -> LockedOrder:
    """The order, locked, with its lines. Refuses: NotFound."""
    order = lock_row(Rank.ORDER, Order, order_id)
    if order is None:
        raise NotFound(what="order")
    return LockedOrder(order, LINES_OF(orders=(order.pk,)))


def lock_with_purchase(order_id: int) -> LockedOrder:
    """The order with its lines, locked under its purchase. Refuses: NotFound."""
    purchase_id = Order.objects.filter(pk=order_id).values_list("purchase_id", flat=True).first()
    if purchase_id is not None:
        lock_purchase(purchase_id)
    return lock_order(order_id)


def lock_many(purchase_ids: Collection[int]) -> None:
    """Lock many purchases and their orders, and read the lines: whoever locks one of them then finds it in memory."""
    lock_rows(Rank.PURCHASE, Purchase, purchase_ids)
    orders = lock_children_of_many(Rank.ORDER, ORDERS_OF, of=purchase_ids)
    LINES_OF.read_ahead(orders={order.pk for order in orders})


def lock_orders_of(purchase: Purchase) -> list[LockedOrder]:
    """All orders of a locked purchase, locked, with their lines."""
    orders = lock_children(Rank.ORDER, ORDERS_OF, of=purchase.pk)
    lines = LINES_OF(orders={order.pk for order in orders})
    return [LockedOrder(order, [line for line in lines if line.order_id == order.pk]) for order in orders]


def record(
    locked: LockedOrder,
    *,
    cause: Cause,
    now: datetime,
    lines: Sequence[OrderLine] = (),
    event: outbox.Event | None = None,
    **facts: Any,
) -> None:
    """Write new facts of an order and its lines, and the status that follows from them, with its transition and event.

    `event` is a fact to publish before the status changes. The one function that writes an order's status; the version
    of the row is compared and set.
    """
    order = locked.order
    version_before = order.version
    for name, value in facts.items():
        setattr(order, name, value)
    if event is not None:
        _publish(order, event, now=now)
    _move(locked, cause=cause, now=now)
    written = {name: getattr(order, name) for name in {*facts, *_STATUS_FIELDS}}
    db.change(Order, order.pk, before={"version": version_before}, after=written)
    for line in lines:
        line.save(update_fields=_COUNTERS)


_STATUS_FIELDS = ("status", "version", "transition_count", "cancelled_at", "delivered_at")
_COUNTERS = ("cancelled", "arranged", "collected", "delivered", "lost", "refunded", "returned", "conceded_minor")


def _move(locked: LockedOrder, *, cause: Cause, now: datetime) -> None:
    order = locked.order
    before, after = order.status, derive_status(facts_of(order, locked.lines))
    if after == before:
        return
    states.ORDER.check(before, after)
    order.status = after
    order.transition_count += 1
    if after == "CANCELLED":
        order.cancelled_at = now
    if after == "DELIVERED":
        order.delivered_at = now
    db.insert_later(
        OrderTransition(
            order=order,
            sequence=order.transition_count,
            before=before,
            after=after,
            initiator=cause.initiator,
            reason=cause.reason,
            occurred_at=now,
        )
    )
    event = OrderMoved(
        order_id=order.pk,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        before=before,
        after=after,
        reason=cause.reason,
    )
    _publish(order, event, now=now)


def _publish(order: Order, event: outbox.Event, *, now: datetime) -> None:
    order.version += 1
    outbox.publish(
        event, aggregate="order", aggregate_id=order.pk, sequence=order.version, shop_id=order.shop_id, now=now
    )


def refuse_on_hold(order: Order, *, only: str | None = None) -> None:
    """Refuses: OrderOnHold, for any hold or for `only` one kind. Under the order's lock: none is placed meanwhile."""
    holds = list_holds(order)
    if holds and only in {None, *holds}:
        raise OrderOnHold(holds=holds)


def list_holds(order: Order) -> tuple[str, ...]:
    """The kinds of the holds that are open on an order, oldest first."""
    kinds = OrderHold.objects.filter(order=order, released_at=None).values_list("kind", flat=True)
    return tuple(kinds.order_by("id"))


def add_up(units: Sequence[LineUnits]) -> list[LineUnits]:
    """One entry per line, however often it is named."""
    totals: Counter[int] = Counter()
    for part in units:
        totals[part.line_id] += part.quantity
    return [LineUnits(line_id=line_id, quantity=quantity) for line_id, quantity in totals.items()]


def take_units(available: int, quantity: int, *, line: OrderLine) -> None:
    """Refuses: TooManyUnits, unless 1 <= quantity <= available."""
    if not 1 <= quantity <= available:
        raise TooManyUnits(line_id=line.pk, available=available)


def refuse_amounts(locked: LockedOrder, amounts: Mapping[int, Money], *, left: Mapping[int, int]) -> None:
    """Each amount is something, and at most what its line has left. Refuses: LineUnknown, AmountNotRefundable."""
    for line_id, amount in amounts.items():
        available = Money(left[locked.line(line_id).pk], locked.order.currency)
        if amount.currency != available.currency or not 0 < amount.minor <= available.minor:
            raise AmountNotRefundable(refundable=available, asked=amount)
