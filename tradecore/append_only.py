"""Tables that are written once: rows come, and never change or go.

# Note [Append-only]
Three walls, each for another hand. The model refuses `save` and `delete` of a row that stands, for the programmer who
did not know. Triggers refuse UPDATE and DELETE whoever asks, for the SQL that goes around the model. And in production
the application's own database user has no such right (`manage.py grant_application`), nor the right to drop a table or
its triggers, which are the migration user's.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.models import QuerySet

_EVENTS = ("UPDATE", "DELETE")

_BODY = {
    "mysql": "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{table} is append-only'",
    "sqlite": "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
}


class AppendOnly(AssertionError):
    """Code wanted to change or delete a row of a table that is written once. See Note [Append-only]."""


class _AppendOnlyRows(QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{self.model.__name__} is never changed")

    def delete(self) -> NoReturn:
        raise AppendOnly(f"{self.model.__name__} is never deleted")


class AppendOnlyModel(models.Model):
    """A row of a table that is written once. Its migration puts the triggers in place with `append_only`."""

    objects = _AppendOnlyRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"{type(self).__name__} is never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{type(self).__name__} is never deleted")


def append_only_tables() -> dict[str, str]:
    """The tables that are written once, and the column of each one's key. Complete once every app is loaded."""
    options = [model._meta for model in AppendOnlyModel.__subclasses__()]  # noqa: SLF001 - documented
    return {each.db_table: str(each.pk.column) for each in sorted(options, key=lambda each: each.db_table)}


def append_only(*tables: str) -> RunPython:
    """The operation of a migration that puts the triggers of these tables in place, after they are made."""

    def forwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in trigger_statements(tables, vendor=editor.connection.vendor):
            editor.execute(statement)

    def backwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_statements(tables):
            editor.execute(statement)

    # Not atomic: MariaDB commits before and after each of these anyway, and Django says so loudly.
    return RunPython(forwards, backwards, atomic=False)


def trigger_statements(tables: Sequence[str], *, vendor: str) -> list[str]:
    """The SQL that makes tables refuse UPDATE and DELETE."""
    return [
        f"CREATE TRIGGER {_name(table, event)} BEFORE {event} ON {table} {_BODY[vendor].format(table=table)}"
        for table in tables
        for event in _EVENTS
    ]


def drop_statements(tables: Sequence[str]) -> list[str]:
    """The SQL that lets tables be changed again: for a migration, and for the teardown of a test."""
    return [f"DROP TRIGGER IF EXISTS {_name(table, event)}" for table in tables for event in _EVENTS]


def _name(table: str, event: str) -> str:
    return f"{table}_no_{event.lower()}"
