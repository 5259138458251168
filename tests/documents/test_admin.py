"""Documents in the admin: to be found and read, by superusers too."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.documents.models import Document, Series
from tests.factories.accounts import UserFactory
from tests.factories.checkout import ShopFloor
from tests.factories.documents import invoice_of, make_invoiced_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


class TestDocuments:
    @pytest.mark.parametrize("field", ["display_number", "order_id", "id"])
    def test_are_found_by_what_people_have_in_hand(self, floor: ShopFloor, client: Client, field: str) -> None:
        row, other = invoice_of(make_invoiced_order(floor)), invoice_of(make_invoiced_order(floor))
        page = client.get(reverse("admin:documents_document_changelist"), {"q": str(getattr(row, field))})
        assert row.display_number in page.content.decode()
        assert other.display_number not in page.content.decode()

    def test_are_shown_with_their_amounts_as_money(self, floor: ShopFloor, client: Client) -> None:
        row = invoice_of(make_invoiced_order(floor, 2))
        page = client.get(reverse("admin:documents_document_change", args=[row.pk])).content.decode()
        assert "23.99 GBP" in page
        assert row.content_hash in page

    def test_are_changed_by_nobody(self, floor: ShopFloor, client: Client) -> None:
        row = invoice_of(make_invoiced_order(floor))
        for model, pk in (("document", row.pk), ("series", row.series_id)):
            change = reverse(f"admin:documents_{model}_change", args=[pk])
            assert client.get(change).status_code == 200
            assert client.post(change, {"number": "7", "last_number": "7"}).status_code == 403
            assert client.get(reverse(f"admin:documents_{model}_add")).status_code == 403
            assert client.post(reverse(f"admin:documents_{model}_delete", args=[pk])).status_code == 403
        assert (Document.objects.get().number, Series.objects.get(pk=row.series_id).last_number) == (1, 1)
