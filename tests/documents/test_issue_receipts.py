"""A receipt says what was paid, and how; once for each order of a purchase."""

from unittest.mock import ANY

import pytest

from apps.checkout import api as checkout
from apps.documents.api import DocumentKind
from apps.documents.models import Document, Series
from apps.orders import api as orders
from apps.sellers import api as sellers
from tests.factories.checkout import ShopFloor, add_shop, buy, make_buyer, place, tender
from tests.factories.documents import documents_of, issue_receipts
from tests.factories.fulfilment import READY
from tradecore.errors import NotFound
from tradecore.ids import format_number, new_id
from tradecore.models import InboxEntry
from tradecore.money import Money

pytestmark = pytest.mark.django_db


class TestIssueReceipts:
    def test_issues_one_per_order_in_the_series_of_its_shop(self, floor: ShopFloor) -> None:
        other = add_shop(floor.provider)
        purchase = buy((floor.add_sku(), 2), (other.add_sku(price_minor=500), 1)).purchase
        issue_receipts(purchase.id)
        rows = {row.shop_id: row for row in Document.objects.all()}
        assert rows.keys() == {floor.shop_id, other.shop_id}
        for order in purchase.orders:
            row = rows[order.shop_id]
            assert (row.kind, row.number, row.subject_ref, row.order_id) == ("RECEIPT", 1, order.id, order.id)
            assert (row.total_minor, row.buyer_ref) == (order.total.minor, purchase.buyer_ref)
        assert {series.last_number for series in Series.objects.all()} == {1}

    def test_says_how_the_purchase_was_paid(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=2000)
        tenders = (
            tender(method="voucher", amount=Money(1000, "GBP")),
            tender(amount=Money(1399, "GBP")),
        )
        purchase = buy((sku, 1), tenders=tenders).purchase
        issue_receipts(purchase.id)
        content = Document.objects.get().content
        assert content["payment"] == {
            "purchase_number": format_number(purchase.id),
            "purchase_total": {"amount": "23.99", "currency": "GBP"},
            "paid_with": [
                {"method": "voucher", "amount": {"amount": "10.00", "currency": "GBP"}},
                {"method": "card", "amount": {"amount": "13.99", "currency": "GBP"}},
            ],
        }
        assert (content["customer"], content["corrects"]) == (None, None)

    def test_states_lines_delivery_and_tax(self, floor: ShopFloor) -> None:
        purchase = buy((floor.add_sku(price_minor=1200), 2)).purchase
        issue_receipts(purchase.id)
        content = Document.objects.get().content
        (line,) = content["lines"]
        assert (line["quantity"], line["price"]["amount"], line["tax"]["amount"]) == (2, "24.00", "4.00")
        (delivery,) = content["charges"]
        assert (delivery["kind"], delivery["price"]["amount"], delivery["tax"]["amount"]) == (
            "SHIPPING",
            "3.99",
            "0.67",
        )
        assert content["taxes"] == [
            {"tax_rate_e5": 20000, "net": {"amount": "23.32", "currency": "GBP"}, "tax": ANY},
        ]
        assert {name: money["amount"] for name, money in content["totals"].items()} == {
            "net": "23.32",
            "tax": "4.67",
            "payment_discount": "0.00",
            "recorded_difference": "0.00",
            "total": "27.99",
        }
        assert content["tax_terms"]["remitted_by"] == "SELLER"

    def test_happens_once_per_event_and_once_per_order(self, floor: ShopFloor) -> None:
        purchase = buy((floor.add_sku(), 1)).purchase
        event_id = new_id()
        for again in (event_id, event_id, new_id()):
            issue_receipts(purchase.id, event_id=again)
        assert Document.objects.count() == 1
        assert Series.objects.get().last_number == 1
        assert InboxEntry.objects.filter(consumer="documents.issue_receipts").count() == 2

    def test_numbers_what_one_shop_sells_one_after_the_other(self, floor: ShopFloor) -> None:
        handle = sellers.get_shop(shop_id=floor.shop_id).handle.upper()
        for _ in range(3):
            issue_receipts(buy((floor.add_sku(), 1)).purchase.id)
        numbers = list(Document.objects.order_by("number").values_list("display_number", flat=True))
        assert numbers == [f"GB-{handle}-RCT-00000{number}" for number in (1, 2, 3)]

    def test_says_what_was_paid_whatever_went_back_since(self, floor: ShopFloor) -> None:
        purchase = buy((floor.add_sku(), 1)).purchase
        order = orders.get_order(order_id=purchase.orders[0].id)
        checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="changed_mind", now=READY)
        issue_receipts(purchase.id)
        (receipt,) = documents_of(order, DocumentKind.RECEIPT)
        assert receipt.total_minor == order.breakdown.total.minor > 0

    def test_refuses_what_is_not_paid_and_leaves_no_number_behind(self, floor: ShopFloor) -> None:
        unpaid = place((floor.add_sku(), 1), buyer=make_buyer()).purchase
        with pytest.raises(NotFound):
            issue_receipts(unpaid.id)
        assert not Document.objects.exists()
        assert not Series.objects.exists()
        assert not InboxEntry.objects.exists()
