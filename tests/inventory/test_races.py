"""Inventory under threads, each with a connection of its own, from one barrier."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import Sum

from apps.inventory import api as inventory
from apps.inventory.models import HotSku, StockHold, StockHoldLine, StockMovement, Warehouse
from tests.factories.inventory import (
    EXPIRES_AT,
    WarehouseFactory,
    hold_stock,
    line_of,
    make_stock,
    numbers_of,
    post_stock,
)
from tests.support import NOON, in_use_case
from tradecore import db
from tradecore.ids import new_id

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]

#: For what comes in a moment, on a machine that has other things to do.
PATIENCE_S = 30


def kinds_of(outcomes: Sequence[Any]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def _post(owner: int) -> bool:
    return in_use_case(lambda: inventory.post(owner_ref=owner, now=NOON))


def _void(owner: int) -> None:
    in_use_case(lambda: inventory.void(owner_ref=owner, now=NOON))


def _release(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.release(owner_ref=owner, lines=lines, reason="race", now=NOON))


def _ship(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.ship(owner_ref=owner, lines=lines, now=NOON))


class TestLastUnit:
    def test_is_sold_once(self, race: Race) -> None:
        sku = make_stock(1)
        outcomes = race([lambda: hold_stock(line_of(sku))] * 50)
        assert kinds_of(outcomes) == {"int": 1, "OutOfStock": 49}
        assert numbers_of(sku) == [(0, 1, 0)]
        assert StockHold.objects.count() == 1
        assert list(inventory.list_differences()) == []

    def test_is_sold_once_to_those_who_want_it_on_two_lines(self, race: Race) -> None:
        sku = make_stock(3)
        outcomes = race([lambda: hold_stock(line_of(sku), line_of(sku))] * 20)
        assert kinds_of(outcomes) == {"int": 1, "OutOfStock": 19}
        assert numbers_of(sku) == [(1, 2, 0)]


class TestWarehouses:
    def test_of_two_are_both_emptied_before_anybody_is_refused(self, race: Race) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(10, warehouse=first)
        make_stock(10, sku_id=sku, warehouse=second)
        outcomes = race([lambda: hold_stock(line_of(sku))] * 24)
        assert kinds_of(outcomes) == {"int": 20, "OutOfStock": 4}
        assert numbers_of(sku) == [(0, 10, 0), (0, 10, 0)]
        assert list(inventory.list_differences()) == []


class TestOneHold:
    def test_is_resolved_once(self, race: Race) -> None:
        sku = make_stock(10)
        for _ in range(5):
            owner = hold_stock(line_of(sku, 2))
            post, void, expire = race(
                [partial(_post, owner), partial(_void, owner), lambda: inventory.expire_holds(now=EXPIRES_AT)]
            )
            hold = inventory.find_hold(owner_ref=owner)
            assert hold is not None
            assert post is (hold.status is inventory.HoldStatus.POSTED)
            assert (type(void).__name__ == "IllegalTransition") is post
            assert expire == (hold.status is inventory.HoldStatus.EXPIRED)
        assert list(inventory.list_differences()) == []

    def test_is_opened_once(self, race: Race) -> None:
        sku, owner = make_stock(50), new_id()
        outcomes = race([lambda: hold_stock(line_of(sku), owner_ref=owner)] * 10)
        assert kinds_of(outcomes) == {"int": 1, "HoldRefused": 9}
        assert numbers_of(sku) == [(49, 1, 0)]

    def test_that_races_its_own_void_holds_nothing_in_the_end(self, race: Race) -> None:
        sku = make_stock(10)
        for _ in range(10):
            owner = new_id()
            held, voided = race([partial(hold_stock, line_of(sku), owner_ref=owner), partial(_void, owner)])
            assert isinstance(held, int | inventory.HoldRefused)
            assert voided is None
            assert StockHold.objects.get(pk=owner).status == inventory.HoldStatus.VOIDED
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_gives_back_no_more_than_it_has(self, race: Race) -> None:
        sku = make_stock(10)
        line = line_of(sku, 5)
        owner = post_stock(line)
        one = (line.line_ref, 1)
        outcomes = race([partial(_release, owner, one), partial(_ship, owner, one)] * 8)
        assert kinds_of(outcomes) == {"NoneType": 5, "MoreThanHeld": 11}
        row = StockHoldLine.objects.get(hold_id=owner)
        assert row.released + row.shipped == 5
        assert numbers_of(sku) == [(5 + row.released, 0, 0)]


class TestAdjustments:
    def test_begin_a_stock_together(self, race: Race) -> None:
        warehouse, sku = WarehouseFactory.create(), new_id()
        outcomes = race([lambda: make_stock(1, sku_id=sku, warehouse=warehouse)] * 10)
        assert kinds_of(outcomes) == {"int": 10}
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_never_take_what_is_being_held(self, race: Race) -> None:
        warehouse = WarehouseFactory.create()
        sku = make_stock(10, warehouse=warehouse)
        take = [lambda: make_stock(-1, sku_id=sku, warehouse=warehouse)] * 10
        outcomes = race([*take, *[lambda: hold_stock(line_of(sku))] * 10])
        assert kinds_of(outcomes)["int"] == 10
        assert numbers_of(sku)[0][0] == 0
        assert list(inventory.list_differences()) == []


class TestBaskets:
    SECONDS = 6
    BUYERS = 16

    def test_that_lock_in_every_order_never_show_a_deadlock(self, race: Race) -> None:
        warehouses = [WarehouseFactory.create(priority=priority) for priority in (2, 1)]
        skus = [make_stock(100_000, warehouse=warehouse) for warehouse in warehouses for _ in range(4)]
        for sku in skus:
            for warehouse in warehouses:
                make_stock(1_000, sku_id=sku, warehouse=warehouse)
        until = time.monotonic() + self.SECONDS
        outcomes = race([partial(_shop, skus, seed=seed, until=until) for seed in range(self.BUYERS)])
        assert kinds_of(outcomes) == {"int": self.BUYERS}
        assert sum(outcomes) > self.BUYERS
        assert list(inventory.list_differences()) == []
        assert sum(held for sku in skus for _, held, _ in numbers_of(sku)) == 0


def _shop(skus: list[int], *, seed: int, until: float) -> int:
    """Buy and give back baskets of SKUs in random order until the time is over. Returns how many."""
    shuffled = random.Random(seed)
    baskets = 0
    while time.monotonic() < until:
        lines = [line_of(sku, shuffled.randint(1, 3)) for sku in shuffled.sample(skus, k=5)]
        owner = hold_stock(*lines)
        if shuffled.random() < 0.5:
            assert _post(owner)
            _release(owner, *((line.line_ref, line.quantity) for line in shuffled.sample(lines, k=3)))
        else:
            _void(owner)
        baskets += 1
    return baskets


class TestRebuild:
    def test_reports_nothing_that_is_merely_being_changed(self, race: Race) -> None:
        skus = [make_stock(1_000) for _ in range(3)]
        until = time.monotonic() + 2

        def watch() -> int:
            looks = 0
            while time.monotonic() < until:
                assert list(inventory.list_differences()) == []
                looks += 1
            return looks

        def sell(sku: int) -> int:
            while time.monotonic() < until:
                post_stock(line_of(sku))
            return 0

        outcomes = race([watch, *(partial(sell, sku) for sku in skus)])
        assert kinds_of(outcomes) == {"int": 4}
        assert outcomes[0] > 0


class TestMarks:
    def test_of_a_person_are_not_undone_by_traffic_that_was_counted_meanwhile(
        self, race: Race, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sku = make_stock(5)
        ended = NOON - timedelta(minutes=1)
        inventory.mark_hot(sku_id=sku, reason="an old rush", actor="tests", now=ended, ends_at=ended)
        has_marked = threading.Event()

        def level_slowly(**_: Any) -> int:
            has_marked.set()
            time.sleep(0.3)
            return 0

        def find() -> None:
            assert has_marked.wait(5)
            inventory.mark_hot(sku_id=sku, reason="a rush", actor="traffic", now=NOON, ends_at=EXPIRES_AT)

        monkeypatch.setattr("apps.inventory.services.hot.level", level_slowly)
        assert (
            race([partial(inventory.mark_hot, sku_id=sku, reason="a sale", actor="ann", now=NOON), find]) == [None] * 2
        )
        row = HotSku.objects.get()
        assert (row.marked_by, row.ends_at) == ("ann", None)


class TestBuckets:
    """A SKU whose stock is spread and gathered in a loop, while everything else goes on."""

    PIECES = 800

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        return WarehouseFactory.create()

    @pytest.fixture
    def sku(self, warehouse: Warehouse) -> int:
        return make_stock(self.PIECES, warehouse=warehouse)

    def test_are_not_waited_for_by_those_whose_home_is_another(self, race: Race, sku: int) -> None:
        inventory.mark_hot(sku_id=sku, reason="race", actor="tests", now=NOON)
        has_taken, is_done = threading.Event(), threading.Event()

        def take_and_wait() -> bool:
            inventory.hold(owner_ref=new_id(0), lines=[line_of(sku)], expires_at=EXPIRES_AT, now=NOON)
            has_taken.set()
            return is_done.wait(PATIENCE_S)

        def take() -> None:
            assert has_taken.wait(PATIENCE_S)
            hold_stock(line_of(sku), owner_ref=new_id(1))
            is_done.set()

        was_done_meanwhile, outcome = race([lambda: in_use_case(take_and_wait), take])
        assert was_done_meanwhile is True
        assert outcome is None

    def test_sell_exactly_what_there_is(self, race: Race, sku: int) -> None:
        buyers = Crowd(12)
        rounds, *bought = race([partial(_spread_and_gather, sku, buyers), *[partial(_buy_all, sku, buyers)] * 12])
        assert rounds > 1
        assert sum(bought) == self.PIECES
        assert _sums_of(sku) == (0, self.PIECES, 0)
        assert StockHold.objects.count() == self.PIECES
        _assert_shifts_come_to_nothing(sku)

    def test_go_on_when_pieces_come_and_go(self, race: Race, sku: int, warehouse: Warehouse) -> None:
        owners = Crowd(8)
        recounts = [5, -40, 7, -13] * 4

        def recount() -> int:
            for delta in recounts:
                _try_again(partial(make_stock, delta, sku_id=sku, warehouse=warehouse))
            return -sum(recounts)

        lives = [partial(_live, sku, owners, seed=seed) for seed in range(8)]
        rounds, *gone = race([partial(_spread_and_gather, sku, owners), recount, *lives])
        assert rounds > 1
        assert _sums_of(sku) == (self.PIECES - sum(gone), 0, 0)
        _assert_shifts_come_to_nothing(sku)


class Crowd:
    """So many who do something, and whether any of them still does."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.is_gone = threading.Event()
        self._lock = threading.Lock()

    def leave(self) -> None:
        with self._lock:
            self._size -= 1
            if not self._size:
                self.is_gone.set()


