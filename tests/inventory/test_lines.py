"""Single lines of a hold: given back, shipped, taken back; never more than there is."""

from datetime import timedelta

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import StockMovement
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
from tradecore.errors import Kind, NotFound
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)


def release(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.release(owner_ref=owner, lines=lines, reason="cancelled", now=LATER))


def ship(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.ship(owner_ref=owner, lines=lines, now=LATER))


def take_back(owner: int, *lines: tuple[int, int]) -> None:
    in_use_case(lambda: inventory.take_back(owner_ref=owner, lines=lines, reason="refused", now=LATER))


class TestRelease:
    def test_shrinks_a_pending_hold(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        release(owner, (line.line_ref, 2))
        assert numbers_of(sku) == [(9, 1, 0)]

    def test_gives_back_pieces_of_a_posted_hold(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        release(owner, (line.line_ref, 2))
        assert numbers_of(sku) == [(9, 0, 1)]

    def test_is_a_movement_that_names_line_and_reason(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        release(owner, (line.line_ref, 2))
        movement, *_ = inventory.list_movements(sku_id=sku, limit=1)
        assert (movement.kind, movement.available, movement.held, movement.committed) == ("RELEASED", 2, 0, -2)
        assert (movement.owner_ref, movement.line_ref) == (owner, line.line_ref)
        assert (movement.reason, movement.occurred_at) == ("cancelled", LATER)

    def test_adds_up_what_names_a_line_twice(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        with pytest.raises(inventory.MoreThanHeld):
            release(owner, (line.line_ref, 2), (line.line_ref, 2))
        release(owner, (line.line_ref, 1), (line.line_ref, 2))
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_gives_back_last_what_was_taken_first(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2, warehouse=first)
        make_stock(2, sku_id=sku, warehouse=second)
        line = line_of(sku, 4)
        owner = post_stock(line)
        release(owner, (line.line_ref, 1))
        assert numbers_of(sku) == [(0, 0, 2), (1, 0, 1)]
        release(owner, (line.line_ref, 2))
        assert numbers_of(sku) == [(1, 0, 1), (2, 0, 0)]

    @pytest.mark.parametrize("is_posted", [False, True])
    def test_refuses_more_than_is_left(self, is_posted: bool) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line) if is_posted else hold_stock(line)
        release(owner, (line.line_ref, 2))
        numbers, movements = numbers_of(sku), StockMovement.objects.count()
        with pytest.raises(inventory.MoreThanHeld) as refusal:
            release(owner, (line.line_ref, 2))
        assert (refusal.value.code, refusal.value.kind) == ("inventory.more_than_held", Kind.CONFLICT)
        assert refusal.value.facts() == {"line_ref": line.line_ref, "asked": 2, "left": 1}
        assert (numbers_of(sku), StockMovement.objects.count()) == (numbers, movements)

    def test_refuses_what_has_been_shipped(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 2))
        with pytest.raises(inventory.MoreThanHeld):
            release(owner, (line.line_ref, 2))
        release(owner, (line.line_ref, 1))
        assert numbers_of(sku) == [(8, 0, 0)]

    def test_refuses_a_line_of_somebody_else(self) -> None:
        sku = make_stock(10)
        line = line_of(sku)
        hold_stock(line)
        owner = hold_stock(line_of(sku))
        with pytest.raises(inventory.MoreThanHeld):
            release(owner, (line.line_ref, 1))

    def test_of_a_hold_that_is_gone_changes_nothing(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        inventory.expire_holds(now=EXPIRES_AT)
        release(owner, (line.line_ref, 3))
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_knows_what_its_own_transaction_has_done_before(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)

        def live() -> None:
            owner = new_id()
            one = [(line.line_ref, 1)]
            inventory.hold(owner_ref=owner, lines=[line], expires_at=EXPIRES_AT, now=NOON)
            inventory.release(owner_ref=owner, lines=one, reason="fewer", now=NOON)
            inventory.post(owner_ref=owner, now=NOON)
            inventory.release(owner_ref=owner, lines=one, reason="fewer", now=NOON)

        in_use_case(live)
        assert numbers_of(sku) == [(9, 0, 1)]
        assert [each.kind for each in inventory.list_movements(sku_id=sku, limit=2)] == ["RELEASED", "POSTED"]

    def test_refuses_an_owner_who_never_held(self) -> None:
        with pytest.raises(NotFound):
            release(new_id(), (1, 1))

    def test_takes_no_quantity_that_is_none(self) -> None:
        line = line_of(make_stock(1))
        owner = hold_stock(line)
        with pytest.raises(ValueError, match="cannot move"):
            release(owner, (line.line_ref, -1))


class TestShip:
    def test_lets_pieces_leave_the_house(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 2))
        assert numbers_of(sku) == [(7, 0, 1)]

    def test_ships_first_what_was_taken_first(self) -> None:
        first, second = WarehouseFactory.create(priority=1), WarehouseFactory.create(priority=2)
        sku = make_stock(2, warehouse=first)
        make_stock(2, sku_id=sku, warehouse=second)
        line = line_of(sku, 4)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 3))
        assert numbers_of(sku) == [(0, 0, 0), (0, 0, 1)]

    def test_refuses_more_than_is_left(self) -> None:
        line = line_of(make_stock(10), 3)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 2))
        with pytest.raises(inventory.MoreThanHeld) as refusal:
            ship(owner, (line.line_ref, 2))
        assert refusal.value.left == 1

    def test_refuses_what_is_not_paid_for(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        with pytest.raises(inventory.MoreThanHeld) as refusal:
            ship(owner, (line.line_ref, 1))
        assert refusal.value.left == 0
        assert numbers_of(sku) == [(7, 3, 0)]

    def test_refuses_an_owner_who_never_held(self) -> None:
        with pytest.raises(NotFound):
            ship(new_id(), (1, 1))


class TestTakeBack:
    def test_puts_pieces_on_their_shelf_again(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 3))
        take_back(owner, (line.line_ref, 2))
        assert numbers_of(sku) == [(9, 0, 0)]

    def test_refuses_more_than_was_shipped(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = post_stock(line)
        ship(owner, (line.line_ref, 2))
        take_back(owner, (line.line_ref, 1))
        with pytest.raises(inventory.MoreThanHeld) as refusal:
            take_back(owner, (line.line_ref, 2))
        assert refusal.value.left == 1
        assert numbers_of(sku) == [(8, 0, 1)]

    def test_refuses_an_owner_who_never_held(self) -> None:
        with pytest.raises(NotFound):
            take_back(new_id(), (1, 1))
