"""A purchase from its placing to its payment, or to its end without one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from apps.orders import states
from apps.orders.contracts import (
    NewLine,
    OpenedPurchase,
    OrderDraft,
    PurchaseDraft,
    PurchaseView,
    Schedule,
    SoldItem,
    UnpaidOrder,
    UnpaidPurchase,
)
from apps.orders.events import PurchaseClosed, PurchasePaid, PurchasePlaced
from apps.orders.models import Order, OrderLine, Purchase
from apps.orders.selectors import view_purchase
from apps.orders.services import frozen, rows
from apps.orders.services.rows import Cause
from apps.pricing.api import PricedLine
from tradecore import db, outbox, wire
from tradecore.ids import gene_of, new_id
from tradecore.locks import Rank, know_row, lock_children
from tradecore.money import Money


@db.transaction_required
def open_purchase(*, draft: PurchaseDraft, now: datetime) -> OpenedPurchase:
    """Write a purchase and its orders, awaiting payment. The quote buys once: a second purchase of it violates
    `orders_purchase_quote` when the rows are inserted.
    """
    gene = gene_of(draft.buyer_ref)
    purchase = Purchase(
        id=new_id(gene),
        buyer_ref=draft.buyer_ref,
        is_guest=draft.is_guest,
        contact_email=draft.contact_email,
        quote_id=draft.quote_id,
        market=draft.market,
        currency=draft.total.currency,
        total_minor=draft.total.minor,
        uses_promotions=draft.uses_promotions,
        placed_at=now,
        pay_by=draft.pay_by,
    )
    db.insert_later(purchase)
    orders = [_add_order(purchase, order, gene=gene, now=now) for order in draft.orders]
    event = PurchasePlaced(
        purchase_id=purchase.pk,
        buyer_ref=purchase.buyer_ref,
        order_ids=tuple(order.pk for order, _ in orders),
        total=draft.total,
        pay_by=draft.pay_by,
    )
    _publish(purchase, event, now=now)
    return OpenedPurchase(
        purchase=view_purchase(purchase, orders),
        lines=tuple(
            NewLine(order_id=order.pk, line_id=line.pk, sku_id=line.sku_id, quantity=line.quantity)
            for order, lines in orders
            for line in lines
        ),
        know=partial(_know, purchase, orders),
    )


def _know(purchase: Purchase, orders: Sequence[tuple[Order, Sequence[OrderLine]]]) -> None:
    """Purchase and orders compare their versions when they change."""
    db.change_in_order(Purchase, Order)
    know_row(Rank.PURCHASE, purchase)
    rows.ORDERS_OF.know(purchase.pk, [order for order, _ in orders])
    for order, lines in orders:
        rows.LINES_OF.know(order.pk, lines)


@db.transaction_required
def mark_paid(*, purchase_id: int, schedules: Mapping[int, Schedule], now: datetime) -> PurchaseView:
    """Say that a purchase is paid, and give each of its orders its deadlines. Takes the locks of purchase and orders.

    Raises IllegalTransition for a purchase that is not awaiting payment: the flow decides first.
    """
    purchase = rows.lock_purchase(purchase_id)
    orders = rows.lock_orders_of(purchase)
    for locked in orders:
        schedule = schedules[locked.order.pk]
        rows.record(
            locked,
            cause=Cause("buyer", "paid"),
            now=now,
            paid_at=now,
            is_held=schedule.held_until is not None,
            held_until=schedule.held_until,
            ship_by=schedule.ship_by,
            ship_cancel_at=schedule.ship_cancel_at,
        )
    event = PurchasePaid(
        purchase_id=purchase.pk,
        buyer_ref=purchase.buyer_ref,
        order_ids=tuple(locked.order.pk for locked in orders),
        total=Money(purchase.total_minor, purchase.currency),
    )
    _end(purchase, "PAID", event, now=now, paid_at=now)
    return view_purchase(purchase, [(locked.order, locked.lines) for locked in orders])


@db.transaction_required
def close_purchase(*, purchase_id: int, status: str, initiator: str, reason: str, now: datetime) -> bool:
    """End an unpaid purchase as EXPIRED or CANCELLED, with all its orders. False if it is no longer awaiting payment.

    Takes the locks of purchase and orders.
    """
    purchase = rows.lock_purchase(purchase_id)
    if purchase.status != "AWAITING_PAYMENT":
        return False
    orders = rows.lock_orders_of(purchase)
    for locked in orders:
        for line in locked.lines:
            line.cancelled = line.quantity
        rows.record(
            locked,
            cause=Cause(initiator, reason),
            now=now,
            lines=locked.lines,
            cancel_reason=reason,
            cancel_initiator=initiator,
        )
    event = PurchaseClosed(
        purchase_id=purchase.pk,
        buyer_ref=purchase.buyer_ref,
        order_ids=tuple(locked.order.pk for locked in orders),
        status=status,
    )
    _end(purchase, status, event, now=now, closed_at=now)
    return True


@db.transaction_required
def lock_unpaid_purchase(*, purchase_id: int) -> UnpaidPurchase | None:
    """Lock a purchase with its orders, and return what is to be paid for; None if it no longer awaits payment.

    Refuses: NotFound.
    """
    purchase = rows.lock_purchase(purchase_id)
    if purchase.status != "AWAITING_PAYMENT":
        return None
    orders = lock_children(Rank.ORDER, rows.ORDERS_OF, of=purchase.pk)
    return UnpaidPurchase(
        id=purchase.pk,
        market=purchase.market,
        uses_promotions=purchase.uses_promotions,
        pay_by=purchase.pay_by,
        orders=tuple(
            UnpaidOrder(
                id=order.pk,
                shop_id=order.shop_id,
                total=Money(order.total_minor, order.currency),
                tax_payable_to=order.tax_payable_to,
                proceeds=frozen.sold_proceeds(order),
            )
            for order in orders
        ),
    )


@db.transaction_required
def lock_purchases(*, purchase_ids: Collection[int]) -> None:
    """Take the locks of many purchases and their orders with a few statements, for a transaction that does the same for
    each of them. Those that do not exist are left out.
    """
    rows.lock_many(purchase_ids)


@db.transaction_required
def extend_pay_by(*, purchase_id: int, pay_by: datetime) -> None:
    """Move the pay deadline of a locked purchase later: its new tenders take longer. Never earlier."""
    Purchase.objects.filter(pk=purchase_id, status="AWAITING_PAYMENT", pay_by__lt=pay_by).update(pay_by=pay_by)


_ENDING = ("status", "version", "paid_at", "closed_at")


def _end(purchase: Purchase, status: str, event: outbox.Event, *, now: datetime, **moments: datetime) -> None:
    states.PURCHASE.check(purchase.status, status)
    version_before = purchase.version
    _publish(purchase, event, now=now)
    status_before, purchase.status = purchase.status, status
    for name, moment in moments.items():
        setattr(purchase, name, moment)
    before = {"version": version_before, "status": status_before}
    db.change(Purchase, purchase.pk, before=before, after={name: getattr(purchase, name) for name in _ENDING})


def _publish(purchase: Purchase, event: outbox.Event, *, now: datetime) -> None:
    purchase.version += 1
    outbox.publish(event, aggregate="purchase", aggregate_id=purchase.pk, sequence=purchase.version, now=now)


def _add_order(purchase: Purchase, draft: OrderDraft, *, gene: int, now: datetime) -> tuple[Order, list[OrderLine]]:
    sums, charges = draft.priced.breakdown, draft.priced.charges
    order = Order(
        id=new_id(gene),
        purchase=purchase,
        buyer_ref=purchase.buyer_ref,
        shop_id=draft.shop_id,
        market=purchase.market,
        currency=purchase.currency,
        address=draft.address,
        delivery_option=draft.delivery_option,
        original_minor=sums.original_total_product_price_minor,
        seller_discount_minor=sums.seller_discount_minor,
        platform_discount_minor=sums.platform_discount_minor,
        original_shipping_minor=sums.original_shipping_fee_minor,
        shipping_seller_discount_minor=sums.shipping_fee_seller_discount_minor,
        shipping_platform_discount_minor=sums.shipping_fee_platform_discount_minor,
        tax_inclusive=sums.tax_inclusive,
        shipping_tax_minor=sums.shipping_tax_minor,
        tax_minor=sums.tax_minor,
        added_tax_minor=0 if sums.tax_inclusive else sums.tax_minor,
        tax_payable_to=draft.tax_payable_to,
        standard_shipping_minor=draft.standard_shipping_minor,
        duty_minor=sums.duty_minor,
        fees_minor=sums.fees_minor,
        payment_discount_minor=sums.payment_platform_discount_minor,
        charges_payment_discount_minor=charges.payment_discount_minor,
        recorded_difference_minor=sums.recorded_difference_minor,
        charges_recorded_difference_minor=charges.recorded_difference_minor,
        total_minor=sums.total_minor,
        breakdown=wire.to_json(charges.steps),
        placed_at=now,
    )
    lines = [
        _make_line(order, number, line, draft.items[line.sku_id]) for number, line in enumerate(draft.priced.lines, 1)
    ]
    db.insert_later(order, *lines)
    return order, lines


def _make_line(order: Order, line_no: int, line: PricedLine, item: SoldItem) -> OrderLine:
    return OrderLine(
        order=order,
        line_no=line_no,
        sku_id=item.sku_id,
        product_id=item.product_id,
        title=item.title,
        sku_code=item.sku_code,
        unit_price_minor=line.unit_minor,
        quantity=line.quantity,
        list_minor=line.list_minor,
        seller_discount_minor=line.seller_discount_minor,
        platform_discount_minor=line.platform_discount_minor,
        net_minor=line.net_minor,
        tax_rate_e5=line.tax_rate_e5,
        tax_minor=line.tax_minor,
        duty_minor=line.duty_minor,
        shipping_share_minor=line.shipping_share_minor,
        payment_discount_minor=line.payment_discount_minor,
        recorded_difference_minor=line.recorded_difference_minor,
        ladder=wire.to_json(line.steps),
        terms=item.terms,
    )
