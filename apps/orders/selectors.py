"""The reads of orders. Whoever asks says for whom: a buyer's reads name the buyer, a shop's the shop."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Count, QuerySet

from apps.orders.contracts import (
    BreakdownView,
    CancelRequestView,
    Deadline,
    GoneKind,
    GoneView,
    HoldView,
    LineUnits,
    LineView,
    NextAction,
    OrderSummary,
    OrderView,
    PurchaseView,
    RefundQuote,
    Sale,
    SoldLine,
    SoldOrder,
    SoldPurchase,
    TimelineEntry,
)
from apps.orders.models import (
    CancelRequest,
    Order,
    OrderHold,
    OrderLine,
    OrderTransition,
    Purchase,
    UnitsGoneEntry,
)
from apps.orders.services import frozen, rows
from apps.orders.services.rows import LockedOrder
from apps.orders.status import facts_of
from apps.pricing.api import ChargesBack, RefundCause
from tradecore.errors import NotFound
from tradecore.ids import format_number
from tradecore.money import Money
from tradecore.prepared import Select

_OfOrder = TypeVar("_OfOrder", OrderLine, OrderTransition, OrderHold, UnitsGoneEntry)


def get_purchase(*, purchase_id: int, buyer_ref: int | None = None) -> PurchaseView:
    """A purchase, of this buyer only when one is named. Refuses: NotFound."""
    purchase = _PURCHASES.find(purchases=(purchase_id,))
    if purchase is None or (buyer_ref is not None and purchase.buyer_ref != buyer_ref):
        raise NotFound(what="purchase")
    orders = _ORDERS_OF(purchases=(purchase_id,))
    lines = _by_order(_LINES, orders)
    return view_purchase(purchase, [(order, lines[order.pk]) for order in orders])


def list_sold_purchases(*, purchase_ids: Collection[int]) -> dict[int, SoldPurchase]:
    """Those of the purchases that are paid, by id, with all of their orders: in six statements, however many."""
    purchases = _PURCHASES(purchases=set(purchase_ids))
    orders: dict[int, list[SoldOrder]] = {purchase.pk: [] for purchase in purchases if purchase.paid_at is not None}
    views: dict[int, list[tuple[Order, Sequence[OrderLine]]]] = {purchase_id: [] for purchase_id in orders}
    rows = _ORDERS_OF(purchases=set(orders))
    parts = _Parts.of(rows)
    for order in rows:
        orders[order.purchase_id].append(SoldOrder(sale=parts.view_sale(order), order=parts.view_order(order)))
        views[order.purchase_id].append((order, parts.lines[order.pk]))
    return {
        purchase.pk: SoldPurchase(view_purchase(purchase, views[purchase.pk]), tuple(orders[purchase.pk]))
        for purchase in purchases
        if purchase.pk in orders
    }


def find_purchase_of_quote(*, quote_id: int) -> int | None:
    """The purchase that a quote was used for."""
    return Purchase.objects.filter(quote_id=quote_id).values_list("pk", flat=True).first()


def list_used_quotes(*, quote_ids: Collection[int]) -> set[int]:
    """Those of the quotes that have bought already."""
    return set(_USED(quotes=set(quote_ids)))


_USED = Select(lambda quotes: Purchase.objects.filter(quote_id__in=quotes).values_list("quote_id", flat=True))


def get_order(*, order_id: int, buyer_ref: int | None = None, shop_ids: Sequence[int] | None = None) -> OrderView:
    """An order, of this buyer or of these shops only when they are named. Refuses: NotFound."""
    order = _ORDER.find(order=order_id)
    if order is None or (buyer_ref is not None and order.buyer_ref != buyer_ref):
        raise NotFound(what="order")
    if shop_ids is not None and (order.shop_id not in shop_ids or order.paid_at is None):
        raise NotFound(what="order")
    of = (order_id,)
    return _view_order(order, _LINES(orders=of), _TRANSITIONS(orders=of), _HOLDS(orders=of))


def get_guest_order(*, order_id: int, email: str) -> OrderView:
    """A guest's order by its number and the e-mail (in canonical form) that it was bought with. Refuses: NotFound."""
    found = Order.objects.filter(pk=order_id, purchase__is_guest=True, purchase__contact_email=email)
    if not found.exists():
        raise NotFound(what="order")
    return get_order(order_id=order_id)


