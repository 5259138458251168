"""The application's own database user, as production has one, on the database of the tests."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker


@dataclass(frozen=True)
class Application:
    """A user with the rights that `manage.py grant_application` gives, and a way to be that user."""

    blocker: DjangoDbBlocker
    name: str = field(default_factory=lambda: f"app_{secrets.token_hex(4)}")
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def database(self) -> str:
        return str(connection.settings_dict["NAME"])

    def as_root(self, statement: str, *parameters: str) -> None:
        """Run one statement outside of every test's transaction, which statements about rights would commit."""
        with self.blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    def grant(self) -> str:
        """Run the command; returns what it says."""
        out = StringIO()
        with self.blocker.unblock():
            call_command("grant_application", self.name, stdout=out)
        return out.getvalue()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Let Django's connection be this user's inside the block."""
        root = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
        with self.blocker.unblock():
            connection.close()
            connection.settings_dict.update(USER=self.name, PASSWORD=self.password)
            try:
                yield
            finally:
                connection.close()
                connection.settings_dict.update(root)


@pytest.fixture(scope="module")
def application(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Application]:
    """One with exactly these rights. For tests marked `mariadb`."""
    application = Application(blocker=django_db_blocker)
    application.as_root(f"CREATE USER {application.name} IDENTIFIED BY %s", application.password)
    application.grant()
    yield application
    application.as_root(f"DROP USER {application.name}")
