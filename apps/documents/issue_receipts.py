"""What a buyer gets for their money: a receipt for each order of a purchase that is paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from apps.documents.bill import whole_sale
from apps.documents.content import Draft, source_of
from apps.documents.contracts import DocumentKind, PaidWith, PaymentMade
from apps.documents.numbering import OpenSeries, issue, open_series
from apps.orders import api as orders
from apps.orders.api import PurchaseView, SoldPurchase
from apps.payments import api as payments
from apps.payments.api import Payment
from apps.sellers import api as sellers
from apps.sellers.api import Shop
from tradecore import db, inbox
from tradecore.errors import NotFound


def issue_receipts(*, purchases: Mapping[int, int], now: datetime) -> None:
    """Purchases were paid, say these events: issue the receipts of their orders, each once, all in one transaction.

    purchases: the id of each event's purchase, by that of the event. What went back since is no business of a receipt:
    it says what was paid. Refuses: NotFound. Locks: the series of the shops, in the order of their ids.
    """
    sold = orders.list_sold_purchases(purchase_ids=set(purchases.values()))
    if not sold.keys() >= set(purchases.values()):
        raise NotFound(what="purchase")
    sales = [order.sale for purchase in sold.values() for order in purchase.orders]
    shops = sellers.read_shops(shop_ids={sale.shop_id for sale in sales})
    paid = payments.list_payments(payable_refs=sold)
    drafts = {each: _draft_receipts(purchase, paid[each], shops) for each, purchase in sold.items()}
    _issue(purchases, drafts, open_series(sales=sales, kinds=[DocumentKind.RECEIPT]), now)


@db.use_case
def _issue(
    purchases: Mapping[int, int], drafts: Mapping[int, Sequence[Draft]], series: OpenSeries, now: datetime
) -> None:
    new = inbox.first_times(consumer="documents.issue_receipts", event_ids=purchases, now=now)
    due = {purchases[event_id] for event_id in new}
    issue([draft for purchase_id in sorted(due) for draft in drafts[purchase_id]], series, now=now)


def _draft_receipts(sold: SoldPurchase, payment: Payment, shops: Mapping[int, Shop]) -> list[Draft]:
    made = _payment_made(sold.purchase, payment)
    return [
        Draft(
            kind=DocumentKind.RECEIPT,
            subject_ref=order.sale.order_id,
            source=source_of(order, shops[order.sale.shop_id]),
            bill=whole_sale(order.sale),
            payment=made,
        )
        for order in sold.orders
    ]


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
