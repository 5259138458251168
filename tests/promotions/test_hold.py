"""Holding promotions: every use or none, and no cap exceeded."""

from datetime import timedelta

import pytest

from apps.promotions import api as promotions
from apps.promotions.models import BuyerUsage, PromotionHold, PromotionUse
from tests.factories.promotions import (
    EXPIRES_AT,
    hold_promotions,
    make_draft,
    make_promotion,
    numbers_of,
    use_of,
    uses_of_buyer,
)
from tests.support import NOON, in_use_case
from tradecore import freezes
from tradecore.errors import Kind
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


def assert_nothing_is_held() -> None:
    assert not PromotionHold.objects.exists()
    assert not PromotionUse.objects.exists()
    assert not BuyerUsage.objects.exclude(uses=0).exists()


class TestHold:
    def test_counts_uses_and_money_where_a_cap_bounds_them(self) -> None:
        promotion = make_promotion(uses_cap=10, budget_minor=5_000)
        hold_promotions(use_of(promotion, units=2, amount_minor=600))
        assert numbers_of(promotion) == (2, 0, 600, 0)

    def test_makes_nobody_wait_where_there_is_no_cap(self) -> None:
        promotion = make_promotion()
        owner = hold_promotions(use_of(promotion))
        assert numbers_of(promotion) == (0, 0, 0, 0)
        assert PromotionUse.objects.get(hold_id=owner).amount_minor == 600

    def test_counts_what_a_buyer_has_used(self) -> None:
        promotion, buyer = make_promotion(uses_per_buyer_cap=3), new_id()
        hold_promotions(use_of(promotion, units=2), buyer_ref=buyer)
        hold_promotions(use_of(promotion, units=1), buyer_ref=buyer)
        assert uses_of_buyer(promotion, buyer) == 3

    def test_remembers_what_was_taken(self) -> None:
        first, second, buyer = make_promotion(), make_promotion(), new_id()
        owner = hold_promotions(use_of(second, amount_minor=50), use_of(first), buyer_ref=buyer)
        hold = promotions.find_hold(owner_ref=owner)
        assert hold is not None
        assert (hold.buyer_ref, hold.status, hold.expires_at) == (buyer, promotions.HoldStatus.PENDING, EXPIRES_AT)
        assert [(use.title, use.amount_minor) for use in hold.uses] == [
            (first.terms.title, 600),
            (second.terms.title, 50),
        ]

    def test_may_hold_nothing(self) -> None:
        owner = hold_promotions()
        assert in_use_case(lambda: promotions.post(owner_ref=owner, now=NOON)) is True

    def test_takes_the_last_of_everything(self) -> None:
        promotion, buyer = make_promotion(uses_cap=1, uses_per_buyer_cap=1, budget_minor=600), new_id()
        hold_promotions(use_of(promotion), buyer_ref=buyer)
        assert numbers_of(promotion) == (1, 0, 600, 0)

    def test_takes_a_promotion_only_once(self) -> None:
        promotion = make_promotion()
        with pytest.raises(ValueError, match="used once"):
            hold_promotions(use_of(promotion), use_of(promotion))

    @pytest.mark.parametrize(("units", "amount_minor"), [(0, 1), (-1, 1), (1, -1)])
    def test_takes_no_use_that_is_none(self, units: int, amount_minor: int) -> None:
        with pytest.raises(ValueError, match="no use"):
            promotions.PromotionUse(promotion_id=1, units=units, amount_minor=amount_minor)


