"""The one way in which a case gives money back: orders, payment, books, budgets and stock, in one transaction.

# Note [Nothing left to give]
A case is decided when it is decided, and meanwhile the world goes on: the parcel is lost and fulfilment gives its money
back, or the buyer's bank takes it. Nothing goes back twice. A case gives back what is left of its units, and succeeds
without money where nothing is.

# Note [Disputed]
While a bank decides about the money of an order, nobody else does: what would give money back is refused, and the clock
of the case waits. It goes on when the dispute is over (`dispute.py`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from apps.aftersales.contracts import Act, CaseState
from apps.aftersales.events import CaseEvent, PlatformCompensationDue
from apps.aftersales.models import Case, CaseLine
from apps.aftersales.rows import By, Facts, list_lines, move
from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.pricing.api import RefundCause, line_left, refund_part
from apps.promotions import api as promotions
from tradecore import db
from tradecore.money import Money, allocate


@db.transaction_required
def pay_back(
    case: Case,
    act: str,
    *,
    by: By,
    now: datetime,
    order: orders.OrderView | None = None,
    found_good: Iterable[tuple[int, int]] = (),
    **facts: Any,
) -> None:
    """Decide a locked case for its buyer, and give back what was agreed on, or what was paid for its units.

    `order` is it as it stands, where the caller has looked already; `found_good` are pieces, by line, that came back
    fit for sale. By Note [Nothing left to give] and Note [Disputed].
    Refuses: OrderOnHold (a dispute is open).
    Locks, in this order: purchase, order, case, payment, promotions, their uses, stock holds, stock.
    """
    order = order or orders.get_order(order_id=case.order_id)
    if orders.DISPUTE_HOLD in order.holds:
        raise orders.OrderOnHold(holds=order.holds)
    gone = _give_up(case, order, now=now)
    refund_id = None if gone is None else send_back(gone, now=now)
    held_stock = case.holds_stock
    _decide(case, act, gone, refund_id, by=by, now=now, holds_stock=False, **facts)
    db.insert_pending()
    if gone is not None:
        promotions.give_back(owner_ref=gone.purchase_id, amounts=gone.given_back, restored=gone.restored, now=now)
    if good := tuple(found_good):
        inventory.take_back(owner_ref=case.purchase_id, lines=good, reason="returned", now=now)
    if held_stock:
        inventory.void(owner_ref=case.pk, now=now)


def payable_by_line(sale: orders.Sale, units: Sequence[tuple[int, int]]) -> dict[int, int]:
    """What was paid for so many units of each line that are next to go back, charges apart, in minor units.

    Where fewer are left, for those.
    """
    sold = {line.id: line for line in sale.lines}
    payable = {}
    for line_id, quantity in units:
        before = [entry.parts[line_id] for entry in sale.gone if line_id in entry.parts]
        left, gone = line_left(line=sold[line_id].amounts, gone=before)
        units_to = min(left.quantity, gone + quantity)
        payable[line_id] = (
            refund_part(line=left, units_from=gone, units_to=units_to).paid_minor if units_to > gone else 0
        )
    return payable


@db.transaction_required
def send_back(gone: orders.UnitsGone, *, now: datetime) -> int | None:
    """Send the buyer their money, and undo the same part of the sale in the books. Returns the refund, if there is one.

    The poller sends it. Takes the lock of the payment. Refuses: RefundExceedsCapture.
    """
    refund_id = 0
    if gone.refund.minor:
        refund_id = payments.open_refund(
            payable_ref=gone.purchase_id,
            order_ref=gone.order_id,
            amount=gone.refund,
            reason="after_sales",
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
    return refund_id or None


def _give_up(case: Case, order: orders.OrderView, *, now: datetime) -> orders.UnitsGone | None:
    """What goes back of the order; None by Note [Nothing left to give]."""
    lines = list_lines(case)
    if case.agreed_minor is not None:
        return _concede(case, lines, now=now)
    return _refund_units(case, lines, order, now=now)


def _refund_units(
    case: Case, lines: Sequence[CaseLine], order: orders.OrderView, *, now: datetime
) -> orders.UnitsGone | None:
    left = {line.id: line.refundable_units for line in order.lines}
    units = [
        orders.LineUnits(line_id=line.line_id, quantity=min(line.quantity, left[line.line_id]))
        for line in lines
        if left[line.line_id]
    ]
    if not units:
        return None
    return orders.refund_units(
        order_id=case.order_id,
        units=units,
        cause=RefundCause(case.cause),
        initiator=case.initiator,
        reason=case.reason,
        now=now,
    )


def _concede(case: Case, lines: Sequence[CaseLine], *, now: datetime) -> orders.UnitsGone | None:
    """The amount that was agreed on, divided over the lines by what was paid for the units of the case."""
    assert case.agreed_minor is not None
    sale = orders.get_sale(order_id=case.order_id)
    payable = payable_by_line(sale, [(line.line_id, line.quantity) for line in lines])
    minor = min(case.agreed_minor, sum(payable.values()))
    shares = zip(payable, allocate(minor, list(payable.values())), strict=True) if minor else ()
    amounts = {line_id: Money(share, case.currency) for line_id, share in shares if share}
    if not amounts:
        return None
    return orders.concede(
        order_id=case.order_id,
        amounts=amounts,
        cause=RefundCause(case.cause),
        initiator=case.initiator,
        reason=case.reason,
        now=now,
    )


def _decide(
    case: Case,
    act: str,
    gone: orders.UnitsGone | None,
    refund_id: int | None,
    *,
    by: By,
    now: datetime,
    **facts: Any,
) -> None:
    """Say so of the case: SUCCESS until its money has arrived, COMPLETE at once where there is none on its way."""
    if gone is not None:
        facts |= {"gone_id": gone.id, "refund_minor": gone.refund.minor, "refund_id": refund_id}
    move(
        case,
        CaseState.SUCCESS,
        act,
        by=by,
        waits_for=Act.SEND_MONEY,
        now=now,
        also=_compensation(case, gone, platform_pays=facts.get("platform_pays", case.platform_pays)),
        is_open=False,
        **facts,
    )
    if refund_id is None:
        move(case, CaseState.COMPLETE, "complete", by=by, waits_for=None, now=now)


def _compensation(
    case: Case, gone: orders.UnitsGone | None, *, platform_pays: bool
) -> tuple[type[CaseEvent], Facts] | None:
    """What the platform owes the shop, where it pays for the case: what the shop has lost by it, if anything."""
    if not platform_pays or gone is None or gone.proceeds.seller_minor <= 0:
        return None
    amount = Money(gone.proceeds.seller_minor, case.currency)
    return PlatformCompensationDue, {"gone_id": gone.id, "amount": amount}
