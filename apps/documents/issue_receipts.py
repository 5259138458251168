"""What a buyer gets for their money: a receipt for each order of a purchase that is paid."""

from datetime import datetime

from apps.documents.bill import whole_sale
from apps.documents.content import Draft, source_of
from apps.documents.contracts import DocumentKind, PaidWith, PaymentMade
from apps.documents.numbering import issue, open_series
from apps.orders import api as orders
from apps.orders.api import PurchaseView, SoldOrder
from apps.payments import api as payments
from apps.payments.api import Payment
from tradecore import db, inbox
from tradecore.errors import NotFound


def issue_receipts(*, purchase_id: int, event_id: int, now: datetime) -> None:
    """A purchase was paid, says this event: issue the receipts of its orders, each once.

    What went back since is no business of a receipt: it says what was paid. Refuses: NotFound. Locks: the series of the
    shops, in the order of their ids.
    """
    sold = orders.list_sold_purchases(purchase_ids=[purchase_id]).get(purchase_id)
    if sold is None:
        raise NotFound(what="purchase")
    made = _payment_made(sold.purchase, payments.get_payment(payable_ref=purchase_id))
    drafts = [_draft_receipt(each, made) for each in sold.orders]
    numbered = [(open_series(sale=draft.source.sale, kind=draft.kind), draft) for draft in drafts]
    _issue(sorted(numbered, key=lambda pair: pair[0]), event_id=event_id, now=now)


@db.use_case
def _issue(numbered: list[tuple[int, Draft]], *, event_id: int, now: datetime) -> None:
    if inbox.first_time(consumer="documents.issue_receipts", event_id=event_id, now=now):
        for series_id, draft in numbered:
            issue(draft, series_id=series_id, now=now)


def _draft_receipt(sold: SoldOrder, made: PaymentMade) -> Draft:
    return Draft(
        kind=DocumentKind.RECEIPT,
        subject_ref=sold.sale.order_id,
        source=source_of(sold),
        bill=whole_sale(sold.sale),
        payment=made,
    )


def _payment_made(purchase: PurchaseView, payment: Payment) -> PaymentMade:
    """How the purchase was paid. What was free was paid with nothing."""
    return PaymentMade(
        purchase_number=purchase.number,
        purchase_total=purchase.total,
        paid_with=tuple(
            PaidWith(method=tender.method, amount=tender.amount)
            for tender in payment.tenders
            if tender.status == "CAPTURED"
        ),
    )
