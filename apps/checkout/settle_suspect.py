"""A person has looked at what a provider contradicted itself about, and a second one agrees: it is money by hand.

See Note [Approvals] in tradecore.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.checkout import keep_books
from apps.checkout.errors import SuspectChanged
from apps.orders import api as orders
from apps.payments import api as payments
from tradecore import approvals, audit, db, wire
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.errors import NotFound

#: The kind of the approvals.
SETTLE_SUSPECT = "checkout.settle_suspect"


@db.use_case
def settle_suspect(*, tender_id: int, accept: bool, actor: str, reason: str, now: datetime) -> AwaitsApproval:
    """Ask a second person to end the suspicion about a tender: with `accept` what the provider took goes back, without
    it took nothing.

    Refuses, in this order: NotFound, TenderNotSuspect. Whether there is anything to accept is decided when it is
    approved.
    """
    purchase_id = _find_purchase_id(tender_id)
    payment = payments.get_payment(payable_ref=purchase_id)
    (tender,) = [tender for tender in payment.tenders if tender.id == tender_id]
    if tender.status != "SUSPECT":
        raise payments.TenderNotSuspect(tender_status=tender.status)
    content = {
        "tender_id": tender_id,
        "purchase_id": purchase_id,
        "provider": tender.provider,
        "method": tender.method,
        "asked_for": tender.amount,
        "accept": accept,
        "said": _list_said(purchase_id, tender_id),
    }
    return approvals.request_once(
        kind=SETTLE_SUSPECT,
        subject=f"tender:{tender_id}",
        content=content,
        told_apart_by=("accept",),
        actor=actor,
        reason=reason,
        now=now,
    )


@db.transaction_required
def carry_out_settlement(approved: Approved, now: datetime) -> None:
    """The handler of approved verdicts.

    Refuses, in this order: NotFound, SuspectChanged (the provider says something else since), and what
    `payments.settle_suspect` refuses. Locks, in this order: purchase, payment.
    """
    tender_id, accept = int(approved.content["tender_id"]), approved.content["accept"]
    purchase_id = _find_purchase_id(tender_id)
    orders.lock_unpaid_purchase(purchase_id=purchase_id)
    said = _list_said(purchase_id, tender_id)
    if _last(said) != _last(approved.content["said"]):
        raise SuspectChanged
    keep_books.book_facts(payments.settle_suspect(tender_id=tender_id, accept=accept, now=now), now=now)
    audit.record(
        actor=approved.approved_by,
        action="tender.accepted" if accept else "tender.rejected",
        subject=f"tender:{tender_id}",
        reason=approved.reason,
        now=now,
    )


def _find_purchase_id(tender_id: int) -> int:
    """Refuses: NotFound."""
    purchase_id = payments.find_payable_ref_of_tender(tender_id=tender_id)
    if purchase_id is None:
        raise NotFound(what="tender")
    return purchase_id


def _list_said(purchase_id: int, tender_id: int) -> list[Mapping[str, Any]]:
    """All that the provider said about the tender, oldest first, as plain JSON."""
    history = payments.get_payment_history(payable_ref=purchase_id)
    calls = {call.id: call.operation for call in history.calls if call.tender_id == tender_id}
    return [
        {
            "about": calls[answer.call_ref],
            "said": answer.said,
            "amount": wire.to_json(answer.amount),
            "verdict": answer.verdict,
            "received_at": wire.to_json(answer.received_at),
        }
        for answer in history.answers
        if answer.call_ref in calls
    ]


def _last(said: list[Mapping[str, Any]]) -> list[Any]:
    """What the provider said last, whenever and how often it said so."""
    return [(answer["about"], answer["said"], answer["amount"]) for answer in said[-1:]]
