"""A shop's own papers, over HTTP."""

import pytest

from apps.documents.models import Document
from tests.api import Api, code_of, read
from tests.factories.documents import bill, issue_receipts, make_invoiced_order
from tests.factories.orders import refund, units_of
from tests.seller_desk.conftest import World

pytestmark = pytest.mark.django_db


class TestDocumentsOfAShop:
    def test_are_its_invoices_and_credit_notes_newest_first(self, world: World, owner: Api) -> None:
        order = make_invoiced_order(world.floor, 2)
        refund(order, units_of(order, 1))
        bill(order)
        issue_receipts(order.purchase_id)
        items = read(owner.get(f"{world.root}/documents"))["items"]
        assert [item["kind"] for item in items] == ["CREDIT_NOTE", "INVOICE", "INVOICE"]
        assert {item["shop_id"] for item in items} == {str(world.floor.shop_id)}
        assert all("buyer_ref" not in item for item in items)

        def kinds(**query: str) -> list[str]:
            return [item["kind"] for item in read(owner.get(f"{world.root}/documents", query=query))["items"]]

        assert kinds(kind="INVOICE") == ["INVOICE", "INVOICE"]
        assert kinds(order_id=str(order.id)) == ["CREDIT_NOTE", "INVOICE"]

    def test_come_in_pages(self, world: World, owner: Api) -> None:
        make_invoiced_order(world.floor)
        first = read(owner.get(f"{world.root}/documents", query={"page_size": "1"}))
        token = first["next_page_token"]
        second = read(owner.get(f"{world.root}/documents", query={"page_size": "1", "page_token": token}))
        assert second["next_page_token"] is None
        ids = [item["id"] for item in first["items"] + second["items"]]
        assert ids == [str(pk) for pk in Document.objects.order_by("-id").values_list("pk", flat=True)]

    def test_are_not_filtered_by_what_is_not_a_shops(self, world: World, owner: Api) -> None:
        for query in ({"kind": "RECEIPT"}, {"kind": "invoice"}, {"order_id": "0"}, {"created_ge": "yesterday"}):
            answer = owner.get(f"{world.root}/documents", query=query)
            assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid")


class TestADocumentOfAShop:
    def test_says_whom_it_is_made_out_to(self, world: World, owner: Api) -> None:
        answer = read(owner.get(f"{world.root}/documents/{world.ids['document_id']}"))
        assert answer["content"]["customer"]["name"] == "Robin Buyer"
        assert "phone" not in answer["content"]["customer"]
        assert "buyer_ref" not in answer

    def test_says_nothing_of_how_its_buyer_paid(self, world: World, owner: Api) -> None:
        order = make_invoiced_order(world.floor)
        issue_receipts(order.purchase_id)
        receipt = Document.objects.get(kind="RECEIPT")
        for path in ("", "/page"):
            answer = owner.get(f"{world.root}/documents/{receipt.pk}{path}")
            assert (answer.status_code, read(answer)["what"]) == (404, "document")

    def test_is_a_page_too(self, world: World, owner: Api) -> None:
        invoice = Document.objects.get(pk=world.ids["document_id"])
        answer = owner.get(f"{world.root}/documents/{invoice.pk}/page")
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert invoice.display_number in answer.content.decode()
