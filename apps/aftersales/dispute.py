"""A buyer's bank takes the money of an order back, and decides about it: nobody else does meanwhile.

# Note [A lost dispute]
The provider has the money since the dispute began, and the ledger has it as DISPUTED. When it is lost for good, each
order undoes as much of itself as was taken of it, as if it had been refunded; what no order had left is the platform's
loss. So DISPUTED comes to nothing for each dispute.

A part of that loss may be the money of a refund that was on its way: the provider refuses it then, before or after the
dispute is lost, and the second of the two ends it. See Note [Paid by the bank] in payments.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from apps.inventory import api as inventory
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db, inbox
from tradecore.timers import cancel_timers

_OPEN: Final = frozenset({"OPEN", "EVIDENCE_SENT"})

#: What an order that a bank has undone no longer waits for.
_TIMERS: Final = ("end_remorse", "cancel_unshipped", "answer_cancel_request", "complete_order")


@db.use_case
def hold_disputed(*, dispute_id: int, order_ids: Sequence[int], event_id: int, now: datetime) -> None:
    """A bank disputes the money of these orders, says this event: they must not move until it has decided.

    Nothing if it has decided meanwhile. Locks, in this order: purchase, orders, payment.
    """
    if not inbox.first_time(consumer="aftersales.hold_disputed", event_id=event_id, now=now):
        return
    _lock_orders(order_ids)
    if payments.lock_dispute(dispute_id=dispute_id).status not in _OPEN:
        return
    for order_id in sorted(order_ids):
        orders.place_hold(order_id=order_id, kind=orders.DISPUTE_HOLD, owner_ref=dispute_id, now=now)


@db.use_case
def end_dispute(*, dispute_id: int, order_ids: Sequence[int], event_id: int, now: datetime) -> None:
    """A bank has decided, says this event: what it took for good is gone, and the orders may move again.

    By Note [A lost dispute].
    Locks, in this order: purchase, orders, payment, promotions, their uses, stock hold, stock.
    """
    if not inbox.first_time(consumer="aftersales.end_dispute", event_id=event_id, now=now):
        return
    _lock_orders(order_ids)
    dispute = payments.lock_dispute(dispute_id=dispute_id)
    gone = _charge_back(dispute, now=now) if dispute.status == "LOST" else []
    for order_id in sorted(order_ids):
        orders.release_hold(order_id=order_id, kind=orders.DISPUTE_HOLD, owner_ref=dispute_id, now=now)
    db.insert_pending()
    if gone:
        _give_back(gone, now=now)


@db.use_case
def cover_refused(*, payable_ref: int, event_id: int, now: datetime) -> None:
    """A provider has refused a refund, says this event: it is over if a lost chargeback has paid it.

    Locks: the payment.
    """
    if inbox.first_time(consumer="aftersales.cover_refused", event_id=event_id, now=now):
        _cover_refunds(payable_ref, now=now)


@db.use_case
def contest_dispute(*, dispute_id: int, evidence: Mapping[str, str], actor: str, reason: str, now: datetime) -> None:
    """Answer a dispute with these texts, by name: it is EVIDENCE_SENT once the provider has taken them.

    Refuses, in this order: NotFound, DisputeDecided, DisputeAnswered, EvidenceTooLate, EvidenceUnacceptable.
    Locks: the payment.
    """
    payments.send_evidence(dispute_id=dispute_id, evidence=evidence, actor=actor, reason=reason, now=now)


@db.use_case
def accept_dispute(*, dispute_id: int, actor: str, reason: str, now: datetime) -> None:
    """Say nothing against a dispute: it is LOST once the provider has taken that.

    Refuses, in this order: NotFound, DisputeDecided, DisputeAnswered. Locks: the payment.
    """
    payments.accept_dispute(dispute_id=dispute_id, actor=actor, reason=reason, now=now)


def _lock_orders(order_ids: Sequence[int]) -> None:
    for order_id in sorted(order_ids):
        orders.lock_order(order_id=order_id)


def _charge_back(dispute: payments.DisputeView, *, now: datetime) -> list[orders.UnitsGone]:
    """Undo as much of each order as was taken of it, and write off the rest."""
    gone = [
        orders.charge_back(order_id=share.order_ref, amount=share.amount, reason="dispute_lost", now=now)
        for share in sorted(dispute.shares, key=lambda share: share.order_ref)
    ]
    loss = dispute.amount
    for each in gone:
        loss -= each.refund
        _book(each, dispute, now=now)
        _stop_waiting(each, now=now)
    ledger.post(journals.chargeback_loss(dispute_ref=dispute.id, payable_ref=dispute.payable_ref, amount=loss), now=now)
    _cover_refunds(dispute.payable_ref, now=now)
    return gone


def _cover_refunds(payable_ref: int, *, now: datetime) -> None:
    for covered in payments.cover_refunds(payable_ref=payable_ref, now=now):
        order_ref = covered.order_ref or payable_ref
        paid = journals.refund_covered(refund_ref=covered.refund_id, order_ref=order_ref, amount=covered.amount)
        ledger.post(paid, now=now)


def _book(gone: orders.UnitsGone, dispute: payments.DisputeView, *, now: datetime) -> None:
    undone = journals.charged_back(
        gone_ref=gone.id,
        order_ref=gone.order_id,
        shop_ref=gone.shop_id,
        dispute_ref=dispute.id,
        tax_payable_to=gone.tax_payable_to,
        currency=gone.refund.currency,
        proceeds=gone.proceeds,
    )
    ledger.post(undone, now=now)


def _stop_waiting(gone: orders.UnitsGone, *, now: datetime) -> None:
    """Whoever waited for units that were never sent waits for nothing any more."""
    if orders.close_moot_cancel_request(order_id=gone.order_id, decided_by="system", now=now):
        cancel_timers(subjects=[gone.order_id], kinds=["answer_cancel_request"])
    if orders.get_order(order_id=gone.order_id).status in {"COMPLETED", "CANCELLED"}:
        cancel_timers(subjects=[gone.order_id], kinds=_TIMERS)


def _give_back(gone: Sequence[orders.UnitsGone], *, now: datetime) -> None:
    """Budgets and stock of the orders of one purchase, together: each is locked once."""
    purchase_id = gone[0].purchase_id
    amounts: Counter[int] = Counter()
    restored: set[int] = set()
    for each in gone:
        amounts.update(each.given_back)
        restored |= each.restored
    promotions.give_back(owner_ref=purchase_id, amounts=amounts, restored=restored, now=now)
    from_stock = [(part.line_id, part.quantity) for each in gone for part in each.from_stock]
    if from_stock:
        inventory.release(owner_ref=purchase_id, lines=from_stock, reason="dispute_lost", now=now)
