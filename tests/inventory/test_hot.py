"""SKUs that are marked as hot, and the gate before what is gone."""

import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import HotSku, Stock
from apps.inventory.services import hot
from tests.factories.inventory import make_stock
from tests.support import NOON
from tradecore import clock, worlds
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
        begun = time.monotonic()
        monkeypatch.setattr("tradecore.memo.time.monotonic", lambda: begun)
        sku = make_stock(1)
        Stock.objects.filter(sku_id=sku).update(available=0)
        with pytest.raises(inventory.OutOfStock):
            ask(sku)
        Stock.objects.filter(sku_id=sku).update(available=1)
        with pytest.raises(inventory.OutOfStock):
            ask(sku)
        monkeypatch.setattr("tradecore.memo.time.monotonic", lambda: begun + hot.SEEN_S)
        ask(sku)


class TestTraffic:
    @pytest.fixture(autouse=True)
    def _nobody_has_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And a window lasts for as long as a test does."""
        begun = time.monotonic()
        monkeypatch.setattr("apps.inventory.services.hot.time.monotonic", lambda: begun)
        monkeypatch.setattr(hot, "_requests", worlds.ByWorld(hot._Requests))
        monkeypatch.setattr(hot, "FOUND_FROM", replace(hot.FOUND_FROM, default=lambda: 2))

    def ask(self, sku_id: int, times: int, *, now: datetime | None = None) -> None:
        for _ in range(times):
            inventory.count_request(sku_ids=[sku_id], now=now or clock.real_now())

    def test_makes_a_sku_hot_for_some_time(self) -> None:
        sku, other = make_stock(1), make_stock(1)
        self.ask(sku, 2 * hot.WINDOW_S - 1)
        self.ask(other, 3)
        assert not inventory.is_hot(sku_ids=[sku, other])
        self.ask(sku, 5)
        assert inventory.is_hot(sku_ids=[sku])
        row = HotSku.objects.get()
        assert (row.sku_id, row.marked_by, row.reason) == (sku, "traffic", "asked for 2 times a second and more")
        assert row.ends_at == row.marked_at + hot.FOUND_FOR
        assert AuditEntry.objects.filter(action="sku.marked_hot").count() == 1

    def test_of_a_stress_test_makes_nothing_hot_in_earnest(self) -> None:
        sku = make_stock(1)
        with worlds.shadow("one"):
            for _ in range(2 * hot.WINDOW_S - 1):
                hot._requests.get().count([sku], per_second=2)
        self.ask(sku, 1)
        assert not HotSku.objects.exists()

    def test_that_was_long_ago_says_nothing(self) -> None:
        sku = make_stock(1)
        self.ask(sku, 2 * hot.WINDOW_S, now=clock.real_now() - hot.FOUND_FOR)
        assert not inventory.is_hot(sku_ids=[sku])

    def test_that_goes_on_puts_the_end_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sku, begun = make_stock(1), clock.real_now()
        self.ask(sku, 2 * hot.WINDOW_S, now=begun)
        monkeypatch.setattr(hot, "_requests", worlds.ByWorld(hot._Requests))  # the next window
        self.ask(sku, 2 * hot.WINDOW_S, now=begun + timedelta(minutes=1))
        row = HotSku.objects.get()
        assert (row.marked_at, row.ends_at) == (begun, begun + timedelta(minutes=1) + hot.FOUND_FOR)
        assert AuditEntry.objects.filter(action="sku.marked_hot").count() == 1

    def test_changes_nothing_of_what_a_person_has_marked(self) -> None:
        sku = make_stock(1)
        mark(sku)
        self.ask(sku, 2 * hot.WINDOW_S)
        assert HotSku.objects.values_list("marked_by", "ends_at").get() == ("user:1", None)

    def test_is_outdone_by_a_person(self) -> None:
        sku = make_stock(1)
        self.ask(sku, 2 * hot.WINDOW_S)
        mark(sku)
        assert HotSku.objects.values_list("marked_by", "ends_at").get() == ("user:1", None)

    def test_of_what_has_no_stock_marks_nothing(self) -> None:
        self.ask(new_id(), 2 * hot.WINDOW_S)
        assert not HotSku.objects.exists()
