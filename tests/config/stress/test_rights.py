"""The application's own database user lives in the shadow with the same small rights as in the real world."""

from typing import Any

import pytest
from django.db import DatabaseError, connection

from config.stress import shadow
from tests.config.conftest import Application
from tests.config.stress.conftest import RUN
from tradecore import worlds

pytestmark = pytest.mark.mariadb

DENIED = 1142


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        ("UPDATE inventory_stock SET available = available WHERE 1 = 0", True),
        ("INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE 1 = 0", True),
        ("UPDATE ledger_entry SET id = id WHERE 1 = 0", False),
        ("DROP TABLE inventory_stock", False),
        ("CREATE TABLE another (id INT)", False),
    ],
)
def test_may_write_rows_there_and_change_no_table(
    transactional_db: None, application: Application, settings: Any, statement: str, is_allowed: bool
) -> None:
    settings.APPLICATION_DATABASE_USER = application.name
    shadow.drop_shadow()
    with shadow.open_shadow(RUN):
        worlds.close_shadow()  # it is of the user who has made the shadow
        with application.connected():
            assert refusal_of(statement) == (None if is_allowed else DENIED)
            worlds.close_shadow()


def refusal_of(statement: str) -> int | None:
    """What the server says in the shadow; None where it does as it is told."""
    with worlds.shadow(RUN):
        try:
            execute(statement)
        except DatabaseError as error:
            return int(error.args[0])
    return None
