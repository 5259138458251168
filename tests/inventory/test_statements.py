"""How many SQL statements the verbs take. SAVEPOINT of the test's own transaction is not one of them."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.inventory import api as inventory
from tests.factories.inventory import EXPIRES_AT, WarehouseFactory, hold_stock, line_of, make_stock, post_stock
from tests.support import NOON, in_use_case
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


def statements_of(body: Callable[[], object]) -> list[str]:
    """What the body runs in one use case, its SAVEPOINT apart."""
    with CaptureQueriesContext(connection) as captured:
        in_use_case(body)
    sql = [query["sql"] for query in captured.captured_queries]
    return [text for text in sql if "SAVEPOINT" not in text]


@pytest.fixture
def lines() -> tuple[inventory.StockLine, inventory.StockLine]:
    """Two SKUs in one warehouse."""
    warehouse = WarehouseFactory.create()
    return line_of(make_stock(9, warehouse=warehouse), 2), line_of(make_stock(9, warehouse=warehouse), 2)


class TestStatements:
    def test_of_a_hold_are_four_and_one_per_stock(self, lines: tuple[inventory.StockLine, ...]) -> None:
        statements = statements_of(
            lambda: inventory.hold(owner_ref=new_id(), lines=lines, expires_at=EXPIRES_AT, now=NOON)
        )
        assert len(statements) == 6

    def test_of_a_hold_lock_stock_last(self, lines: tuple[inventory.StockLine, ...]) -> None:
        statements = statements_of(
            lambda: inventory.hold(owner_ref=new_id(), lines=lines, expires_at=EXPIRES_AT, now=NOON)
        )
        assert [text.split()[0] for text in statements] == ["INSERT", "SELECT", "INSERT", "INSERT", "UPDATE", "UPDATE"]

    def test_of_a_hold_do_not_grow_with_its_lines(self) -> None:
        sku = make_stock(100)
        many = [line_of(sku) for _ in range(30)]
        statements = statements_of(
            lambda: inventory.hold(owner_ref=new_id(), lines=many, expires_at=EXPIRES_AT, now=NOON)
        )
        assert len(statements) == 5

    def test_of_a_post_are_four_and_one_per_stock(self, lines: tuple[inventory.StockLine, ...]) -> None:
        owner = hold_stock(*lines)
        assert len(statements_of(lambda: inventory.post(owner_ref=owner, now=NOON))) == 6

    def test_of_a_void_are_four_and_one_per_stock(self, lines: tuple[inventory.StockLine, ...]) -> None:
        owner = hold_stock(*lines)
        assert len(statements_of(lambda: inventory.void(owner_ref=owner, now=NOON))) == 6

    def test_of_a_shipment_are_four_and_one_per_stock(self, lines: tuple[inventory.StockLine, ...]) -> None:
        owner = post_stock(*lines)
        shipped = [(line.line_ref, 1) for line in lines]
        assert len(statements_of(lambda: inventory.ship(owner_ref=owner, lines=shipped, now=NOON))) == 6

    def test_of_a_rebuild_do_not_grow_with_its_rows(self) -> None:
        for _ in range(20):
            make_stock(1)
        with CaptureQueriesContext(connection) as captured:
            list(inventory.list_differences())
        assert len(captured) == 2
