"""A hold resolves once: posted, voided, or ended by its backstop."""

from datetime import timedelta

import pytest

from apps.promotions import api as promotions
from apps.promotions.models import Promotion
from tests.factories.promotions import (
    EXPIRES_AT,
    hold_promotions,
    make_promotion,
    numbers_of,
    post_promotions,
    use_of,
    uses_of_buyer,
)
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.ids import new_id
from tradecore.states import IllegalTransition

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


def post(owner: int) -> bool:
    return in_use_case(lambda: promotions.post(owner_ref=owner, now=LATER))


def void(owner: int) -> None:
    in_use_case(lambda: promotions.void(owner_ref=owner, now=LATER))


def status_of(owner: int) -> promotions.HoldStatus:
    hold = promotions.find_hold(owner_ref=owner)
    assert hold is not None
    return hold.status


@pytest.fixture
def promotion() -> promotions.Promotion:
    """One with every cap."""
    return make_promotion(uses_cap=10, uses_per_buyer_cap=5, budget_minor=5_000)


class TestPost:
    def test_takes_what_was_held(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        owner = hold_promotions(use_of(promotion), buyer_ref=buyer)
        assert post(owner) is True
        assert numbers_of(promotion) == (0, 1, 0, 600)
        assert uses_of_buyer(promotion, buyer) == 1
        assert status_of(owner) is promotions.HoldStatus.POSTED

    def test_twice_is_once(self, promotion: promotions.Promotion) -> None:
        owner = post_promotions(use_of(promotion))
        assert post(owner) is True
        assert numbers_of(promotion) == (0, 1, 0, 600)

    def test_leaves_out_what_came_back_before(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        in_use_case(lambda: promotions.give_back(owner_ref=owner, amounts={promotion.id: 200}, restored=(), now=LATER))
        post(owner)
        assert numbers_of(promotion) == (0, 1, 0, 400)

    @pytest.mark.parametrize("ending", ["void", "expire"])
    def test_of_a_hold_that_is_gone_changes_nothing(self, promotion: promotions.Promotion, ending: str) -> None:
        owner = hold_promotions(use_of(promotion))
        if ending == "void":
            void(owner)
        else:
            promotions.expire_holds(now=EXPIRES_AT)
        assert post(owner) is False
        assert numbers_of(promotion) == (0, 0, 0, 0)

    def test_of_nothing_and_of_a_tombstone_is_false(self) -> None:
        owner = new_id()
        assert post(owner) is False
        void(owner)
        assert post(owner) is False

    def test_counts_although_the_promotion_was_stopped_meanwhile(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        promotions.deactivate_promotion(promotion_id=promotion.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        assert post(owner) is True
        assert numbers_of(promotion) == (0, 1, 0, 600)


class TestVoid:
    def test_gives_everything_back(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        owner = hold_promotions(use_of(promotion), buyer_ref=buyer)
        void(owner)
        assert numbers_of(promotion) == (0, 0, 0, 0)
        assert uses_of_buyer(promotion, buyer) == 0
        assert status_of(owner) is promotions.HoldStatus.VOIDED

    def test_twice_is_once(self, promotion: promotions.Promotion) -> None:
        hold_promotions(use_of(promotion))
        owner = hold_promotions(use_of(promotion))
        void(owner)
        void(owner)
        assert numbers_of(promotion) == (1, 0, 600, 0)

    def test_before_the_hold_leaves_a_tombstone(self) -> None:
        owner = new_id()
        void(owner)
        void(owner)
        hold = promotions.find_hold(owner_ref=owner)
        assert hold is not None
        assert (hold.status, hold.buyer_ref, hold.uses) == (promotions.HoldStatus.VOIDED, None, ())

    def test_of_an_expired_hold_leaves_it_expired(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        promotions.expire_holds(now=EXPIRES_AT)
        void(owner)
        assert status_of(owner) is promotions.HoldStatus.EXPIRED

    def test_of_a_posted_hold_is_a_mistake_of_the_program(self, promotion: promotions.Promotion) -> None:
        owner = post_promotions(use_of(promotion))
        with pytest.raises(IllegalTransition):
            void(owner)
        assert numbers_of(promotion) == (0, 1, 0, 600)

    def test_gives_back_only_what_is_left(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        in_use_case(
            lambda: promotions.give_back(
                owner_ref=owner, amounts={promotion.id: 600}, restored=[promotion.id], now=LATER
            )
        )
        void(owner)
        assert numbers_of(promotion) == (0, 0, 0, 0)


class TestBackstop:
    def test_ends_what_is_overdue(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        owner = hold_promotions(use_of(promotion), buyer_ref=buyer)
        assert promotions.expire_holds(now=EXPIRES_AT - timedelta(microseconds=1)) == 0
        assert promotions.list_overdue_holds(now=EXPIRES_AT, limit=10) == [owner]
        assert promotions.expire_holds(now=EXPIRES_AT) == 1
        assert numbers_of(promotion) == (0, 0, 0, 0)
        assert uses_of_buyer(promotion, buyer) == 0
        assert status_of(owner) is promotions.HoldStatus.EXPIRED

    def test_leaves_the_holds_of_another_clock(self, promotion: promotions.Promotion) -> None:
        with clock.use_clock("a replay"):
            owner = hold_promotions(use_of(promotion))
        assert promotions.expire_holds(now=EXPIRES_AT) == 0
        with clock.use_clock("a replay"):
            assert promotions.list_overdue_holds(now=EXPIRES_AT, limit=10) == [owner]

    def test_goes_on_after_one_that_cannot_be_ended(self, promotion: promotions.Promotion) -> None:
        broken = make_promotion(uses_cap=1)
        hold_promotions(use_of(broken))
        hold_promotions(use_of(promotion))
        Promotion.objects.filter(pk=broken.id).update(held_uses=0)
        assert promotions.expire_holds(now=EXPIRES_AT) == 1
        assert numbers_of(promotion) == (0, 0, 0, 0)
