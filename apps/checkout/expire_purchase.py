"""End a purchase that was not paid: its time is over, or its buyer has thought better of it."""

from datetime import datetime

from apps.checkout import keep_books
from apps.checkout.errors import NotUnpaid
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db
from tradecore.timers import cancel_timers


@db.use_case
def expire_purchase(purchase_id: int, now: datetime) -> None:
    """Timer `expire_purchase`: end a purchase whose pay deadline has passed. Nothing if it is paid or over already."""
    close_unpaid(purchase_id=purchase_id, status="EXPIRED", initiator="system", reason="not_paid_in_time", now=now)


@db.use_case
def cancel_unpaid_purchase(*, purchase_id: int, initiator: str, reason: str, now: datetime) -> None:
    """Cancel a purchase before it is paid, whole. Refuses, in this order: NotFound, NotUnpaid."""
    if not close_unpaid(purchase_id=purchase_id, status="CANCELLED", initiator=initiator, reason=reason, now=now):
        raise NotUnpaid(purchase_status=orders.get_purchase(purchase_id=purchase_id).status)


@db.transaction_required
def close_unpaid(*, purchase_id: int, status: str, initiator: str, reason: str, now: datetime) -> bool:
    """Everything that is true once a purchase ended unpaid. False if it no longer awaits payment.

    Locks, in this order: purchase, its orders, payment, promotions, their uses, stock hold, stock.
    """
    unpaid = orders.lock_unpaid_purchase(purchase_id=purchase_id)
    if unpaid is None:
        return False
    orders.close_purchase(purchase_id=purchase_id, status=status, initiator=initiator, reason=reason, now=now)
    keep_books.book_facts(payments.close_intent(payable_ref=purchase_id, now=now), now=now)
    cancel_timers(subjects=[purchase_id], kinds=["expire_purchase", "confirm_free_purchase"])
    db.insert_pending()
    if unpaid.uses_promotions:
        promotions.void(owner_ref=purchase_id, now=now)
    inventory.void(owner_ref=purchase_id, now=now)
    return True
