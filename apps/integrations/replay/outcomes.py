"""What the books say of an order that was lived: read through the public doors, and compared with the record."""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.integrations.replay.lives import Life
from apps.orders import api as orders
from apps.payments import api as payments


@dataclass(frozen=True, slots=True)
class PaidTender:
    """One tender of the books beside the recorded type that it stands for."""

    type: str
    method: str
    status: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """One order of the purchase: a shop's part of what was recorded."""

    id: int
    shop_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A purchase as it stands: sums over its orders, in centavos; `statuses` are those of its orders."""

    order_id: str
    orders: tuple[ShopOrder, ...]
    statuses: tuple[str, ...]
    units: int
    items_minor: int
    freight_minor: int
    difference_minor: int
    total_minor: int
    captured_minor: int
    refunded_minor: int
    tenders: tuple[PaidTender, ...]


def read_outcome(life: Life, *, purchase_id: int) -> Outcome:
    """Read what became of a life."""
    order_ids = orders.list_purchase_order_ids(purchase_id=purchase_id)
    views = [orders.get_order(order_id=order_id) for order_id in order_ids]
    payment = payments.get_payment(payable_ref=purchase_id)
    sums = [view.breakdown for view in views]
    return Outcome(
        order_id=life.order.id,
        orders=tuple(ShopOrder(view.id, view.shop_id) for view in views),
        statuses=tuple(view.status for view in views),
        units=sum(line.quantity for view in views for line in view.lines),
        items_minor=sum(of.original_total_product_price.minor for of in sums),
        freight_minor=sum(of.original_shipping_fee.minor for of in sums),
        difference_minor=sum(of.recorded_difference.minor for of in sums),
        total_minor=sum(of.total.minor for of in sums),
        captured_minor=payment.captured.minor,
        refunded_minor=payment.refunded.minor,
        tenders=tuple(
            PaidTender(recorded.type, tender.method, tender.status, tender.amount.minor)
            for recorded, tender in zip(life.order.opened_tenders, payment.tenders, strict=True)
        ),
    )


def list_disagreements(life: Life, outcome: Outcome) -> Iterator[str]:
    """In what the books differ from the record, in words. Nothing, if all is well."""
    order = life.order
    expected = {
        "items_minor": order.items_minor,
        "freight_minor": order.freight_minor,
        "difference_minor": order.difference_minor,
        "units": len(order.items),
        "total_minor": sum(tender.value_minor for tender in order.opened_tenders),
    }
    for name, recorded in expected.items():
        if getattr(outcome, name) != recorded:
            yield f"{name} is {getattr(outcome, name)}, recorded {recorded}"
    if set(outcome.statuses) != {life.final_status}:
        yield f"status is {' and '.join(outcome.statuses)}, not {life.final_status}"
    tenders = [(tender.type, tender.amount_minor) for tender in outcome.tenders]
    if tenders != [(tender.type, tender.value_minor) for tender in order.opened_tenders]:
        yield "its tenders are not those that were recorded"
