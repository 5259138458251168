"""The papers of a buyer's orders, over HTTP."""

import pytest

from apps.accounts.models import User
from apps.documents.models import Document
from tests.api import Api, code_of, read
from tests.factories.checkout import ShopFloor, buy, make_buyer
from tests.factories.documents import issue_receipts
from tradecore import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def receipt(floor: ShopFloor, robin: User) -> Document:
    """That of an order of Robin's."""
    buyer = make_buyer(ref=robin.pk, scope=f"buyer:{robin.pk}", is_guest=False, email=robin.email)
    issue_receipts(buy((floor.add_sku(), 1), buyer=buyer, now=clock.now()).purchase.id)
    return Document.objects.get()


class TestDocumentsOfAnOrder:
    def test_are_listed_for_its_buyer(self, receipt: Document, member: Api) -> None:
        answer = read(member.get(f"/store/v1/orders/{receipt.order_id}/documents"))
        assert [item["number"] for item in answer["items"]] == [receipt.display_number]
        assert answer["next_page_token"] is None

    def test_are_not_there_for_anybody_else(self, receipt: Document, stranger: Api, guest: Api) -> None:
        for caller in (stranger, guest):
            answer = caller.get(f"/store/v1/orders/{receipt.order_id}/documents")
            assert (answer.status_code, read(answer)["what"]) == (404, "order")


class TestADocument:
    def test_is_read_as_it_was_issued(self, receipt: Document, member: Api) -> None:
        answer = read(member.get(f"/store/v1/documents/{receipt.pk}"))
        assert answer["content"] == receipt.content
        assert answer["content_hash"] == receipt.content_hash
        assert answer["total"] == answer["content"]["totals"]["total"]

    def test_is_a_page_too(self, receipt: Document, member: Api) -> None:
        path = f"/store/v1/documents/{receipt.pk}/page"
        for accept in ("text/html", "text/*", "*/*", "text/html,application/xml;q=0.9"):
            answer = member.get(path, headers={"Accept": accept})
            assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert receipt.display_number in answer.content.decode()
            assert answer["Content-Security-Policy"].startswith("default-src 'none'")
            assert answer["Cache-Control"] == "private, no-cache"

    def test_is_no_page_for_whoever_takes_none(self, receipt: Document, member: Api) -> None:
        for accept in ("application/json", "text/html;q=0", "image/png"):
            answer = member.get(f"/store/v1/documents/{receipt.pk}/page", headers={"Accept": accept})
            assert (answer.status_code, code_of(answer)) == (406, "request.not_acceptable")

    def test_is_not_there_for_anybody_else(self, receipt: Document, stranger: Api, guest: Api) -> None:
        for caller in (stranger, guest):
            for path in ("", "/page"):
                answer = caller.get(f"/store/v1/documents/{receipt.pk}{path}")
                assert (answer.status_code, code_of(answer)) == (404, "not_found")
                assert answer["Content-Type"] == "application/problem+json"

    def test_takes_no_parameters(self, receipt: Document, member: Api) -> None:
        for path in (f"documents/{receipt.pk}", f"documents/{receipt.pk}/page", f"orders/{receipt.order_id}/documents"):
            answer = member.get(f"/store/v1/{path}", query={"format": "pdf"})
            assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid")