def _spread_and_gather(sku: int, crowd: Crowd) -> int:
    """As long as anybody is there. Returns how often."""
    rounds = 0
    while not crowd.is_gone.is_set():
        _try_again(lambda: inventory.mark_hot(sku_id=sku, reason="race", actor="tests", now=NOON))
        inventory.level_stock(now=NOON)
        _try_again(lambda: inventory.unmark_hot(sku_id=sku, reason="race", actor="tests", now=NOON))
        rounds += 1
    return rounds


def _buy_all(sku: int, buyers: Crowd) -> int:
    """Until it is gone. Returns how many were bought."""
    bought = 0
    try:
        while True:
            _try_again(lambda: hold_stock(line_of(sku)))
            bought += 1
    except inventory.OutOfStock:
        return bought
    finally:
        buyers.leave()


def _live(sku: int, owners: Crowd, *, seed: int) -> int:
    """Buy; then give it back, before or after paying, ship it, or take it back as well. Returns how much has left."""
    shuffled, gone = random.Random(seed), 0
    try:
        for _ in range(12):
            line = line_of(sku, shuffled.randint(1, 3))
            owner = _try_again(partial(hold_stock, line))
            way = shuffled.choice(_WAYS)
            for step in way:
                pieces = [(line.line_ref, line.quantity)] if step not in (_void, _post) else []
                _try_again(partial(step, owner, *pieces))
            gone += line.quantity if way[-1] is _ship else 0
    finally:
        owners.leave()
    return gone


def _try_again(act: Callable[[], Any]) -> Any:
    """Until the database is not too busy: nothing was changed before."""
    while True:
        try:
            return act()
        except db.Busy:
            continue


def _take_back(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.take_back(owner_ref=owner, lines=lines, reason="race", now=NOON))


#: What becomes of a hold.
_WAYS: Sequence[Sequence[Callable[..., Any]]] = [
    [_void],
    [_post, _release],
    [_post, _ship],
    [_post, _ship, _take_back],
]


def _sums_of(sku: int) -> tuple[int, ...]:
    return tuple(sum(each) for each in zip(*numbers_of(sku), strict=True))


def _assert_shifts_come_to_nothing(sku: int) -> None:
    """And each bucket is what its journal adds up to."""
    assert list(inventory.list_differences()) == []
    assert StockMovement.objects.filter(sku_id=sku, kind="SHIFTED").aggregate(sum=Sum("available"))["sum"] == 0
