"""A hold resolves once: posted, voided, or ended by its backstop."""

from datetime import timedelta

import pytest

from apps.inventory import api as inventory
from apps.inventory.models import Stock, StockMovement
from tests.factories.inventory import EXPIRES_AT, hold_stock, line_of, make_stock, numbers_of, post_stock
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.ids import new_id
from tradecore.states import IllegalTransition

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


def post(owner: int) -> bool:
    return in_use_case(lambda: inventory.post(owner_ref=owner, now=LATER))


def void(owner: int) -> None:
    in_use_case(lambda: inventory.void(owner_ref=owner, now=LATER))


def status_of(owner: int) -> inventory.HoldStatus:
    hold = inventory.find_hold(owner_ref=owner)
    assert hold is not None
    return hold.status


class TestPost:
    def test_commits_what_was_held(self) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        assert post(owner) is True
        assert numbers_of(sku) == [(7, 0, 3)]
        assert status_of(owner) is inventory.HoldStatus.POSTED

    def test_twice_is_once(self) -> None:
        sku = make_stock(10)
        owner = post_stock(line_of(sku, 3))
        movements = StockMovement.objects.count()
        assert post(owner) is True
        assert numbers_of(sku) == [(7, 0, 3)]
        assert StockMovement.objects.count() == movements

    def test_leaves_out_what_was_given_back_before(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        in_use_case(
            lambda: inventory.release(owner_ref=owner, lines=[(line.line_ref, 1)], reason="cancelled", now=LATER)
        )
        assert post(owner) is True
        assert numbers_of(sku) == [(8, 0, 2)]

    @pytest.mark.parametrize("ending", ["void", "expire"])
    def test_of_a_hold_that_is_gone_changes_nothing(self, ending: str) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        if ending == "void":
            void(owner)
        else:
            inventory.expire_holds(now=EXPIRES_AT)
        movements = StockMovement.objects.count()
        assert post(owner) is False
        assert numbers_of(sku) == [(10, 0, 0)]
        assert StockMovement.objects.count() == movements

    def test_of_nothing_is_false(self) -> None:
        assert post(new_id()) is False

    def test_of_a_tombstone_is_false(self) -> None:
        owner = new_id()
        void(owner)
        assert post(owner) is False


class TestVoid:
    def test_gives_back_what_was_held(self) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        void(owner)
        assert numbers_of(sku) == [(10, 0, 0)]
        assert status_of(owner) is inventory.HoldStatus.VOIDED

    def test_twice_is_once(self) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        void(owner)
        void(owner)
        assert numbers_of(sku) == [(10, 0, 0)]

    def test_before_the_hold_leaves_a_tombstone(self) -> None:
        owner = new_id()
        void(owner)
        void(owner)
        hold = inventory.find_hold(owner_ref=owner)
        assert hold is not None
        assert (hold.status, hold.expires_at, hold.parts) == (inventory.HoldStatus.VOIDED, None, ())

    def test_of_an_expired_hold_leaves_it_expired(self) -> None:
        owner = hold_stock(line_of(make_stock(1)))
        inventory.expire_holds(now=EXPIRES_AT)
        void(owner)
        assert status_of(owner) is inventory.HoldStatus.EXPIRED

    def test_of_a_posted_hold_is_a_mistake_of_the_program(self) -> None:
        sku = make_stock(1)
        owner = post_stock(line_of(sku))
        with pytest.raises(IllegalTransition):
            void(owner)
        assert numbers_of(sku) == [(0, 0, 1)]

    def test_gives_back_only_what_is_left(self) -> None:
        sku = make_stock(10)
        line = line_of(sku, 3)
        owner = hold_stock(line)
        in_use_case(lambda: inventory.release(owner_ref=owner, lines=[(line.line_ref, 2)], reason="fewer", now=LATER))
        void(owner)
        assert numbers_of(sku) == [(10, 0, 0)]


class TestBackstop:
    def test_ends_what_is_overdue(self) -> None:
        sku = make_stock(10)
        owner = hold_stock(line_of(sku, 3))
        assert inventory.list_overdue_holds(now=EXPIRES_AT, limit=10) == [owner]
        assert inventory.expire_holds(now=EXPIRES_AT) == 1
        assert numbers_of(sku) == [(10, 0, 0)]
        assert status_of(owner) is inventory.HoldStatus.EXPIRED

    def test_leaves_what_is_not_due(self) -> None:
        sku = make_stock(10)
        hold_stock(line_of(sku, 3))
        assert inventory.expire_holds(now=EXPIRES_AT - timedelta(microseconds=1)) == 0
        assert numbers_of(sku) == [(7, 3, 0)]

    def test_leaves_what_is_resolved(self) -> None:
        post_stock(line_of(make_stock(1)))
        assert inventory.expire_holds(now=EXPIRES_AT) == 0

    def test_leaves_the_holds_of_another_clock(self) -> None:
        sku = make_stock(1)
        with clock.use_clock("a replay"):
            owner = hold_stock(line_of(sku))
        assert inventory.expire_holds(now=EXPIRES_AT) == 0
        with clock.use_clock("a replay"):
            assert inventory.list_overdue_holds(now=EXPIRES_AT, limit=10) == [owner]

    def test_goes_on_after_one_that_cannot_be_ended(self) -> None:
        broken, sound = make_stock(1), make_stock(1)
        hold_stock(line_of(broken))
        hold_stock(line_of(sound))
        Stock.objects.filter(sku_id=broken).update(held=0)
        assert inventory.expire_holds(now=EXPIRES_AT) == 1
        assert numbers_of(sound) == [(1, 0, 0)]
