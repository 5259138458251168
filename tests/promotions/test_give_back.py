"""Parts of a hold that come back: money to the budget, uses to whom they were taken from."""

from collections.abc import Collection, Mapping

import pytest

from apps.promotions import api as promotions
from tests.factories.promotions import (
    hold_promotions,
    make_promotion,
    numbers_of,
    post_promotions,
    use_of,
    uses_of_buyer,
)
from tests.support import NOON, in_use_case
from tradecore.errors import Kind, NotFound
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


def give_back(owner: int, amounts: Mapping[int, int], restored: Collection[int] = ()) -> None:
    in_use_case(lambda: promotions.give_back(owner_ref=owner, amounts=amounts, restored=restored, now=NOON))


@pytest.fixture
def promotion() -> promotions.Promotion:
    """One with every cap."""
    return make_promotion(uses_cap=10, uses_per_buyer_cap=5, budget_minor=5_000)


class TestGiveBack:
    def test_returns_money_to_the_budget(self, promotion: promotions.Promotion) -> None:
        owner = post_promotions(use_of(promotion))
        give_back(owner, {promotion.id: 200})
        give_back(owner, {promotion.id: 100})
        assert numbers_of(promotion) == (0, 1, 0, 300)

    def test_shrinks_a_pending_hold(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        give_back(owner, {promotion.id: 200})
        assert numbers_of(promotion) == (1, 0, 400, 0)

    def test_returns_the_whole_use_when_told_so(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        owner = post_promotions(use_of(promotion, units=3), buyer_ref=buyer)
        give_back(owner, {promotion.id: 600}, restored=[promotion.id])
        assert numbers_of(promotion) == (0, 0, 0, 0)
        assert uses_of_buyer(promotion, buyer) == 0

    def test_returns_a_use_once(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        post_promotions(use_of(promotion), buyer_ref=buyer)
        owner = post_promotions(use_of(promotion), buyer_ref=buyer)
        give_back(owner, {}, restored=[promotion.id])
        give_back(owner, {}, restored=[promotion.id])
        assert numbers_of(promotion) == (0, 1, 0, 1_200)
        assert uses_of_buyer(promotion, buyer) == 1

    def test_returns_no_use_of_a_promotion_that_is_over(self, promotion: promotions.Promotion) -> None:
        buyer = new_id()
        owner = post_promotions(use_of(promotion), buyer_ref=buyer)
        in_use_case(
            lambda: promotions.give_back(
                owner_ref=owner,
                amounts={promotion.id: 600},
                restored=[promotion.id],
                now=promotion.terms.ends_at,
            )
        )
        assert numbers_of(promotion) == (0, 1, 0, 0)
        assert uses_of_buyer(promotion, buyer) == 1

    def test_lets_others_have_what_came_back(self) -> None:
        promotion = make_promotion(uses_cap=1, budget_minor=600)
        owner = post_promotions(use_of(promotion))
        give_back(owner, {promotion.id: 600}, restored=[promotion.id])
        post_promotions(use_of(promotion))
        assert numbers_of(promotion) == (0, 1, 0, 600)

    def test_is_remembered_where_nothing_is_counted(self) -> None:
        promotion = make_promotion()
        owner = post_promotions(use_of(promotion))
        give_back(owner, {promotion.id: 200}, restored=[promotion.id])
        hold = promotions.find_hold(owner_ref=owner)
        assert hold is not None
        assert [(use.given_back_units, use.given_back_minor) for use in hold.uses] == [(1, 200)]

    def test_of_a_hold_that_is_gone_changes_nothing(self, promotion: promotions.Promotion) -> None:
        owner = hold_promotions(use_of(promotion))
        in_use_case(lambda: promotions.void(owner_ref=owner, now=NOON))
        give_back(owner, {promotion.id: 600}, restored=[promotion.id])
        assert numbers_of(promotion) == (0, 0, 0, 0)


class TestRefusals:
    def test_an_owner_who_never_held(self) -> None:
        with pytest.raises(NotFound):
            give_back(new_id(), {1: 1})

    def test_more_than_is_left(self, promotion: promotions.Promotion) -> None:
        owner = post_promotions(use_of(promotion))
        give_back(owner, {promotion.id: 500})
        with pytest.raises(promotions.MoreThanUsed) as refusal:
            give_back(owner, {promotion.id: 101})
        assert (refusal.value.code, refusal.value.kind) == ("promotions.more_than_used", Kind.CONFLICT)
        assert refusal.value.facts() == {"promotion_id": promotion.id, "asked_minor": 101, "left_minor": 100}
        assert numbers_of(promotion) == (0, 1, 0, 100)

    def test_a_promotion_that_was_not_used(self, promotion: promotions.Promotion) -> None:
        used = make_promotion()
        owner = post_promotions(use_of(used))
        for amounts, restored in (({promotion.id: 1}, ()), ({}, [promotion.id])):
            with pytest.raises(promotions.MoreThanUsed):
                give_back(owner, amounts, restored)

    def test_takes_no_amount_that_is_negative(self, promotion: promotions.Promotion) -> None:
        owner = post_promotions(use_of(promotion))
        with pytest.raises(ValueError, match="cannot come back"):
            give_back(owner, {promotion.id: -1})
