"""The page of a document: plain, printable, and nobody's text but text."""

import re
from html.parser import HTMLParser

import pytest

from apps.documents import api as documents
from apps.documents.api import DocumentKind
from apps.documents.models import Document
from tests.factories.checkout import ShopFloor, buy
from tests.factories.documents import (
    AMERICAN,
    BRITISH,
    bill,
    documents_of,
    invoice_of,
    issue_receipts,
    make_invoiced_order,
    sell,
)
from tests.factories.orders import arrange, collect, concede, units_of
from tradecore.money import Money

pytestmark = pytest.mark.django_db

_VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Fails on a tag that is not closed, or closed twice; remembers which there were."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(document: Document) -> str:
    return documents.render_page(documents.get_document(document_id=document.pk))


class TestThePage:
    def test_shows_an_invoice(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 2)
        invoice = invoice_of(order)
        page = page_of(invoice)
        tags = Balanced(page).tags
        assert "script" not in tags
        for text in ("Invoice", invoice.display_number, order.number, "Robin Buyer", "SW1A 2AA", "20 %", "23.99 GBP"):
            assert text in page
        assert "tax included" in page
        assert "https:" not in page
        assert invoice.content_hash in page

    def test_shows_how_a_receipt_was_paid(self, floor: ShopFloor) -> None:
        issue_receipts(buy((floor.add_sku(price_minor=1000), 1)).purchase.id)
        page = page_of(Document.objects.get())
        assert "<h1>Receipt" in page
        assert re.search(r'<th scope="row">card</th><td class="amount">13.99 GBP</td>', page)

    def test_shows_what_a_credit_note_takes_back_of_which_invoice(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 2)
        concede(order, {order.lines[0].id: Money(120, "GBP")})
        bill(order)
        (note,) = documents_of(order, DocumentKind.CREDIT_NOTE)
        page = page_of(note)
        Balanced(page)
        assert f"invoice {invoice_of(order).display_number}" in page
        assert "the goods stay with the customer" in page
        assert "1.20 GBP" in page

    def test_says_who_pays_the_tax_on(self, floor: ShopFloor) -> None:
        pages = []
        for sold in (AMERICAN, BRITISH):
            order = sell(sold)
            arrange(order)
            collect(order, units_of(order, 3, 2))
            bill(order)
            pages.append(page_of(invoice_of(order)))
        american, british = pages
        assert "The marketplace collects the tax of this sale and pays it to US-NY." in american
        assert "A discount of the marketplace does not lower the amount that is taxed." in american
        assert "before tax" in american
        assert "4 %" in american
        assert "The marketplace collects" not in british

    def test_shows_what_others_have_typed_as_text(self, floor: ShopFloor) -> None:
        order = sell(BRITISH)  # whose goods are called <b>Thing 1</b>
        arrange(order)
        collect(order, units_of(order, 3, 2))
        bill(order)
        page = page_of(invoice_of(order))
        assert "&lt;b&gt;Thing 1&lt;/b&gt;" in page
        assert "b" not in Balanced(page).tags
