"""Stock in buckets: spread while a SKU is hot, gathered afterwards, and always the same in sum."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import api as inventory
from apps.inventory.buckets import PIECES_MIN, is_level, share_out
from apps.inventory.models import HotSku, Stock, StockHoldLine, StockMovement, Warehouse
from apps.inventory.planning import ROOM
from apps.inventory.services import level
from apps.inventory.services.movements import lock_buckets
from tests.factories.inventory import (
    EXPIRES_AT,
    Numbers,
    WarehouseFactory,
    hold_stock,
    line_of,
    make_stock,
    numbers_of,
    post_stock,
)
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id

BUCKETS = level.BUCKETS.default()
PIECES = BUCKETS * PIECES_MIN


def mark(sku_id: int) -> None:
    inventory.mark_hot(sku_id=sku_id, reason="the sale of the year", actor="user:1", now=NOON)


def unmark(sku_id: int) -> None:
    inventory.unmark_hot(sku_id=sku_id, reason="over", actor="user:2", now=NOON)


def spread(pieces: int = PIECES, *, warehouse: Warehouse | None = None) -> int:
    """A SKU that is hot, with its pieces in buckets."""
    sku = make_stock(pieces, warehouse=warehouse)
    mark(sku)
    return sku


def available_of(sku_id: int) -> list[int]:
    """What is available in each bucket, by number, warehouse by warehouse."""
    return [available for available, _, _ in numbers_of(sku_id)]


def sum_of(sku_id: int) -> Numbers:
    """What is available, held and committed in all buckets together."""
    available, held, committed = (sum(each) for each in zip(*numbers_of(sku_id), strict=True))
    return available, held, committed


def bucket_of(owner: int) -> int:
    """In which bucket the owner has its one part."""
    return StockHoldLine.objects.values_list("bucket", flat=True).get(hold_id=owner)


def assert_journal_holds(sku_id: int) -> None:
    """Each bucket is what its journal adds up to, and what was shifted comes to nothing."""
    assert list(inventory.list_differences(sku_id=sku_id)) == []
    shifts = StockMovement.objects.filter(sku_id=sku_id, kind="SHIFTED")
    assert not shifts.aggregate(sum=Sum("available"))["sum"]


class TestShares:
    @given(st.integers(0, 100_000), st.integers(1, 64))
    def test_are_all_there_is_and_alike(self, pieces: int, at_most: int) -> None:
        shares = share_out(pieces, at_most=at_most)
        assert sum(shares) == pieces
        assert max(shares) - min(shares) <= 1
        assert len(shares) <= at_most
        assert len(shares) == 1 or min(shares) >= PIECES_MIN
        assert is_level(dict(enumerate(shares)), at_most=at_most)

    @pytest.mark.parametrize(
        ("available", "at_most", "levels"),
        [
            ({0: 1000}, 1, True),
            ({0: 1000}, 2, False),
            ({0: 500, 1: 500}, 2, True),
            ({0: 600, 1: 260}, 2, True),
            ({0: 700, 1: 200}, 2, False),
            ({0: 500, 1: 500}, 1, False),
            ({0: 1000, 1: 0}, 1, True),
            ({0: PIECES_MIN * 2 - 1}, 2, True),
            ({}, 2, True),
        ],
    )
    def test_may_be_unlike_within_bounds(self, available: dict[int, int], at_most: int, *, levels: bool) -> None:
        assert is_level(available, at_most=at_most) is levels


@pytest.mark.django_db
class TestSpreading:
    def test_comes_with_the_mark_and_ends_with_it(self) -> None:
        sku = spread(PIECES + 3)
        assert available_of(sku) == [PIECES_MIN + 1] * 3 + [PIECES_MIN] * (BUCKETS - 3)
        assert inventory.list_availability(sku_ids=[sku]) == {sku: PIECES + 3}
        unmark(sku)
        assert available_of(sku) == [PIECES + 3] + [0] * (BUCKETS - 1)
        assert_journal_holds(sku)

    def test_is_worth_no_row_for_few_pieces(self) -> None:
        assert available_of(spread(2 * PIECES_MIN - 1)) == [2 * PIECES_MIN - 1]
        assert available_of(spread(2 * PIECES_MIN)) == [PIECES_MIN, PIECES_MIN]

    def test_is_of_each_warehouse(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2 * PIECES_MIN, warehouse=first)
        make_stock(3 * PIECES_MIN, sku_id=sku, warehouse=second)
        mark(sku)
        assert available_of(sku) == [PIECES_MIN] * 5

    def test_leaves_what_is_held_and_paid_for_where_it_is(self) -> None:
        sku = make_stock(PIECES + 5)
        hold_stock(line_of(sku, 2))
        post_stock(line_of(sku, 3))
        mark(sku)
        assert numbers_of(sku) == [(PIECES_MIN, 2, 3)] + [(PIECES_MIN, 0, 0)] * (BUCKETS - 1)
        assert_journal_holds(sku)

    def test_is_shown_in_one_level_for_each_warehouse(self) -> None:
        sku = spread()
        post_stock(line_of(sku, 3))
        (shown,) = inventory.list_levels(sku_ids=[sku])
        assert (shown.available, shown.held, shown.committed, shown.on_hand) == (PIECES - 3, 0, 3, PIECES)

    def test_names_who_and_why_in_the_journal(self) -> None:
        sku = spread()
        rows = StockMovement.objects.filter(sku_id=sku, kind="SHIFTED")
        assert set(rows.values_list("actor", "reason")) == {("inventory", f"spread over {BUCKETS} buckets")}


@pytest.mark.django_db
class TestTheRound:
    def look(self, *, later: timedelta = timedelta()) -> int:
        return inventory.level_stock(now=NOON + later)

    def test_leaves_alone_what_lies_as_it_should(self) -> None:
        spread()
        make_stock(PIECES)
        assert self.look() == 0

    def test_shares_out_anew_what_has_become_uneven(self) -> None:
        sku = spread()
        hold_stock(line_of(sku, PIECES_MIN))
        assert 0 in available_of(sku)
        assert self.look() == 1
        assert available_of(sku) == [PIECES_MIN] * (BUCKETS - 1) + [0]
        assert_journal_holds(sku)

    def test_gathers_what_is_hot_no_longer(self) -> None:
        sku = spread()
        HotSku.objects.update(ends_at=NOON + timedelta(minutes=1))
        assert self.look() == 0
        assert self.look(later=timedelta(minutes=2)) == 1
        assert available_of(sku) == [PIECES] + [0] * (BUCKETS - 1)

    def test_gathers_what_came_back_to_a_bucket(self) -> None:
        sku = spread()
        owners = [hold_stock(line_of(sku)) for _ in range(1)]
        while not bucket_of(owners[-1]):
            owners.append(hold_stock(line_of(sku)))
        unmark(sku)
        in_use_case(lambda: inventory.void(owner_ref=owners[-1], now=NOON))
        assert sum(available_of(sku)[1:]) == 1
        assert self.look() == 1
        assert sum(available_of(sku)[1:]) == 0
        assert_journal_holds(sku)

    def test_goes_on_when_one_cannot_be_levelled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        skus = sorted([spread(), spread()])
        HotSku.objects.update(ends_at=NOON)

        def break_the_first(*, sku_id: int, warehouse_id: int) -> list[Stock]:
            if sku_id == skus[0]:
                raise NotFound(what="stock")
            return lock_buckets(sku_id=sku_id, warehouse_id=warehouse_id)

        monkeypatch.setattr(level, "lock_buckets", break_the_first)
        assert self.look(later=timedelta(seconds=1)) == 1
        assert [len([each for each in available_of(sku) if each]) for sku in skus] == [BUCKETS, 1]


@pytest.mark.django_db
class TestBuying:
    def test_begins_at_the_home_of_its_owner(self) -> None:
        sku = spread()
        owners = [new_id(gene) for gene in range(2 * BUCKETS)]
        for owner in owners:
            hold_stock(line_of(sku), owner_ref=owner)
        assert Counter(bucket_of(owner) for owner in owners) == dict.fromkeys(range(BUCKETS), 2)

    def test_in_company_begins_at_that_of_the_process(self) -> None:
        sku = spread()
        owners = [new_id(gene) for gene in range(BUCKETS)]

        def buy() -> None:
            holding = inventory.Holding(sku_ids=[sku])
            for owner in owners:
                holding.add(owner_ref=owner, lines=[line_of(sku)], expires_at=EXPIRES_AT, now=NOON)
            holding.take()

        in_use_case(buy)
        assert len({bucket_of(owner) for owner in owners}) == 1
        assert_journal_holds(sku)

    def test_falls_over_to_the_next_bucket(self) -> None:
        sku, owner = spread(), new_id(0)
        hold_stock(line_of(sku, PIECES_MIN), owner_ref=owner)
        assert bucket_of(owner) == 0
        for _ in range(BUCKETS):
            assert bucket_of(hold_stock(line_of(sku))) != 0

    def test_of_more_than_one_bucket_has_is_divided(self) -> None:
        sku = spread()
        owner = hold_stock(line_of(sku, PIECES - 1))
        parts = StockHoldLine.objects.filter(hold_id=owner)
        assert sorted(parts.values_list("bucket", flat=True)) == list(range(BUCKETS))
        assert sum_of(sku) == (1, PIECES - 1, 0)
        with pytest.raises(inventory.OutOfStock) as refused:
            hold_stock(line_of(sku, 2))
        assert refused.value.lines == (inventory.Shortage(sku_id=sku, wanted=2, available=1),)

    def test_takes_no_more_statements_while_there_is_plenty(self, django_assert_num_queries: object) -> None:
        sku = spread(BUCKETS * (PIECES_MIN + ROOM))
        hold_stock(line_of(sku))
        with django_assert_num_queries(7):  # type: ignore[operator] # of a hold, with its savepoint
            hold_stock(line_of(sku))

    def test_comes_back_to_its_bucket_also_after_a_gathering(self) -> None:
        sku = spread()
        line, owner = line_of(sku, 9), new_id(5)
        hold_stock(line, owner_ref=owner)
        bucket = bucket_of(owner)
        assert bucket
        in_use_case(lambda: inventory.post(owner_ref=owner, now=NOON))
        unmark(sku)
        pieces = [(line.line_ref, 2)]
        in_use_case(lambda: inventory.release(owner_ref=owner, lines=pieces, reason="tests", now=NOON))
        in_use_case(lambda: inventory.ship(owner_ref=owner, lines=pieces, now=NOON))
        in_use_case(lambda: inventory.take_back(owner_ref=owner, lines=pieces, reason="tests", now=NOON))
        assert numbers_of(sku)[bucket] == (4, 0, 5)
        hold_stock(line_of(sku, PIECES - 9 + 4))
        assert sum_of(sku) == (0, PIECES - 5, 5)
        assert_journal_holds(sku)


@pytest.mark.django_db
class TestAdjusting:
    @pytest.fixture
    def warehouse(self) -> Warehouse:
        return WarehouseFactory.create()

    def adjust(self, warehouse: Warehouse, sku: int, delta: int, expected: int | None = None) -> inventory.StockLevel:
        done = inventory.adjust_stock(
            shop_id=warehouse.shop_id,
            warehouse_id=warehouse.pk,
            sku_id=sku,
            delta=delta,
            reason="recount",
            actor="tests",
            now=NOON,
            expected_on_hand=expected,
        )
        assert isinstance(done, inventory.StockLevel)
        return done

    def test_adds_to_the_first_bucket(self, warehouse: Warehouse) -> None:
        sku = spread(warehouse=warehouse)
        assert self.adjust(warehouse, sku, 7).available == PIECES + 7
        assert available_of(sku) == [PIECES_MIN + 7] + [PIECES_MIN] * (BUCKETS - 1)

    def test_takes_from_one_after_another(self, warehouse: Warehouse) -> None:
        sku = spread(warehouse=warehouse)
        assert self.adjust(warehouse, sku, -PIECES_MIN - 7, expected=PIECES).on_hand == PIECES - PIECES_MIN - 7
        assert available_of(sku) == [0, PIECES_MIN - 7] + [PIECES_MIN] * (BUCKETS - 2)
        assert_journal_holds(sku)

    def test_takes_everything_or_nothing(self, warehouse: Warehouse) -> None:
        sku = spread(warehouse=warehouse)
        hold_stock(line_of(sku))
        with pytest.raises(inventory.NotEnoughAvailable) as refused:
            self.adjust(warehouse, sku, -PIECES)
        assert (refused.value.asked, refused.value.available) == (PIECES, PIECES - 1)
        with pytest.raises(inventory.StockChanged) as changed:
            self.adjust(warehouse, sku, -1, expected=PIECES_MIN)
        assert changed.value.on_hand == PIECES
        assert sum_of(sku) == (PIECES - 1, 1, 0)
        assert_journal_holds(sku)
        self.adjust(warehouse, sku, -PIECES + 1)
        assert sum_of(sku) == (0, 1, 0)


@pytest.mark.django_db
class TestRebuilding:
    def test_is_of_each_bucket(self) -> None:
        sku = spread()
        Stock.objects.filter(sku_id=sku, bucket=2).update(available=1)
        Stock.objects.filter(sku_id=sku, bucket=3).delete()
        differences = list(inventory.list_differences(sku_id=sku))
        assert [each.bucket for each in differences] == [2, 3]
        assert len(inventory.repair(differences=differences, actor="ops", reason="drift", now=NOON)) == 2
        assert available_of(sku) == [PIECES_MIN] * BUCKETS