class TestRefusals:
    def test_a_tombstone_refuses_the_late_hold(self) -> None:
        promotion, owner = make_promotion(uses_cap=1), new_id()
        in_use_case(lambda: promotions.void(owner_ref=owner, now=NOON))
        with pytest.raises(promotions.HoldRefused) as refusal:
            hold_promotions(use_of(promotion), owner_ref=owner)
        assert (refusal.value.code, refusal.value.kind) == ("promotions.hold_refused", Kind.CONFLICT)
        assert numbers_of(promotion) == (0, 0, 0, 0)

    def test_an_owner_holds_once_and_is_told_so_first(self) -> None:
        promotion = make_promotion(uses_cap=1)
        owner = hold_promotions(use_of(promotion))
        with pytest.raises(promotions.HoldRefused):
            hold_promotions(use_of(promotion), owner_ref=owner)
        assert numbers_of(promotion) == (1, 0, 600, 0)

    def test_a_promotion_that_is_not_there(self) -> None:
        with pytest.raises(promotions.PromotionNotActive):
            hold_promotions(promotions.PromotionUse(promotion_id=new_id(), units=1, amount_minor=1))
        assert_nothing_is_held()

    def test_a_promotion_that_does_not_apply_now(self) -> None:
        far = make_promotion(starts_at=NOON + timedelta(days=1), ends_at=NOON + timedelta(days=2))
        over = make_promotion(starts_at=NOON - timedelta(days=2), ends_at=NOON)
        stopped, frozen = make_promotion(uses_cap=1), make_promotion()
        promotions.deactivate_promotion(promotion_id=stopped.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        freezes.place_freeze(kind=freezes.PROMOTION, subject=frozen.id, reason="odd", actor="ops", now=NOON)
        for promotion in (make_draft(), far, over, stopped, frozen):
            with pytest.raises(promotions.PromotionNotActive) as refusal:
                hold_promotions(use_of(promotion))
            assert (refusal.value.code, refusal.value.kind) == ("promotions.not_active", Kind.CONFLICT)
            assert refusal.value.promotion_id == promotion.id
        assert_nothing_is_held()

    def test_more_uses_than_are_left(self) -> None:
        promotion = make_promotion(uses_cap=3)
        hold_promotions(use_of(promotion, units=2))
        with pytest.raises(promotions.PromotionExhausted) as refusal:
            hold_promotions(use_of(promotion, units=2))
        assert (refusal.value.code, refusal.value.kind) == ("promotions.exhausted", Kind.CONFLICT)
        assert numbers_of(promotion) == (2, 0, 600, 0)
        assert PromotionHold.objects.count() == 1

    def test_more_uses_than_are_left_for_the_buyer(self) -> None:
        promotion, buyer = make_promotion(uses_per_buyer_cap=1), new_id()
        hold_promotions(use_of(promotion), buyer_ref=buyer)
        with pytest.raises(promotions.BuyerLimitReached) as refusal:
            hold_promotions(use_of(promotion), buyer_ref=buyer)
        assert (refusal.value.code, refusal.value.kind) == ("promotions.buyer_limit_reached", Kind.CONFLICT)
        assert uses_of_buyer(promotion, buyer) == 1
        hold_promotions(use_of(promotion), buyer_ref=new_id())

    def test_more_uses_at_once_than_a_buyer_has(self) -> None:
        promotion, buyer = make_promotion(uses_per_buyer_cap=1), new_id()
        with pytest.raises(promotions.BuyerLimitReached):
            hold_promotions(use_of(promotion, units=2), buyer_ref=buyer)
        assert_nothing_is_held()

    def test_more_money_than_is_left(self) -> None:
        promotion = make_promotion(budget_minor=1_000)
        hold_promotions(use_of(promotion, amount_minor=600))
        with pytest.raises(promotions.BudgetExhausted) as refusal:
            hold_promotions(use_of(promotion, amount_minor=401))
        assert (refusal.value.code, refusal.value.kind) == ("promotions.budget_exhausted", Kind.CONFLICT)
        hold_promotions(use_of(promotion, amount_minor=400))
        assert numbers_of(promotion) == (2, 0, 1_000, 0)

    def test_come_in_the_order_that_is_documented(self) -> None:
        buyer, other = new_id(), new_id()
        promotion = make_promotion(uses_cap=2, uses_per_buyer_cap=1, budget_minor=600)
        hold_promotions(use_of(promotion), buyer_ref=buyer)

        with pytest.raises(promotions.BudgetExhausted):
            hold_promotions(use_of(promotion), buyer_ref=other)
        with pytest.raises(promotions.BuyerLimitReached):
            hold_promotions(use_of(promotion), buyer_ref=buyer)
        with pytest.raises(promotions.PromotionExhausted):
            hold_promotions(use_of(promotion, units=2), buyer_ref=buyer)
        promotions.deactivate_promotion(promotion_id=promotion.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        with pytest.raises(promotions.PromotionNotActive):
            hold_promotions(use_of(promotion, units=2), buyer_ref=buyer)

    def test_name_the_first_promotion_by_id(self) -> None:
        first, second = make_promotion(uses_cap=1), make_promotion(uses_cap=1)
        hold_promotions(use_of(first), use_of(second))
        with pytest.raises(promotions.PromotionExhausted) as refusal:
            hold_promotions(use_of(second), use_of(first))
        assert refusal.value.promotion_id == first.id

    def test_a_partial_hold_leaves_nothing_behind(self) -> None:
        plenty, spent, buyer = make_promotion(uses_cap=9, uses_per_buyer_cap=9), make_promotion(uses_cap=1), new_id()
        hold_promotions(use_of(spent))
        owner = new_id()
        with pytest.raises(promotions.PromotionExhausted):
            hold_promotions(use_of(plenty), use_of(spent), owner_ref=owner, buyer_ref=buyer)
        assert numbers_of(plenty) == (0, 0, 0, 0)
        assert uses_of_buyer(plenty, buyer) == 0
        assert promotions.find_hold(owner_ref=owner) is None
