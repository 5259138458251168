"""SKUs that are marked as hot, and the gate before what is gone."""

import time

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import Stock
from apps.inventory.services import hot
from tests.factories.inventory import make_stock
from tests.support import NOON
from tradecore import memo
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def mark(sku_id: int) -> None:
    inventory.mark_hot(sku_id=sku_id, reason="the sale of the year", actor="user:1", now=NOON)


def unmark(sku_id: int) -> None:
    inventory.unmark_hot(sku_id=sku_id, reason="over", actor="user:2", now=NOON)


def ask(sku_id: int, quantity: int = 1) -> None:
    inventory.refuse_if_gone(lines=[inventory.StockLine(1, sku_id, quantity)])


class TestMarking:
    def test_is_of_one_sku_and_audited_once(self) -> None:
        sku, other = make_stock(1), make_stock(1)
        mark(sku)
        mark(sku)
        assert inventory.is_hot(sku_ids=[other, sku])
        assert not inventory.is_hot(sku_ids=[other])
        assert list(AuditEntry.objects.filter(action="sku.marked_hot").values_list("actor", flat=True)) == ["user:1"]

    def test_ends(self) -> None:
        sku = make_stock(1)
        mark(sku)
        unmark(sku)
        unmark(sku)
        assert not inventory.is_hot(sku_ids=[sku])
        assert AuditEntry.objects.filter(action="sku.unmarked_hot", actor="user:2").count() == 1

    def test_refuses_what_has_no_stock(self) -> None:
        with pytest.raises(NotFound):
            mark(new_id())
        assert not AuditEntry.objects.exists()


class TestTheGate:
    def test_lets_through_whoever_may_find_something(self) -> None:
        ask(make_stock(2), 2)

    def test_says_what_is_short(self) -> None:
        sku = make_stock(2)
        with pytest.raises(inventory.OutOfStock) as refused:
            ask(sku, 3)
        assert refused.value.lines == (inventory.Shortage(sku_id=sku, wanted=3, available=2),)

    def test_knows_what_it_has_seen_for_a_moment_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hot, "_seen", memo.Memo[int, int](ttl_s=0.05))
        sku = make_stock(1)
        Stock.objects.filter(sku_id=sku).update(available=0)
        with pytest.raises(inventory.OutOfStock):
            ask(sku)
        Stock.objects.filter(sku_id=sku).update(available=1)
        with pytest.raises(inventory.OutOfStock):
            ask(sku)
        time.sleep(0.06)
        ask(sku)
