"""Other goods in the place of those that are not right: set aside when it is agreed on, sent by the seller.

# Note [Replacements]
A replacement is a parcel and no order: nothing is sold, and no money moves. What is to be sent is set aside as the
case's own stock hold when the seller approves, and leaves the house when they name its parcel; its carrier is not
asked, and the buyer says whether it came. A seller who does not send it in time gives the money back. A buyer who says
nothing has it; one who says that it did not come, or is not right either, has the platform decide, and that is about
money.
"""

from datetime import datetime

from apps.aftersales import rows
from apps.aftersales.contracts import Act, Actor, CaseState
from apps.aftersales.duties import backstop
from apps.aftersales.errors import ReplacementGone
from apps.aftersales.models import Case
from apps.aftersales.pay_back import pay_back
from apps.aftersales.rows import By
from apps.inventory import api as inventory
from tradecore import db


@db.use_case
def ship_replacement(*, case_id: int, carrier: str, tracking_number: str, now: datetime) -> None:
    """The seller has sent what replaces the goods.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting, ReplacementGone.
    Locks, in this order: purchase, order, case, stock hold, stock.
    """
    rows.refuse_parcel(carrier, tracking_number)
    case = rows.lock_waiting(case_id, Act.SHIP_REPLACEMENT)
    pieces = [(line.line_id, line.quantity) for line in rows.list_lines(case)]
    rows.move(
        case,
        CaseState.SUCCESS,
        "ship_replacement",
        by=By(actor=Actor.SELLER),
        waits_for=Act.CONFIRM_REPLACEMENT,
        now=now,
        replacement_carrier=carrier,
        replacement_tracking_number=tracking_number,
        holds_stock=False,
    )
    db.insert_pending()
    if not inventory.post(owner_ref=case.pk, now=now):
        raise ReplacementGone
    inventory.ship(owner_ref=case.pk, lines=pieces, now=now)


@db.use_case
def confirm_replacement(*, case_id: int, now: datetime) -> None:
    """The buyer has it. Refuses: NotFound, CaseNotWaiting. Locks, in this order: purchase, order, case."""
    case = rows.lock_waiting(case_id, Act.CONFIRM_REPLACEMENT)
    complete(case, by=By(actor=Actor.BUYER), now=now)
    db.insert_pending()


@db.use_case
def refund_instead(*, case_id: int, comment: str, now: datetime) -> None:
    """The seller cannot send it, and gives the money back.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting, OrderOnHold. Locks as `pay_back` does.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.SHIP_REPLACEMENT)
    pay_back(case, "refund_instead", by=By(actor=Actor.SELLER, comment=comment), now=now)


@db.transaction_required
def approve(case: Case, *, by: By, buyer_keeps_goods: bool, now: datetime) -> None:
    """Set aside what replaces the goods of a locked case; those come back first, unless the buyer may keep them.

    Locks the stock, so it comes last. Refuses: OutOfStock.
    """
    after, waits_for = (
        (CaseState.SUCCESS, Act.SHIP_REPLACEMENT)
        if buyer_keeps_goods
        else (CaseState.AWAITING_BUYER_SHIP, Act.SHIP_BACK)
    )
    lines = [
        inventory.StockLine(line_ref=line.line_id, sku_id=line.wanted_sku_id or line.sku_id, quantity=line.quantity)
        for line in rows.list_lines(case)
    ]
    rows.move(case, after, "approve", by=by, waits_for=waits_for, now=now, holds_stock=True)
    db.insert_pending()
    inventory.hold(owner_ref=case.pk, lines=lines, expires_at=backstop(market=case.market, now=now), now=now)


@db.transaction_required
def accept_return(case: Case, *, by: By, now: datetime) -> None:
    """What came back is taken: now the seller sends what replaces it."""
    rows.move(case, CaseState.SUCCESS, "accept_return", by=by, waits_for=Act.SHIP_REPLACEMENT, now=now)


@db.transaction_required
def complete(case: Case, *, by: By, now: datetime) -> None:
    """The buyer of a locked case has what replaces the goods, as far as anybody knows."""
    rows.move(case, CaseState.COMPLETE, "complete", by=by, waits_for=None, now=now)
