"""Amounts that no sale explains: what the platform makes good to a seller, or takes from one, with a name and a reason.

What an arbitration has decided that the platform pays is booked by its event. Everything else is manual money: one
person asks for it, another approves it. See Note [Approvals] in tradecore.
"""

from datetime import datetime
from typing import Final

from apps.ledger import api as ledger
from apps.ledger.api import seller_journals as journals
from apps.sellers.api import get_shop
from apps.settlement.contracts import LineKind, NewLine
from apps.settlement.errors import AdjustmentInvalid
from apps.settlement.services.lines import lock_account, write_lines
from tradecore import approvals, db, inbox
from tradecore.approvals import Approved
from tradecore.money import MAX_MINOR, Money

#: The kind of their approvals.
ADJUSTMENT: Final = "settlement.adjustment"

#: What an adjustment may be: its name -> the account on the other side.
ADJUSTMENTS: Final = {
    "platform_compensation": "PLATFORM_EXPENSE.compensation",
    "logistics_reimbursement": "PLATFORM_EXPENSE.logistics",
    "shipping_fee_adjustment": "PLATFORM_EXPENSE.shipping",
    "promotion_adjustment": "PLATFORM_EXPENSE.promotion",
    "platform_penalty": "PLATFORM_REVENUE.penalty",
}


@db.use_case
def compensate(*, shop_id: int, gone_id: int, order_id: int, amount: Money, event_id: int, now: datetime) -> None:
    """The platform pays for what went back of an order, says this event: make it good to the shop. Again is nothing.

    Locks: the account.
    """
    if inbox.first_time(consumer="settlement.compensate", event_id=event_id, now=now):
        _book(shop_id, "platform_compensation", amount, reference=gone_id, order_id=order_id, reason="", now=now)


@db.use_case
def request_adjustment(*, shop_id: int, name: str, amount: Money, actor: str, reason: str, now: datetime) -> int:
    """Ask a second person to credit (or, negative, to debit) a shop. Returns the id of the request.

    Refuses, in this order: UnknownShop, AdjustmentInvalid.
    """
    shop = get_shop(shop_id=shop_id)
    if name not in ADJUSTMENTS:
        raise AdjustmentInvalid(reason=f"it is none of {', '.join(sorted(ADJUSTMENTS))}")
    if amount.currency != shop.currency or not 0 < abs(amount.minor) <= MAX_MINOR:
        raise AdjustmentInvalid(reason=f"it is not an amount in {shop.currency}")
    content = {"shop_id": shop_id, "name": name, "amount": amount}
    return approvals.request_approval(
        kind=ADJUSTMENT, subject=f"shop:{shop_id}", content=content, actor=actor, reason=reason, now=now
    )


@db.transaction_required
def carry_out_adjustment(approved: Approved, now: datetime) -> None:
    """The handler of approved adjustments. Locks: the account."""
    content = approved.content
    _book(
        int(content["shop_id"]),
        content["name"],
        Money.parse(content["amount"]["amount"], content["amount"]["currency"]),
        reference=approved.approval_id,
        order_id=None,
        reason=approved.reason,
        now=now,
    )


def _book(
    shop_id: int, name: str, amount: Money, *, reference: int, order_id: int | None, reason: str, now: datetime
) -> None:
    shop = get_shop(shop_id=shop_id)
    posting = journals.adjustment(
        reference=reference,
        order_ref=order_id,
        shop_ref=shop_id,
        other_side=ADJUSTMENTS[name],
        amount=amount,
        reason=reason,
    )
    ledger.post(posting, now=now)
    db.insert_pending()
    line = NewLine(
        kind=LineKind.ADJUSTMENT,
        name=name,
        amount_minor=amount.minor,
        reference=reference,
        order_id=order_id,
        details={"reason": reason},
    )
    account = lock_account(shop_id=shop_id, market=shop.market, currency=amount.currency)
    write_lines(account, [line], now=now)
