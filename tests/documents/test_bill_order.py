"""An invoice once the first parcel is on its way, a credit note for each thing that goes back after it."""

import pytest

from apps.documents import api as documents
from apps.documents.api import DocumentKind
from apps.documents.models import Document, Series
from apps.fulfilment.api import TrackingStatus
from apps.sellers import api as sellers
from tests.factories.checkout import ShopFloor
from tests.factories.documents import (
    AMERICAN,
    BRITISH,
    IMPORTED,
    bill,
    documents_of,
    invoice_of,
    make_invoiced_order,
    sell,
    send,
)
from tests.factories.fulfilment import make_ready_order, ship, track
from tests.factories.orders import arrange, cancel, collect, concede, lose, refund, units_of
from tests.support import NOON
from tradecore.ids import new_id
from tradecore.models import InboxEntry
from tradecore.money import Money

pytestmark = pytest.mark.django_db

CREDIT_NOTE = DocumentKind.CREDIT_NOTE


class TestTheInvoice:
    def test_is_issued_once_the_carrier_has_the_first_parcel(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        bill(order)
        parcel = ship(order, units_of(order, 1))
        bill(order)
        assert not Document.objects.exists()
        assert not Series.objects.exists()
        track(parcel, TrackingStatus.COLLECTED)
        bill(order)
        invoice = invoice_of(order)
        assert (invoice.number, invoice.total_minor) == (1, order.breakdown.total.minor)
        assert invoice.content["lines"][0]["quantity"] == 2

    def test_says_who_sells_as_it_was_when_it_was_issued(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 2)
        unnamed = invoice_of(order).content["seller"]
        assert (unnamed["legal_name"], unnamed["tax_number"]) == ("", "")
        self.name(floor, "North Wool Ltd", "GB123456789")
        refund(order, units_of(order, 1))
        bill(order)
        (note,) = documents_of(order, CREDIT_NOTE)
        self.name(floor, "Somebody Else Ltd", "GB987654321")
        note.refresh_from_db()
        assert (note.content["seller"]["legal_name"], note.content["seller"]["tax_number"]) == (
            "North Wool Ltd",
            "GB123456789",
        )
        page = documents.render_page(documents.get_document(document_id=note.pk))
        assert "<br>North Wool Ltd<br>Tax number GB123456789</address>" in page
        assert "Tax number" not in documents.render_page(documents.get_document(document_id=invoice_of(order).pk))

    def name(self, floor: ShopFloor, legal_name: str, tax_number: str) -> None:
        sellers.set_legal_identity(
            shop_id=floor.shop_id, legal_name=legal_name, tax_number=tax_number, actor="user:1", now=NOON
        )

    def test_is_issued_once_however_often_it_is_called_for(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 1)
        send(order)
        event_id = new_id()
        for again in (event_id, event_id, new_id()):
            bill(order, event_id=again)
        assert Document.objects.count() == 1
        assert InboxEntry.objects.filter(consumer="documents.bill_order").count() == 2

    def test_bills_what_is_left_where_something_was_cancelled_before(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        gone = cancel(order, units_of(order, 1))
        send(order)
        bill(order)
        invoice = invoice_of(order)
        assert invoice.total_minor == order.breakdown.total.minor - gone.refund.minor == 2399
        assert (invoice.content["lines"][0]["quantity"], invoice.gone_sequence) == (2, 1)
        assert documents_of(order, CREDIT_NOTE) == []

    def test_leaves_out_lines_of_which_nothing_is_left(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 1, 1)
        cancel(order, units_of(order, 1, 0))
        send(order)
        bill(order)
        assert [line["line_no"] for line in invoice_of(order).content["lines"]] == [2]

    def test_is_made_out_to_the_buyer_with_no_more_than_it_must_hold(self, floor: ShopFloor) -> None:
        content = invoice_of(make_invoiced_order(floor)).content
        assert content["customer"] == {
            "name": "Robin Buyer",
            "line1": "10 Downing Street",
            "line2": "",
            "city": "London",
            "region": "",
            "postal_code": "SW1A 2AA",
            "country": "GB",
        }
        assert content["payment"] is None
        assert "phone" not in str(content)

    def test_is_not_issued_where_nothing_is_left_of_the_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 1)
        parcel = track(ship(order), TrackingStatus.COLLECTED)
        track(parcel, TrackingStatus.LOST)
        bill(order)
        assert not Document.objects.exists()
        assert {series.last_number for series in Series.objects.all()} == {0}

    def test_bills_the_delivery_that_a_buyer_still_pays_who_did_not_take_the_parcel(self, floor: ShopFloor) -> None:
        order = sell(BRITISH)
        arrange(order)
        collect(order, units_of(order, 3, 2))
        gone = lose(order, units_of(order, 3, 2), reason="refused")
        bill(order)
        invoice = invoice_of(order)
        assert invoice.total_minor == order.breakdown.total.minor - gone.refund.minor > 0
        assert invoice.content["lines"] == []
        assert [charge["kind"] for charge in invoice.content["charges"]] == ["SHIPPING", "SURCHARGES"]

    def test_says_who_pays_the_tax_on(self, floor: ShopFloor) -> None:
        for sold, remitter, jurisdiction in ((BRITISH, "SELLER", ""), (AMERICAN, "MARKETPLACE", "US-NY")):
            order = sell(sold)
            arrange(order)
            collect(order, units_of(order, 3, 2))
            bill(order)
            terms = invoice_of(order).content["tax_terms"]
            assert (terms["remitted_by"], terms["jurisdiction"]) == (remitter, jurisdiction)
            assert terms["prices_include_tax"] is sold.is_inclusive
            assert terms["is_before_platform_discount"] is (sold is AMERICAN)

    @pytest.mark.parametrize("sold", [BRITISH, AMERICAN, IMPORTED])
    def test_states_amounts_that_add_up_in_every_market(self, floor: ShopFloor, sold: object) -> None:
        order = sell(sold)  # type: ignore[arg-type]
        arrange(order)
        collect(order, units_of(order, 3, 2))
        bill(order)
        invoice = invoice_of(order)
        totals = {name: minor_of(money) for name, money in invoice.content["totals"].items()}
        assert totals["total"] == invoice.total_minor == order.breakdown.total.minor
        assert totals["tax"] == order.breakdown.tax.minor == sum(minor_of(tax["tax"]) for tax in taxes_of(invoice))
        assert totals["net"] == sum(minor_of(tax["net"]) for tax in taxes_of(invoice))
        assert totals["payment_discount"] == order.breakdown.payment_platform_discount.minor > 0
        assert totals["recorded_difference"] == 17
        lines, charges = invoice.content["lines"], invoice.content["charges"]
        price = sum(minor_of(part["price"]) for part in [*lines, *charges])
        duty = sum(minor_of(line["duty"]) for line in lines)
        added_tax = 0 if order.breakdown.tax_inclusive else totals["tax"]
        assert totals["total"] == price + duty + added_tax - totals["payment_discount"] + 17


class TestACreditNote:
    def test_is_issued_for_what_is_cancelled_after_the_invoice(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        send(order, units_of(order, 1))
        bill(order)
        gone = cancel(order, units_of(order, 1))
        bill(order)
        (note,) = documents_of(order, CREDIT_NOTE)
        assert (note.subject_ref, note.total_minor, note.number) == (gone.id, gone.refund.minor, 1)
        assert note.content["lines"][0]["quantity"] == 1
        invoice = invoice_of(order)
        assert note.content["corrects"] == {
            "invoice_id": str(invoice.pk),
            "invoice_number": invoice.display_number,
            "invoice_issued_on": "2026-03-11",
            "how": "CANCELLED",
            "reason": "tests",
        }

    def test_is_issued_for_each_thing_that_goes_back(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 2, 1)
        one = refund(order, units_of(order, 1, 0))
        other = concede(order, {order.lines[1].id: Money(250, "GBP")})
        bill(order)
        notes = documents_of(order, CREDIT_NOTE)
        assert [(note.subject_ref, note.total_minor) for note in notes] == [
            (one.id, one.refund.minor),
            (other.id, 250),
        ]
        assert [note.number for note in notes] == [1, 2]
        (amount,) = notes[1].content["lines"]
        assert (amount["quantity"], amount["price"]["amount"], amount["tax"]["amount"]) == (0, "2.50", "0.41")

    def test_is_issued_once_however_often_it_is_called_for(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 2)
        refund(order, units_of(order, 1))
        event_id = new_id()
        for again in (event_id, event_id, new_id()):
            bill(order, event_id=again)
        assert len(documents_of(order, CREDIT_NOTE)) == 1

    def test_is_not_issued_for_an_order_that_was_never_shipped(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        cancel(order)
        bill(order)
        assert not Document.objects.exists()
        assert not InboxEntry.objects.filter(consumer="documents.bill_order").exists()

    def test_is_not_issued_for_what_the_invoice_leaves_out_whatever_event_comes_first(self, floor: ShopFloor) -> None:
        """The parcel's event comes after that of a cancellation which came after the parcel."""
        order = make_ready_order(floor, 2)
        send(order, units_of(order, 1))
        gone = cancel(order, units_of(order, 1))
        bill(order)  # as the cancellation's event, with the parcel's still to come
        bill(order)
        assert invoice_of(order).total_minor == order.breakdown.total.minor - gone.refund.minor
        assert documents_of(order, CREDIT_NOTE) == []

    def test_is_not_issued_for_what_carried_nothing(self, floor: ShopFloor) -> None:
        """Units whose money went back on their way are lost later: that is written down, and gives nothing back."""
        order = make_invoiced_order(floor, 1)
        refund(order, units_of(order, 1))
        lose(order, units_of(order, 1))
        bill(order)
        assert len(documents_of(order, CREDIT_NOTE)) == 1


def minor_of(money: dict[str, str]) -> int:
    return Money.parse(money["amount"], money["currency"]).minor


def taxes_of(document: Document) -> list[dict[str, dict[str, str]]]:
    return list(document.content["taxes"])
