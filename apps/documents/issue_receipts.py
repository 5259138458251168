"""What a buyer gets for their money: a receipt for each order of a purchase that is paid."""

from datetime import datetime

from apps.documents.bill import whole_sale
from apps.documents.content import Draft, read_source
from apps.documents.contracts import DocumentKind, PaidWith, PaymentMade
from apps.documents.numbering import issue, open_series
from apps.orders import api as orders
from apps.payments import api as payments
from tradecore import db, inbox


def issue_receipts(*, purchase_id: int, event_id: int, now: datetime) -> None:
    """A purchase was paid, says this event: issue the receipts of its orders, each once.

    What went back since is no business of a receipt: it says what was paid. Refuses: NotFound. Locks: the series of the
    shops, in the order of their ids.
    """
    drafts = [_draft_receipt(order_id) for order_id in orders.list_purchase_order_ids(purchase_id=purchase_id)]
    numbered = [(open_series(sale=draft.source.sale, kind=draft.kind), draft) for draft in drafts]
    _issue(sorted(numbered, key=lambda pair: pair[0]), event_id=event_id, now=now)


@db.use_case
def _issue(numbered: list[tuple[int, Draft]], *, event_id: int, now: datetime) -> None:
    if inbox.first_time(consumer="documents.issue_receipts", event_id=event_id, now=now):
        for series_id, draft in numbered:
            issue(draft, series_id=series_id, now=now)


def _draft_receipt(order_id: int) -> Draft:
    source = read_source(order_id)
    return Draft(
        kind=DocumentKind.RECEIPT,
        subject_ref=order_id,
        source=source,
        bill=whole_sale(source.sale),
        payment=_payment_made(source.sale.purchase_id),
    )


def _payment_made(purchase_id: int) -> PaymentMade:
    """How the purchase was paid. What was free was paid with nothing."""
    purchase = orders.get_purchase(purchase_id=purchase_id)
    payment = payments.get_payment(payable_ref=purchase_id)
    return PaymentMade(
        purchase_number=purchase.number,
        purchase_total=purchase.total,
        paid_with=tuple(
            PaidWith(method=tender.method, amount=tender.amount)
            for tender in payment.tenders
            if tender.status == "CAPTURED"
        ),
    )
