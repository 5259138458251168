"""Tables that are written once: the model's wall, and the SQL of the database's. What they hold is ledger's to test."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections
from django.db.migrations import RunPython

from tests.support import NOON
from tradecore import append_only
from tradecore.append_only import AppendOnly, append_only_tables, drop_statements, trigger_statements
from tradecore.ids import new_id
from tradecore.models import AuditEntry


def an_entry(**parts: object) -> AuditEntry:
    return AuditEntry(**{"actor": "test", "action": "test", "subject": "test", "occurred_at": NOON, **parts})


def triggers_of(table: str) -> set[str]:
    """The names of the triggers that stand."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SHOW TRIGGERS WHERE `Table` = %s", [table])
            return {name for name, *_ in cursor.fetchall()}
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        return {name for (name,) in cursor.fetchall()}


class TestStatements:
    @pytest.mark.parametrize("vendor", ["mysql", "sqlite"])
    def test_refuse_both_ways_of_changing_each_table(self, vendor: str) -> None:
        made = trigger_statements(["a", "b"], vendor=vendor)
        assert [statement.split(" ON ")[0] for statement in made] == [
            "CREATE TRIGGER a_no_update BEFORE UPDATE",
            "CREATE TRIGGER a_no_delete BEFORE DELETE",
            "CREATE TRIGGER b_no_update BEFORE UPDATE",
            "CREATE TRIGGER b_no_delete BEFORE DELETE",
        ]
        assert all("is append-only" in statement for statement in made)

    def test_take_away_what_was_made(self) -> None:
        assert drop_statements(["a"]) == ["DROP TRIGGER IF EXISTS a_no_update", "DROP TRIGGER IF EXISTS a_no_delete"]


@pytest.mark.django_db
class TestEveryTable:
    @pytest.mark.parametrize("table", append_only_tables())
    def test_has_its_triggers(self, table: str) -> None:
        assert triggers_of(table) == {f"{table}_no_update", f"{table}_no_delete"}


@pytest.mark.django_db(transaction=True)
class TestMigration:
    def test_puts_them_in_place_and_takes_them_away(self) -> None:
        operation = append_only.append_only("kernel_audit")
        assert isinstance(operation, RunPython)
        with connections["default"].schema_editor(atomic=False) as editor:
            operation.reverse_code(None, editor)  # type: ignore[misc,arg-type]  # both are there, and look at no app
            assert triggers_of("kernel_audit") == set()
            operation.code(None, editor)  # type: ignore[arg-type]
        assert triggers_of("kernel_audit") == {"kernel_audit_no_update", "kernel_audit_no_delete"}


@pytest.mark.django_db
class TestModel:
    def test_is_inserted_once(self) -> None:
        an_id = new_id()
        an_entry(id=an_id).save()
        with pytest.raises(IntegrityError):
            an_entry(id=an_id).save()

    def test_refuses_to_be_saved_again(self) -> None:
        entry = an_entry()
        entry.save()
        entry.reason = "something else"
        with pytest.raises(AppendOnly, match="AuditEntry is never changed"):
            entry.save()
        with pytest.raises(AppendOnly, match="AuditEntry is never deleted"):
            entry.delete()

    def test_refuses_all_rows_at_once(self) -> None:
        an_entry().save()
        with pytest.raises(AppendOnly, match="AuditEntry is never changed"):
            AuditEntry.objects.update(reason="something else")
        with pytest.raises(AppendOnly, match="AuditEntry is never deleted"):
            AuditEntry.objects.filter(actor="test").delete()

    def test_is_held_by_the_database_below(self) -> None:
        an_entry().save()
        with pytest.raises(DatabaseError, match="kernel_audit is append-only"), connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_audit SET reason = 'something else'")