def list_orders(
    *,
    limit: int,
    before: int | None = None,
    buyer_ref: int | None = None,
    shop_ids: Sequence[int] | None = None,
    status: str | None = None,
    created_ge: datetime | None = None,
    created_lt: datetime | None = None,
    asked_to_cancel: bool = False,
) -> list[OrderSummary]:
    """Orders, newest first, in two statements. A shop sees them once they are paid.

    With `asked_to_cancel` those only whose seller has to answer a request to cancel.
    """
    filters: dict[str, object] = {
        "buyer_ref": buyer_ref,
        "pk__lt": before,
        "status": status,
        "placed_at__gte": created_ge,
        "placed_at__lt": created_lt,
    }
    orders = Order.objects.filter(**{name: value for name, value in filters.items() if value is not None})
    if shop_ids is not None:
        orders = orders.filter(shop_id__in=shop_ids, paid_at__isnull=False)
    if asked_to_cancel:
        orders = orders.filter(cancel_requests__open_for__isnull=False)
    return _newest(orders, limit=limit)


def list_orders_by_email(*, email: str, limit: int) -> list[OrderSummary]:
    """Orders that were bought with this contact address, newest first, in three statements. For operators."""
    purchases = Purchase.objects.filter(contact_email=email).order_by("-id").values_list("pk", flat=True)
    return list_orders_by_purchase(purchase_ids=purchases[:limit], limit=limit)


def list_orders_by_sku(*, sku_ids: Collection[int], limit: int) -> list[OrderSummary]:
    """Orders with any of the SKUs in one of the `limit` newest such lines, in three statements. For operators."""
    order_ids = OrderLine.objects.filter(sku_id__in=sku_ids).order_by("-id").values_list("order_id", flat=True)
    return _newest(Order.objects.filter(pk__in=list(order_ids[:limit])), limit=limit)


def list_orders_by_purchase(*, purchase_ids: Iterable[int], limit: int) -> list[OrderSummary]:
    """The orders of the purchases, newest first, in two statements. For operators."""
    return _newest(Order.objects.filter(purchase_id__in=list(purchase_ids)), limit=limit)


def count_orders(*, statuses: Collection[str]) -> dict[str, int]:
    """How many orders stand at each of the statuses."""
    counts = Order.objects.filter(status__in=statuses).values_list("status").annotate(count=Count("pk")).order_by()
    return dict.fromkeys(statuses, 0) | dict(counts)


def list_holds(*, order_id: int) -> list[HoldView]:
    """Every hold that was placed on an order, released ones included, oldest first."""
    rows = OrderHold.objects.filter(order_id=order_id).order_by("id")
    return [
        HoldView(kind=row.kind, owner_ref=row.owner_ref, placed_at=row.placed_at, released_at=row.released_at)
        for row in rows
    ]


def list_units_gone(*, order_id: int) -> list[GoneView]:
    """What left an order for good, oldest first."""
    rows = UnitsGoneEntry.objects.filter(order_id=order_id).select_related("order").order_by("sequence")
    return [_view_gone(row) for row in rows]


def get_sale(*, order_id: int) -> Sale:
    """A paid order as money, to the last component, in four statements; what is locked is as it stands.

    Refuses: NotFound, also of an order that is not paid.
    """
    order = _ORDER.find(order=order_id)
    if order is None or order.paid_at is None:
        raise NotFound(what="order")
    of = (order_id,)
    return _view_sale(order, _LINES(orders=of), _HOLDS(orders=of), _GONE(orders=of))


def get_sold_order(*, order_id: int) -> SoldOrder:
    """A paid order, as money and as it is shown, in five statements; what is locked is as it stands.

    Refuses: NotFound, also of an order that is not paid.
    """
    order = _ORDER.find(order=order_id)
    if order is None or order.paid_at is None:
        raise NotFound(what="order")
    parts = _Parts.of([order])
    return SoldOrder(sale=parts.view_sale(order), order=parts.view_order(order))


_PURCHASES = Select(lambda purchases: Purchase.objects.filter(pk__in=purchases))
_ORDER = Select(lambda order: Order.objects.filter(pk=order))
_ORDERS_OF = Select(lambda purchases: Order.objects.filter(purchase__id__in=purchases).order_by("id"))
_LINES = Select(lambda orders: OrderLine.objects.filter(order__id__in=orders).order_by("line_no"))
_TRANSITIONS = Select(lambda orders: OrderTransition.objects.filter(order__id__in=orders).order_by("sequence"))
_HOLDS = Select(lambda orders: OrderHold.objects.filter(order__id__in=orders).order_by("id"))
_GONE = Select(lambda orders: UnitsGoneEntry.objects.filter(order__id__in=orders).order_by("sequence"))


