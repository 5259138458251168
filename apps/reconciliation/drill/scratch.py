"""A database of our own: made for one drill, and dropped at its end."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from apps.markets.api import forget_markets
from tradecore import db, memo, worker_leases
from tradecore.append_only import append_only_tables, drop_statements


class ScratchRefused(Exception):
    """No scratch database can be made here; the text says why."""


class NotScratch(AssertionError):
    """This database was not made by a drill of this process."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A database that this process has made."""

    name: str


#: What this process has made and not dropped yet.
_made: Final[set[str]] = set()


@contextmanager
def make_scratch() -> Iterator[Scratch]:
    """Make an empty database with every table, beside the configured one; it is dropped at the end of the block.

    The block enters it with `entered`. Raises ScratchRefused.
    """
    db.assert_no_transaction()
    maker = {"sqlite": _made_file, "mysql": _made_schema}[connection.vendor]
    with maker() as name:
        scratch = Scratch(name)
        _made.add(name)
        try:
            with entered(scratch):
                call_command("migrate", verbosity=0, interactive=False)
            yield scratch
        finally:
            _made.discard(name)


@contextmanager
def entered(scratch: Scratch) -> Iterator[None]:
    """Let this process be connected to the scratch database, instead of the configured one. Raises NotScratch."""
    db.assert_no_transaction()
    _refuse_unless_made(scratch.name)
    home = connection.settings_dict["NAME"]
    _connect_to(scratch.name)
    try:
        assert_scratch()
        yield
    finally:
        worker_leases.release()
        _connect_to(home)


def assert_scratch() -> None:
    """First line of whatever breaks something. Raises NotScratch."""
    _refuse_unless_made(_current_name())


def _refuse_unless_made(name: str) -> None:
    if name not in _made:
        raise NotScratch(f"{name} was not made by a drill of this process")


def tear_down_triggers() -> None:
    """Let what is written once be changed, in the scratch database, for good."""
    assert_scratch()
    with connection.cursor() as cursor:
        for statement in drop_statements(list(append_only_tables())):
            cursor.execute(statement)


@contextmanager
def behind_the_walls() -> Iterator[None]:
    """Without constraints, as somebody with the rights of the server would change a row by hand."""
    assert_scratch()
    lax, strict = {
        "mysql": (
            "SET check_constraint_checks = OFF, foreign_key_checks = OFF",
            "SET check_constraint_checks = ON, foreign_key_checks = ON",
        ),
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(lax)
        try:
            yield
        finally:
            cursor.execute(strict)


def _connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    memo.forget_everything()
    forget_markets()


def _current_name() -> str:
    """As the server has it, not as the settings say."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA database_list")
            return str(cursor.fetchone()[2])
        cursor.execute("SELECT DATABASE()")
        return str(cursor.fetchone()[0])


@contextmanager
def _made_file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tradecore-drill-") as folder:
        yield str(Path(folder).resolve() / "drill.sqlite3")


@contextmanager
def _made_schema() -> Iterator[str]:
    """A schema whose name nobody else has; CREATE fails where somebody does."""
    name = f"{connection.settings_dict['NAME'][:40]}_drill_{secrets.token_hex(4)}"
    quoted = connection.ops.quote_name(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE {settings.DATABASE_COLLATION}")
    except DatabaseError as error:
        raise ScratchRefused(f"the database user may not create the schema {name}: {error}") from error
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {quoted}")
