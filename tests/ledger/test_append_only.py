"""What is written once stays, whoever asks: the model, SQL behind it, and tricks of either database."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import Model

from apps.ledger.models import DayManifest, Entry, Posting, Seal
from tests.factories.ledger import make_posting, seal, write
from tests.ledger.test_manifests import close
from tests.support import NOON
from tradecore.append_only import AppendOnly, AppendOnlyModel, append_only_tables
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db

MODELS = [Posting, Entry, Seal, DayManifest, AuditEntry]

VERBS = {
    "sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "mysql": "REPLACE INTO {table} SELECT * FROM {table}",
}


@pytest.fixture
def book() -> None:
    """One row of every table that is written once."""
    write(make_posting(1000))
    seal()
    close()
    AuditEntry(actor="test", action="test", subject="test", occurred_at=NOON).save()


def execute(statement: str, model: type[Model]) -> None:
    options = model._meta
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table=options.db_table, key=options.pk.column))


def contents(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("pk").values_list())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
class TestTheDatabase:
    @pytest.mark.parametrize(
        "statement", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}", VERBS[connection.vendor]]
    )
    def test_refuses_to_change_or_delete(self, book: None, model: type[Model], statement: str) -> None:
        before = contents(model)
        assert len(before) >= 1
        with pytest.raises(DatabaseError, match="append-only"):
            execute(statement, model)
        assert contents(model) == before

    @pytest.mark.mariadb
    def test_refuses_to_change_what_is_inserted_again(self, book: None, model: type[Model]) -> None:
        with pytest.raises(DatabaseError, match="append-only"):
            execute("INSERT INTO {table} SELECT * FROM {table} AS old ON DUPLICATE KEY UPDATE {key} = old.{key}", model)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
class TestTheModel:
    def test_refuses_to_save_what_stands(self, book: None, model: type[AppendOnlyModel]) -> None:
        with pytest.raises(AppendOnly, match="is never changed"):
            model.objects.all()[0].save()

    def test_refuses_to_delete(self, book: None, model: type[AppendOnlyModel]) -> None:
        with pytest.raises(AppendOnly, match="is never deleted"):
            model.objects.all()[0].delete()
        with pytest.raises(AppendOnly, match="is never deleted"):
            model.objects.all().delete()

    def test_refuses_to_update_many(self, book: None, model: type[AppendOnlyModel]) -> None:
        (row, *_) = model.objects.all()
        with pytest.raises(AppendOnly, match="is never changed"):
            model.objects.all().update(**{model._meta.fields[-1].name: None})
        with pytest.raises(AppendOnly, match="is never changed"):
            model.objects.bulk_update([row], [f.name for f in model._meta.fields if not f.primary_key][:1])


class TestTheTables:
    def test_are_those_of_books_audit_settings_documents_and_sellers_accounts(self) -> None:
        assert append_only_tables() == {
            "documents_document": "id",
            "kernel_audit": "id",
            "kernel_audit_seal": "number",
            "kernel_setting_version": "version",
            "ledger_entry": "id",
            "ledger_manifest": "day",
            "ledger_posting": "id",
            "ledger_seal": "number",
            "settlement_line": "id",
        }