def _by_order(select: Select[_OfOrder], orders: Sequence[Order]) -> dict[int, list[_OfOrder]]:
    """What hangs on each of the orders, in its own order."""
    found: dict[int, list[_OfOrder]] = {order.pk: [] for order in orders}
    for row in select(orders=tuple(found)):
        found[row.order_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Parts:
    """All that hangs on some orders, by order."""

    lines: Mapping[int, Sequence[OrderLine]]
    transitions: Mapping[int, Sequence[OrderTransition]]
    holds: Mapping[int, Sequence[OrderHold]]
    gone: Mapping[int, Sequence[UnitsGoneEntry]]

    @classmethod
    def of(cls, orders: Sequence[Order]) -> "_Parts":
        return cls(
            lines=_by_order(_LINES, orders),
            transitions=_by_order(_TRANSITIONS, orders),
            holds=_by_order(_HOLDS, orders),
            gone=_by_order(_GONE, orders),
        )

    def view_order(self, order: Order) -> OrderView:
        return _view_order(order, self.lines[order.pk], self.transitions[order.pk], self.holds[order.pk])

    def view_sale(self, order: Order) -> Sale:
        return _view_sale(order, self.lines[order.pk], self.holds[order.pk], self.gone[order.pk])


def list_paid_order_ids(*, market: str, paid_ge: datetime, paid_lt: datetime, limit: int) -> list[int]:
    """The orders of a market that were paid in that time, those that were paid last first. For operators."""
    paid = Order.objects.filter(market=market, paid_at__gte=paid_ge, paid_at__lt=paid_lt)
    return list(paid.order_by("-paid_at", "-id").values_list("pk", flat=True)[:limit])


def list_sales(*, order_ids: Collection[int]) -> list[Sale]:
    """Those of the orders that are paid, as money, as `get_sale` tells of each; in four statements. For operators."""
    paid = Order.objects.filter(pk__in=order_ids, paid_at__isnull=False)
    rows = paid.order_by("id").prefetch_related("lines", "holds", "units_gone")
    return [_view_sale(order, order.lines.all(), order.holds.all(), order.units_gone.all()) for order in rows]


def quote_refund(
    *, order_id: int, units: Sequence[LineUnits], amounts: Mapping[int, Money], cause: RefundCause
) -> RefundQuote:
    """What would go back for these units, or for these amounts without any, if it went back now.

    Nothing is locked and nothing is written. Refuses, in this order: NotFound, LineUnknown, TooManyUnits (more than
    the carrier has or had and is not refunded), AmountNotRefundable.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound(what="order")
    seen = LockedOrder(order, list(order.lines.order_by("line_no")))
    wanted = rows.add_up(units)
    for part in wanted:
        line = seen.line(part.line_id)
        rows.take_units(line.collected - line.lost - line.refunded, part.quantity, line=line)
    if amounts:
        rows.refuse_amounts(seen, amounts, left=frozen.paid_left_by_line(seen))
    parts = frozen.parts_of_units(seen, wanted)
    parts |= frozen.parts_of_amounts(seen, {line_id: amount.minor for line_id, amount in amounts.items()})
    charges = frozen.charges_of(seen, parts, cause=cause)
    return _view_quote(order, parts, charges, is_last=frozen.are_last(seen, parts))


def list_purchase_order_ids(*, purchase_id: int) -> tuple[int, ...]:
    """The ids of the orders of a purchase."""
    return tuple(Order.objects.filter(purchase_id=purchase_id).order_by("id").values_list("pk", flat=True))


def view_purchase(purchase: Purchase, orders: Iterable[tuple[Order, Sequence[OrderLine]]]) -> PurchaseView:
    """The contract of a purchase and its orders, each with its lines."""
    return PurchaseView(
        id=purchase.pk,
        number=format_number(purchase.pk),
        buyer_ref=purchase.buyer_ref,
        is_guest=purchase.is_guest,
        contact_email=purchase.contact_email,
        market=purchase.market,
        status=purchase.status,
        total=Money(purchase.total_minor, purchase.currency),
        placed_at=purchase.placed_at,
        pay_by=purchase.pay_by,
        paid_at=purchase.paid_at,
        orders=tuple(_summarise(order, lines) for order, lines in orders),
    )


def _newest(orders: QuerySet[Order], *, limit: int) -> list[OrderSummary]:
    rows = orders.order_by("-id").prefetch_related("lines")[:limit]
    return [_summarise(order, list(order.lines.all())) for order in rows]


def _view_sale(
    order: Order, lines: Iterable[OrderLine], holds: Iterable[OrderHold], gone: Iterable[UnitsGoneEntry]
) -> Sale:
    assert order.paid_at is not None, "only what is paid is a sale"
    return Sale(
        order_id=order.pk,
        number=format_number(order.pk),
        purchase_id=order.purchase_id,
        shop_id=order.shop_id,
        buyer_ref=order.buyer_ref,
        market=order.market,
        currency=order.currency,
        status=order.status,
        tax_payable_to=order.tax_payable_to,
        paid_at=order.paid_at,
        delivered_at=order.delivered_at,
        completed_at=order.completed_at,
        cancelled_at=order.cancelled_at,
        holds=tuple(hold.kind for hold in holds if hold.released_at is None),
        lines=tuple(_view_sold(order, line) for line in sorted(lines, key=lambda line: line.line_no)),
        charges=frozen.sold_charges(order),
        proceeds=frozen.sold_proceeds(order),
        gone=tuple(frozen.view_entries(gone)),
    )


def _view_quote(order: Order, parts: frozen.Parts, charges: ChargesBack, *, is_last: bool) -> RefundQuote:
    def money(minor: int) -> Money:
        return Money(minor, order.currency)

    def of_parts(name: str) -> Money:
        return money(sum(getattr(part, name) for part in parts.values()))

    return RefundQuote(
        refund=money(frozen.proceeds_of(order, parts, charges).paid_minor),
        goods=of_parts("net_minor"),
        shipping=money(charges.shipping_fee_minor),
        tax=of_parts("tax_minor") + money(charges.shipping_tax_minor),
        tax_inclusive=order.tax_inclusive,
        duty=of_parts("duty_minor"),
        seller_discount_void=money(sum(part.seller_discount_minor for part in parts.values() if part.units)),
        platform_discount_void=of_parts("platform_discount_minor"),
        shipping_subsidy_void=money(charges.shipping_subsidy_minor),
        is_last=is_last,
    )


def _view_sold(order: Order, line: OrderLine) -> SoldLine:
    return SoldLine(
        id=line.pk,
        line_no=line.line_no,
        sku_id=line.sku_id,
        title=line.title,
        sku_code=line.sku_code,
        amounts=frozen.sold_line(order, line),
        terms=line.terms,
    )


def _view_gone(row: UnitsGoneEntry) -> GoneView:
    return GoneView(
        id=row.pk,
        kind=GoneKind(row.kind),
        cause=row.cause,
        initiator=row.initiator,
        reason=row.reason,
        units=tuple(
            LineUnits(line_id=int(line_id), quantity=part["units"])
            for line_id, part in row.parts["lines"].items()
            if part["units"]
        ),
        refund=Money(row.refund_minor, row.order.currency),
        occurred_at=row.occurred_at,
    )


def _summarise(order: Order, lines: Sequence[OrderLine]) -> OrderSummary:
    return OrderSummary(
        id=order.pk,
        number=format_number(order.pk),
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        status=order.status,
        total=Money(order.total_minor, order.currency),
        unit_count=sum(line.quantity for line in lines),
        placed_at=order.placed_at,
        paid_at=order.paid_at,
    )


def _view_order(
    order: Order,
    lines: Sequence[OrderLine],
    transitions: Sequence[OrderTransition],
    holds: Sequence[OrderHold],
) -> OrderView:
    """lines, transitions: in their own order."""
    placed = TimelineEntry(status="UNPAID", initiator="buyer", reason="placed", occurred_at=order.placed_at)
    return OrderView(
        id=order.pk,
        number=format_number(order.pk),
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        market=order.market,
        status=order.status,
        version=order.version,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        completed_at=order.completed_at,
        cancelled_at=order.cancelled_at,
        cancel_reason=order.cancel_reason,
        delivery_option=order.delivery_option,
        address=order.address,
        lines=tuple(_view_line(line, order.currency) for line in lines),
        breakdown=_view_breakdown(order),
        deadlines=_deadlines(order),
        timeline=(
            placed,
            *(
                TimelineEntry(status=t.after, initiator=t.initiator, reason=t.reason, occurred_at=t.occurred_at)
                for t in transitions
            ),
        ),
        holds=tuple(hold.kind for hold in holds if hold.released_at is None),
        facts=facts_of(order, lines),
    )


def _view_line(line: OrderLine, currency: str) -> LineView:
    return LineView(
        id=line.pk,
        line_no=line.line_no,
        sku_id=line.sku_id,
        product_id=line.product_id,
        title=line.title,
        sku_code=line.sku_code,
        quantity=line.quantity,
        unit_price=Money(line.unit_price_minor, currency),
        list_price=Money(line.list_minor, currency),
        seller_discount=Money(line.seller_discount_minor, currency),
        platform_discount=Money(line.platform_discount_minor, currency),
        net=Money(line.net_minor, currency),
        tax_rate_e5=line.tax_rate_e5,
        tax=Money(line.tax_minor, currency),
        duty=Money(line.duty_minor, currency),
        ladder=tuple(_with_money(step, currency) for step in line.ladder),
        cancelled=line.cancelled,
        arranged=line.arranged,
        collected=line.collected,
        delivered=line.delivered,
        lost=line.lost,
        refunded=line.refunded,
        returned=line.returned,
    )


def _with_money(step: Mapping[str, object], currency: str) -> Mapping[str, object]:
    """A frozen step of a ladder as it is shown: its minor units as money."""
    shown = {name: value for name, value in step.items() if name != "amount_minor"}
    return {**shown, "layer": f"L{step['layer']}", "amount": Money(int(str(step["amount_minor"])), currency)}


def _view_breakdown(order: Order) -> BreakdownView:
    def money(minor: int) -> Money:
        return Money(minor, order.currency)

    shipping_discounts = order.shipping_seller_discount_minor + order.shipping_platform_discount_minor
    return BreakdownView(
        original_total_product_price=money(order.original_minor),
        seller_discount=money(order.seller_discount_minor),
        platform_discount=money(order.platform_discount_minor),
        sub_total=money(order.original_minor - order.seller_discount_minor - order.platform_discount_minor),
        original_shipping_fee=money(order.original_shipping_minor),
        shipping_fee_seller_discount=money(order.shipping_seller_discount_minor),
        shipping_fee_platform_discount=money(order.shipping_platform_discount_minor),
        shipping_fee=money(order.original_shipping_minor - shipping_discounts),
        tax=money(order.tax_minor),
        tax_inclusive=order.tax_inclusive,
        duty=money(order.duty_minor),
        fees=money(order.fees_minor),
        payment_platform_discount=money(order.payment_discount_minor),
        recorded_difference=money(order.recorded_difference_minor),
        total=money(order.total_minor),
        refunded=money(order.refunded_minor),
        steps=tuple(_with_money(step, order.currency) for step in order.breakdown),
    )


def _deadlines(order: Order) -> tuple[Deadline, ...]:
    """What still has to happen, and until when, given where the order stands."""
    by_status: Mapping[str, tuple[tuple[str, datetime | None], ...]] = {
        "ON_HOLD": (("remorse_ends", order.held_until), ("ship_by", order.ship_by)),
        "AWAITING_SHIPMENT": (("ship_by", order.ship_by), ("cancelled_if_not_shipped", order.ship_cancel_at)),
        "PARTIALLY_SHIPPING": (("ship_by", order.ship_by), ("cancelled_if_not_shipped", order.ship_cancel_at)),
        "AWAITING_COLLECTION": (("cancelled_if_not_collected", order.collect_cancel_at),),
        "DELIVERED": (("completes", order.completes_at),),
    }
    due = by_status.get(order.status, ())
    return tuple(Deadline(kind=kind, due_at=due_at) for kind, due_at in due if due_at is not None)


def find_cancel_request(*, order_id: int) -> CancelRequestView | None:
    """The latest request to cancel an order, whatever became of it."""
    latest = CancelRequest.objects.filter(order_id=order_id).order_by("-id").first()
    return view_cancel_request(latest) if latest else None


def list_cancel_requests(*, order_id: int) -> list[CancelRequestView]:
    """Every request to cancel an order, oldest first."""
    return [view_cancel_request(row) for row in CancelRequest.objects.filter(order_id=order_id).order_by("id")]


def view_cancel_request(row: CancelRequest) -> CancelRequestView:
    """The contract of a request to cancel. A seller who does not answer approves."""
    return CancelRequestView(
        id=row.pk,
        order_id=row.order_id,
        status=row.status,
        reason=row.reason,
        units=None
        if row.units is None
        else tuple(LineUnits(line_id=int(part["line_id"]), quantity=part["quantity"]) for part in row.units),
        requested_at=row.requested_at,
        answer_by=row.answer_by,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reject_reason=row.reject_reason,
        next_action=NextAction(actor="seller", due_at=row.answer_by, default="approve")
        if row.status == "OPEN"
        else None,
    )
