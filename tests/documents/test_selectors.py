"""Documents are shown to their buyer and to their shop, and to nobody else; what was tampered with to nobody."""

import pytest
from django.db import connection

from apps.documents import api as documents
from apps.documents.api import DocumentKind
from apps.documents.models import Document
from apps.documents.selectors import ContentAltered
from tests.factories.checkout import ShopFloor, add_shop, buy
from tests.factories.documents import bill, invoice_of, issue_receipts, make_invoiced_order
from tests.factories.orders import refund, units_of
from tradecore.append_only import drop_statements, trigger_statements
from tradecore.errors import NotFound
from tradecore.ids import new_id


@pytest.mark.django_db
class TestGetDocument:
    def test_shows_a_buyer_all_of_their_papers(self, floor: ShopFloor) -> None:
        purchase = buy((floor.add_sku(), 1)).purchase
        issue_receipts(purchase.id)
        receipt = Document.objects.get()
        shown = documents.get_document(document_id=receipt.pk, buyer_ref=purchase.buyer_ref)
        assert (shown.kind, shown.number) == (DocumentKind.RECEIPT, receipt.display_number)

    def test_shows_a_shop_its_invoices_and_no_receipt(self, floor: ShopFloor) -> None:
        invoice = invoice_of(make_invoiced_order(floor))
        issue_receipts(buy((floor.add_sku(), 1)).purchase.id)
        receipt = Document.objects.get(kind="RECEIPT")
        assert documents.get_document(document_id=invoice.pk, shop_id=floor.shop_id).id == invoice.pk
        with pytest.raises(NotFound):
            documents.get_document(document_id=receipt.pk, shop_id=floor.shop_id)

    def test_refuses_everybody_else_and_what_is_not_there(self, floor: ShopFloor) -> None:
        invoice = invoice_of(make_invoiced_order(floor))
        other = add_shop(floor.provider)
        for options in ({"buyer_ref": new_id()}, {"shop_id": other.shop_id}):
            with pytest.raises(NotFound):
                documents.get_document(document_id=invoice.pk, **options)
        with pytest.raises(NotFound):
            documents.get_document(document_id=new_id())


@pytest.mark.django_db(transaction=True)  # dropping a trigger commits
class TestADocumentThatWasChangedByHand:
    def test_is_shown_to_nobody(self, floor: ShopFloor) -> None:
        invoice = invoice_of(make_invoiced_order(floor))
        table = "documents_document"
        with connection.cursor() as cursor:
            for statement in drop_statements([table]):
                cursor.execute(statement)
            cursor.execute(
                f"UPDATE {table} SET content = REPLACE(content, 'Robin', 'Rosie') WHERE id = %s", [invoice.pk]
            )
            for statement in trigger_statements([table], vendor=connection.vendor):
                cursor.execute(statement)
        with pytest.raises(ContentAltered):
            documents.get_document(document_id=invoice.pk)


@pytest.mark.django_db
class TestListShopDocuments:
    def test_lists_the_newest_first_by_kind_and_order(self, floor: ShopFloor) -> None:
        first, second = make_invoiced_order(floor, 2), make_invoiced_order(floor)
        refund(first, units_of(first, 1))
        bill(first)
        issue_receipts(first.purchase_id)

        def kinds(**options: object) -> list[tuple[str, int]]:
            rows = documents.list_shop_documents(shop_id=floor.shop_id, limit=9, **options)  # type: ignore[arg-type]
            return [(row.kind.value, row.order_id) for row in rows]

        assert kinds() == [("CREDIT_NOTE", first.id), ("INVOICE", second.id), ("INVOICE", first.id)]
        assert kinds(kind="INVOICE") == [("INVOICE", second.id), ("INVOICE", first.id)]
        assert kinds(order_id=first.id) == [("CREDIT_NOTE", first.id), ("INVOICE", first.id)]
        assert kinds(kind="RECEIPT") == []
        assert documents.list_shop_documents(shop_id=add_shop(floor.provider).shop_id, limit=9) == []


@pytest.mark.django_db
class TestListOrderDocuments:
    def test_lists_the_oldest_first(self, floor: ShopFloor) -> None:
        order = make_invoiced_order(floor, 1)
        issue_receipts(order.purchase_id)
        rows = documents.list_order_documents(order_id=order.id, buyer_ref=order.buyer_ref)
        assert [row.kind.value for row in rows] == ["INVOICE", "RECEIPT"]
        assert documents.list_order_documents(order_id=order.id, buyer_ref=new_id()) == []
