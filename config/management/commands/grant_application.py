"""`manage.py grant_application`: give the application's own database user what it needs, and nothing else."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from tradecore.append_only import append_only_tables

DESCRIPTION = """\
Let a database user read and write the rows of every table, and of those that are written once (the ledger, the audit)
only read and insert. Everything else that the user may do with this database or a table of it is taken back: changing
and dropping tables, triggers, and granting.

Run it as the user whom the tables belong to, after every migration: scripts/container/migrate.sh does. That one needs
ALL PRIVILEGES on the database WITH GRANT OPTION. The user must exist, since passwords are no business of this command:

    CREATE USER 'tradecore'@'%' IDENTIFIED BY '...'

It is safe to run again, and beside processes that run as this user: no right that is kept is ever taken away.
"""

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
WRITTEN_ONCE = ("SELECT", "INSERT")

_TOO_MUCH = (
    *("CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "TRIGGER"),
    *("CREATE VIEW", "SHOW VIEW", "GRANT OPTION"),
)
_TOO_MUCH_OF_MARIADB = ("DELETE HISTORY",)

_NO_SUCH_GRANT = 1141
_NO_SUCH_USER = frozenset({1133, 1410})


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the name of the application's user")
        parser.add_argument("--host", default="%", help="from where it connects (default: %%, from anywhere)")

    def handle(self, *, user: str, host: str, **options: Any) -> None:
        if connection.vendor != "mysql":
            raise CommandError(f"{connection.vendor} has no users: this is for MariaDB and MySQL")
        tables = connection.introspection.table_names()
        with connection.cursor() as cursor:
            _refuse_oneself(cursor, user)
            _refuse_to_make_users(cursor)
            try:
                _grant(cursor, tables, (user, host))
            except DatabaseError as error:
                raise CommandError(_explain(error, user=user, host=host)) from None
        once = sorted(set(tables) & set(append_only_tables()))
        self.stdout.write(
            f"{user}@{host} may read and write {len(tables) - len(once)} tables, "
            f"and read and insert into {len(once)}: {', '.join(once)}"
        )


def _refuse_oneself(cursor: CursorWrapper, user: str) -> None:
    cursor.execute("SELECT CURRENT_USER()")
    (oneself,) = cursor.fetchone()
    if oneself.rpartition("@")[0] == user:
        raise CommandError(f"{user} is who runs this: the application needs a user of its own")


def _refuse_to_make_users(cursor: CursorWrapper) -> None:
    """MariaDB takes a grant to nobody for a wish to have somebody, without a password."""
    if connection.mysql_is_mariadb:  # type: ignore[attr-defined]  # only this vendor's connection has it
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_CREATE_USER')")


def _grant(cursor: CursorWrapper, tables: Sequence[str], grantee: tuple[str, str]) -> None:
    """Table by table first, so that what the user may do with the whole database can go without a gap."""
    for table in tables:
        for statement in _table_statements(table):
            cursor.execute(statement, grantee)
    schema = connection.ops.quote_name(connection.settings_dict["NAME"])
    for privileges in ("ALL PRIVILEGES", "GRANT OPTION"):
        _revoke_if_granted(cursor, f"REVOKE {privileges} ON {schema}.* FROM %s@%s", grantee)


def _table_statements(table: str) -> Iterator[str]:
    """First what is wanted: it makes the row of grants without which there is nothing to take back."""
    name = connection.ops.quote_name(table)
    wanted = WRITTEN_ONCE if table in append_only_tables() else ROWS
    yield f"GRANT {', '.join(wanted)} ON {name} TO %s@%s"
    yield f"REVOKE {', '.join(_too_much(wanted))} ON {name} FROM %s@%s"


def _too_much(wanted: Iterable[str]) -> list[str]:
    is_mariadb = connection.mysql_is_mariadb  # type: ignore[attr-defined]  # only this vendor's connection has it
    others = (*_TOO_MUCH, *_TOO_MUCH_OF_MARIADB) if is_mariadb else _TOO_MUCH
    return [*others, *(privilege for privilege in ROWS if privilege not in wanted)]


def _revoke_if_granted(cursor: CursorWrapper, statement: str, grantee: tuple[str, str]) -> None:
    try:
        cursor.execute(statement, grantee)
    except DatabaseError as error:
        if error.args[0] != _NO_SUCH_GRANT:
            raise


def _explain(error: DatabaseError, *, user: str, host: str) -> str:
    if error.args[0] in _NO_SUCH_USER:
        return f"there is no database user {user}@{host}: make it with CREATE USER first"
    return f"the rights of {user}@{host} could not be set ({error.args[-1]})"
