"""A person has looked at what a provider contradicted itself about."""

from datetime import datetime

from apps.checkout import keep_books
from apps.orders import api as orders
from apps.payments import api as payments
from tradecore import audit, db
from tradecore.errors import NotFound


@db.use_case
def settle_suspect(*, tender_id: int, accept: bool, actor: str, reason: str, now: datetime) -> None:
    """End the suspicion about a tender: with `accept` what the provider took goes back, without it took nothing.

    Refuses what `payments.settle_suspect` refuses. Locks, in this order: purchase, payment.
    """
    purchase_id = payments.find_payable_ref_of_tender(tender_id=tender_id)
    if purchase_id is None:
        raise NotFound(what="tender")
    orders.lock_unpaid_purchase(purchase_id=purchase_id)
    keep_books.book_facts(payments.settle_suspect(tender_id=tender_id, accept=accept, now=now), now=now)
    action = "tender.accepted" if accept else "tender.rejected"
    audit.record(actor=actor, action=action, subject=f"tender:{tender_id}", reason=reason, now=now)
