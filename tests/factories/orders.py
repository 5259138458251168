"""Orders without anything around them: no stock, no payment. `tests.factories.checkout` has whole purchases."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.orders import api as orders
from apps.orders.status import OrderFacts, derive_status
from apps.pricing.api import PricedBasket, RefundCause
from tests.factories.pricing import a_basket, a_line, price
from tests.support import NOON, in_use_case
from tradecore.ids import new_gene, new_id
from tradecore.money import Money

DAY = timedelta(days=1)


def make_schedule(*, held_until: datetime | None = None) -> orders.Schedule:
    """Two days to ship, seven until it is cancelled; no remorse time unless it is given."""
    return orders.Schedule(held_until=held_until, ship_by=NOON + 2 * DAY, ship_cancel_at=NOON + 7 * DAY)


def open_purchase(priced: PricedBasket, **parts: Any) -> orders.PurchaseView:
    """A purchase of what was priced, one order per shop, awaiting payment."""
    draft = orders.PurchaseDraft(
        **{
            "buyer_ref": new_id(new_gene()),
            "is_guest": True,
            "contact_email": "robin@example.com",
            "quote_id": new_id(),
            "market": "GB",
            "total": priced.total,
            "uses_promotions": False,
            "pay_by": NOON + timedelta(minutes=30),
            "orders": tuple(_draft_order(priced, index) for index in range(len(priced.orders))),
            **parts,
        }
    )
    return in_use_case(lambda: orders.open_purchase(draft=draft, now=NOON)).purchase


def _draft_order(priced: PricedBasket, index: int) -> orders.OrderDraft:
    order = priced.orders[index]
    return orders.OrderDraft(
        shop_id=order.shop_id,
        priced=order,
        items={
            line.sku_id: orders.SoldItem(
                sku_id=line.sku_id,
                product_id=line.sku_id,
                title=f"Thing {line.sku_id}",
                sku_code=f"SKU-{line.sku_id}",
                terms={"fee_plan": "none"},
            )
            for line in order.lines
        },
        delivery_option="standard",
        address={"city": "London"},
    )


def pay(purchase: orders.PurchaseView, *, held_until: datetime | None = None) -> None:
    """Say that it is paid."""
    schedule = make_schedule(held_until=held_until)
    schedules = {order.id: schedule for order in purchase.orders}
    in_use_case(lambda: orders.mark_paid(purchase_id=purchase.id, schedules=schedules, now=NOON))


def make_paid_orders(priced: PricedBasket, *, held_until: datetime | None = None) -> list[orders.OrderView]:
    """The paid orders of what was priced, ready to be shipped unless they are held."""
    purchase = open_purchase(priced)
    pay(purchase, held_until=held_until)
    return [orders.get_order(order_id=order.id) for order in purchase.orders]


def make_paid_order(*quantities: int, held_until: datetime | None = None) -> orders.OrderView:
    """A paid order of one shop with a line per quantity, each unit at 10.00."""
    lines = [a_line(line_no, 1000, quantity) for line_no, quantity in enumerate(quantities or (1,), 1)]
    (order,) = make_paid_orders(price(a_basket(*lines)), held_until=held_until)
    return order


def units_of(order: orders.OrderView, *quantities: int) -> list[orders.LineUnits]:
    """So many units of each line, in their order; lines of which 0 are wanted are left out."""
    wanted = zip(order.lines, quantities, strict=True)
    return [orders.LineUnits(line_id=line.id, quantity=quantity) for line, quantity in wanted if quantity]


def arrange(order: orders.OrderView, units: Sequence[orders.LineUnits] | None = None) -> tuple[orders.LineUnits, ...]:
    """Put units into a parcel, all that are left unless some are named."""
    return in_use_case(
        lambda: orders.arrange_units(order_id=order.id, units=units, collect_cancel_at=NOON + 3 * DAY, now=NOON)
    )


def collect(order: orders.OrderView, units: Sequence[orders.LineUnits]) -> tuple[str, ...]:
    """Let a carrier have the units of a parcel. Returns the holds that were open."""
    return in_use_case(lambda: orders.collect_units(order_id=order.id, units=units, now=NOON))


def deliver(order: orders.OrderView, units: Sequence[orders.LineUnits]) -> bool:
    """Let the units of a collected parcel arrive. Returns whether the whole order has."""
    return in_use_case(
        lambda: orders.deliver_units(order_id=order.id, units=units, completes_at=NOON + 30 * DAY, now=NOON)
    )


def lose(order: orders.OrderView, units: Sequence[orders.LineUnits], *, reason: str = "lost") -> orders.UnitsGone:
    """Let the units of a collected parcel be lost, or refused."""
    return in_use_case(lambda: orders.lose_units(order_id=order.id, units=units, reason=reason, now=NOON))


def cancel(
    order: orders.OrderView, units: Sequence[orders.LineUnits] | None = None, *, initiator: str = "seller"
) -> orders.UnitsGone:
    """Cancel units that are in no parcel, all of them unless some are named."""
    return in_use_case(
        lambda: orders.cancel_units(order_id=order.id, units=units, initiator=initiator, reason="tests", now=NOON)
    )


def refund(
    order: orders.OrderView,
    units: Sequence[orders.LineUnits],
    *,
    cause: RefundCause = RefundCause.SELLER_FAULT,
    initiator: str = "buyer",
) -> orders.UnitsGone:
    """Give back the money of units that a carrier has or had."""
    return in_use_case(
        lambda: orders.refund_units(
            order_id=order.id, units=units, cause=cause, initiator=initiator, reason="tests", now=NOON
        )
    )


def concede(order: orders.OrderView, amounts: Mapping[int, Money]) -> orders.UnitsGone:
    """Give back amounts of lines, and no unit."""
    return in_use_case(
        lambda: orders.concede(
            order_id=order.id,
            amounts=amounts,
            cause=RefundCause.SELLER_FAULT,
            initiator="seller",
            reason="tests",
            now=NOON,
        )
    )


def charge_back(order: orders.OrderView, amount_minor: int) -> orders.UnitsGone:
    """Let the buyer's bank take so much back."""
    amount = Money(amount_minor, "GBP")
    return in_use_case(lambda: orders.charge_back(order_id=order.id, amount=amount, reason="fraud", now=NOON))


def status_of(order: orders.OrderView) -> str:
    """The status as it is stored, which is what follows from the facts."""
    view = orders.get_order(order_id=order.id)
    assert view.status == derive_status(view.facts)
    return view.status


def make_facts(**counts: Any) -> OrderFacts:
    """Facts of an order of one unit that is paid, and of which nothing else is true yet."""
    return OrderFacts(
        **{
            "is_paid": True,
            "is_held": False,
            "is_completed": False,
            "ordered": 1,
            "cancelled": 0,
            "arranged": 0,
            "collected": 0,
            "delivered": 0,
            "lost": 0,
            **counts,
        }
    )
