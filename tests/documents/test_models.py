"""What the database itself holds of documents."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.documents.models import Document, Series
from tests.factories.checkout import ShopFloor
from tests.factories.documents import invoice_of, make_invoiced_order
from tradecore.append_only import AppendOnly
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(floor: ShopFloor) -> Document:
    return invoice_of(make_invoiced_order(floor))


def copy_of(document: Document, **parts: Any) -> Document:
    """Another document like this one, that stands in nobody's way."""
    facts = {field.attname: getattr(document, field.attname) for field in Document._meta.concrete_fields}
    fresh = {"id": new_id(), "number": 2, "display_number": "GB-COPY-INV-000002", "subject_ref": new_id()}
    return Document(**facts | fresh | parts)


class TestADocument:
    def test_may_be_followed_by_another(self, invoice: Document) -> None:
        copy_of(invoice).save()
        assert Document.objects.count() == 2

    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            (r"documents_document_number|document\.number$", {"number": 1}),
            (r"documents_document_display|document\.display_number$", {"display_number": None}),
            (r"documents_document_once|document\.subject_ref$", {"subject_ref": None}),
            ("documents_document_kind", {"kind": "LETTER"}),
            ("documents_document_positive", {"number": 0}),
            ("documents_document_identity", {"net_minor": 0}),
            ("documents_document_amounts", {"net_minor": 0, "tax_minor": -1, "total_minor": -1}),
        ],
    )
    def test_is_refused_by_its_constraint(self, invoice: Document, name: str, parts: dict[str, Any]) -> None:
        """None stands for what the invoice has. SQLite names the columns of what is to be unique."""
        given = {key: getattr(invoice, key) if value is None else value for key, value in parts.items()}
        with pytest.raises((IntegrityError, DatabaseError), match=name), transaction.atomic():
            copy_of(invoice, **given).save()
        assert Document.objects.count() == 1

    def test_is_never_changed_or_deleted(self, invoice: Document) -> None:
        for act in (invoice.save, invoice.delete, Document.objects.all().delete):
            with pytest.raises(AppendOnly):
                act()
        for statement in ("UPDATE documents_document SET number = 2", "DELETE FROM documents_document"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        assert Document.objects.get().number == 1


class TestASeries:
    def test_is_there_once_for_a_shop_a_market_and_a_kind(self, invoice: Document) -> None:
        series = invoice.series
        with pytest.raises(IntegrityError, match=r"documents_series_once|series\.kind$"), transaction.atomic():
            Series.objects.create(shop_id=series.shop_id, market=series.market, kind=series.kind)

    def test_is_of_a_kind_that_there_is(self, db: None) -> None:
        with pytest.raises((IntegrityError, DatabaseError), match="documents_series_kind"), transaction.atomic():
            Series.objects.create(shop_id=new_id(), market="GB", kind="LETTER")
