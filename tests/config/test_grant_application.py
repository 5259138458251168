"""The application's own database user: reads and writes rows, and changes nothing that is written once."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from tests.config.conftest import Application
from tradecore.append_only import append_only_tables

pytestmark = pytest.mark.mariadb

DENIED = 1142
DENIED_DATABASE = 1044

TABLES = sorted(append_only_tables())


@pytest.fixture
def as_application(application: Application) -> Iterator[None]:
    with application.connected():
        yield


def execute(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def rights_of(application: Application) -> list[str]:
    """Everything that was granted, except for the password."""
    with application.blocker.unblock():
        granted = [str(line) for (line,) in execute(f"SHOW GRANTS FOR {application.name}")]
    return sorted(line for line in granted if "USAGE" not in line)


class TestTheApplication:
    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE {table} SET {key} = {key}",
            "DELETE FROM {table}",
            "TRUNCATE TABLE {table}",
            "DROP TABLE {table}",
            "ALTER TABLE {table} ADD COLUMN extra INT",
            "CREATE TRIGGER another BEFORE INSERT ON {table} FOR EACH ROW SET NEW.{key} = 1",
            "DROP TRIGGER {table}_no_update",
            "DROP TRIGGER {table}_no_delete",
        ],
    )
    def test_is_refused_to_change_what_is_written_once(self, as_application: None, table: str, statement: str) -> None:
        with pytest.raises(DatabaseError) as refusal:
            execute(statement.format(table=table, key=append_only_tables()[table]))
        assert refusal.value.args[0] == DENIED

    @pytest.mark.parametrize("table", TABLES)
    def test_may_read_and_insert_there(self, as_application: None, table: str) -> None:
        assert execute(f"SELECT COUNT(*) FROM {table} WHERE 1 = 0") == [(0,)]
        assert execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0") == []

    def test_may_write_rows_everywhere_else(self, as_application: None) -> None:
        execute("INSERT INTO ledger_sealer SELECT * FROM ledger_sealer WHERE 1 = 0")
        execute("UPDATE ledger_sealer SET last_number = last_number WHERE 1 = 0")
        execute("DELETE FROM ledger_sealer WHERE 1 = 0")
        assert execute("SELECT id FROM ledger_sealer WHERE id = 0 FOR UPDATE") == []

    @pytest.mark.parametrize(
        ("statement", "number"),
        [
            ("CREATE TABLE another (id INT)", DENIED),
            ("DROP TABLE ledger_sealer", DENIED),
            ("TRUNCATE TABLE ledger_sealer", DENIED),
            ("CREATE DATABASE another", DENIED_DATABASE),
        ],
    )
    def test_may_make_and_drop_nothing(self, as_application: None, statement: str, number: int) -> None:
        with pytest.raises(DatabaseError) as refusal:
            execute(statement)
        assert refusal.value.args[0] == number

    def test_may_grant_nothing(self, as_application: None, application: Application) -> None:
        with pytest.raises(DatabaseError):
            execute(f"GRANT UPDATE ON ledger_entry TO {application.name}")


class TestGrantApplication:
    def test_says_what_it_granted_and_no_password(self, application: Application) -> None:
        said = application.grant()
        assert f"{application.name}@% may read and write" in said
        assert f"read and insert into {len(TABLES)}: {', '.join(TABLES)}" in said
        assert application.password not in said

    def test_is_the_same_when_it_runs_again(self, application: Application) -> None:
        before = rights_of(application)
        application.grant()
        assert rights_of(application) == before
        assert len(before) == len(set(before)) > len(TABLES)

    def test_takes_back_what_was_too_much(self, application: Application) -> None:
        before = rights_of(application)
        application.as_root(f"GRANT ALL PRIVILEGES ON {application.database}.* TO {application.name} WITH GRANT OPTION")
        application.as_root(f"GRANT ALL PRIVILEGES ON ledger_entry TO {application.name} WITH GRANT OPTION")
        application.as_root(f"GRANT DROP, TRIGGER ON orders_order TO {application.name}")
        assert rights_of(application) != before
        application.grant()
        assert rights_of(application) == before

    def test_makes_nobody(self, application: Application) -> None:
        with application.blocker.unblock(), pytest.raises(CommandError, match="make it with CREATE USER first"):
            call_command("grant_application", "nobody_yet")
        with application.blocker.unblock():
            assert execute("SELECT user FROM mysql.user WHERE user = 'nobody_yet'") == []

    def test_leaves_whoever_runs_it_alone(self, application: Application) -> None:
        with application.blocker.unblock(), pytest.raises(CommandError, match="needs a user of its own"):
            call_command("grant_application", "root", "--host", "127.0.0.1")


class TestHelp:
    def test_explains_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command("grant_application", "--help")
        said = capsys.readouterr().out
        assert "CREATE USER 'tradecore'@'%' IDENTIFIED BY" in said
        assert "WITH GRANT OPTION" in said
