"""Ledger in the admin: read by all who may, and changed by nobody."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.ledger.models import Balance, DayManifest, Entry, Posting, Seal
from tests.factories.ledger import SHOP, make_posting, make_sale, seal, write
from tests.ledger.test_manifests import close
from tradecore.ids import format_number, new_id

pytestmark = pytest.mark.django_db

MODELS = [Posting, Entry, Seal, DayManifest, Balance]


def page(model: type, name: str, *args: object) -> str:
    return reverse(f"admin:ledger_{model.__name__.lower()}_{name}", args=args)


@pytest.fixture
def rows() -> list[Posting]:
    """A capture of one order and a sale of another, sealed and signed."""
    written = write(
        make_posting(123456, kind="capture", order_ref=new_id(), reason="paid by card"),
        make_sale(600, kind="sale", order_ref=new_id()),
    )
    seal()
    close()
    return written


class TestPages:
    @pytest.mark.parametrize("model", MODELS)
    def test_list_and_show(self, admin_client: Client, rows: list[Posting], model: type[Posting]) -> None:
        assert admin_client.get(page(model, "changelist")).status_code == 200
        assert admin_client.get(page(model, "change", model.objects.all()[0].pk)).status_code == 200

    def test_of_a_posting_show_its_entries_as_money(self, admin_client: Client, rows: list[Posting]) -> None:
        shown = admin_client.get(page(Posting, "change", rows[0].pk)).content.decode()
        for text in ("1234.56 GBP", "-1234.56 GBP", "PSP_CLEARING.test", "paid by card"):
            assert text in shown

    @pytest.mark.parametrize(
        "term",
        [
            lambda row: row.order_ref,
            lambda row: format_number(row.order_ref),
            lambda row: row.pk,
            lambda row: f"{row.kind}:{row.reference}",
        ],
        ids=["order", "number", "id", "fact"],
    )
    def test_find_a_posting(self, admin_client: Client, rows: list[Posting], term: object) -> None:
        answer = admin_client.get(page(Posting, "changelist"), {"q": str(term(rows[0]))})  # type: ignore[operator]
        assert [row.pk for row in answer.context["cl"].result_list] == [rows[0].pk]

    @pytest.mark.parametrize("model", [Entry, Balance])
    def test_find_what_belongs_to_an_owner(self, admin_client: Client, rows: list[Posting], model: type[Entry]) -> None:
        answer = admin_client.get(page(model, "changelist"), {"q": str(SHOP)})
        assert [row.account for row in answer.context["cl"].result_list] == ["SELLER_PENDING"]

    @pytest.mark.parametrize("model", MODELS)
    def test_let_superusers_change_nothing_either(
        self, admin_client: Client, rows: list[Posting], model: type[Posting]
    ) -> None:
        pk = model.objects.all()[0].pk
        assert admin_client.get(page(model, "add")).status_code == 403
        assert admin_client.post(page(model, "change", pk), {"kind": "other"}).status_code == 403
        assert admin_client.post(page(model, "delete", pk), {"post": "yes"}).status_code == 403

    def test_stand_in_the_sidebar(self, admin_client: Client) -> None:
        index = admin_client.get(reverse("admin:index")).content.decode()
        for model in MODELS:
            assert page(model, "changelist") in index
