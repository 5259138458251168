"""Promotions under threads, each with a connection of its own, from one barrier."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from apps.promotions import api as promotions
from apps.promotions.models import PromotionHold, PromotionUse
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
from tradecore.ids import new_id

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def kinds_of(outcomes: Sequence[Any]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def _post(owner: int) -> bool:
    return in_use_case(lambda: promotions.post(owner_ref=owner, now=NOON))


def _void(owner: int) -> None:
    in_use_case(lambda: promotions.void(owner_ref=owner, now=NOON))


class TestCaps:
    def test_in_total_are_exact(self, race: Race) -> None:
        promotion = make_promotion(uses_cap=3)
        outcomes = race([lambda: hold_promotions(use_of(promotion))] * 50)
        assert kinds_of(outcomes) == {"int": 3, "PromotionExhausted": 47}
        assert numbers_of(promotion) == (3, 0, 1_800, 0)
        assert PromotionHold.objects.count() == PromotionUse.objects.count() == 3

    def test_per_buyer_are_exact_from_the_first_use_on(self, race: Race) -> None:
        promotion, buyer = make_promotion(uses_per_buyer_cap=2), new_id()
        outcomes = race([lambda: hold_promotions(use_of(promotion), buyer_ref=buyer)] * 30)
        assert kinds_of(outcomes) == {"int": 2, "BuyerLimitReached": 28}
        assert uses_of_buyer(promotion, buyer) == 2
        assert PromotionUse.objects.count() == 2

    def test_in_money_are_exact(self, race: Race) -> None:
        promotion = make_promotion(budget_minor=2_000)
        outcomes = race([lambda: hold_promotions(use_of(promotion, amount_minor=600))] * 30)
        assert kinds_of(outcomes) == {"int": 3, "BudgetExhausted": 27}
        assert numbers_of(promotion) == (3, 0, 1_800, 0)

    def test_hold_where_uses_come_and_go(self, race: Race) -> None:
        promotion = make_promotion(uses_cap=2, uses_per_buyer_cap=1, budget_minor=1_200)
        until = time.monotonic() + 3

        def shop(seed: int) -> int:
            buyer, taken = new_id(), 0
            while time.monotonic() < until:
                try:
                    owner = hold_promotions(use_of(promotion), buyer_ref=buyer)
                except (promotions.PromotionExhausted, promotions.BudgetExhausted):
                    continue
                taken += 1
                _void(owner)
            return taken

        outcomes = race([partial(shop, seed) for seed in range(10)])
        assert kinds_of(outcomes) == {"int": 10}
        assert sum(outcomes) > 0
        assert numbers_of(promotion) == (0, 0, 0, 0)


class TestOneHold:
    def test_is_resolved_once(self, race: Race) -> None:
        promotion = make_promotion(uses_cap=100)
        for _ in range(5):
            before = numbers_of(promotion)
            owner = hold_promotions(use_of(promotion))
            post, void, expire = race(
                [partial(_post, owner), partial(_void, owner), lambda: promotions.expire_holds(now=EXPIRES_AT)]
            )
            hold = promotions.find_hold(owner_ref=owner)
            assert hold is not None
            assert post is (hold.status is promotions.HoldStatus.POSTED)
            assert (type(void).__name__ == "IllegalTransition") is post
            assert expire == (hold.status is promotions.HoldStatus.EXPIRED)
            assert numbers_of(promotion)[1] - before[1] == int(post)
        assert numbers_of(promotion)[0] == 0

    def test_that_races_its_own_void_holds_nothing_in_the_end(self, race: Race) -> None:
        promotion = make_promotion(uses_cap=10)
        for _ in range(10):
            owner = new_id()
            held, voided = race([partial(hold_promotions, use_of(promotion), owner_ref=owner), partial(_void, owner)])
            assert isinstance(held, int | promotions.HoldRefused)
            assert voided is None
            assert PromotionHold.objects.get(pk=owner).status == promotions.HoldStatus.VOIDED
        assert numbers_of(promotion) == (0, 0, 0, 0)

    def test_gives_back_no_more_than_it_has(self, race: Race) -> None:
        promotion = make_promotion(uses_cap=1, budget_minor=600)
        owner = post_promotions(use_of(promotion))

        def give_back() -> None:
            in_use_case(
                lambda: promotions.give_back(owner_ref=owner, amounts={promotion.id: 200}, restored=(), now=NOON)
            )

        outcomes = race([give_back] * 10)
        assert kinds_of(outcomes) == {"NoneType": 3, "MoreThanUsed": 7}
        assert numbers_of(promotion) == (0, 1, 0, 0)


class TestBaskets:
    SECONDS = 5
    BUYERS = 12

    def test_that_lock_in_every_order_never_show_a_deadlock(self, race: Race) -> None:
        capped = [make_promotion(uses_cap=10**6, uses_per_buyer_cap=10**6, budget_minor=10**9) for _ in range(6)]
        until = time.monotonic() + self.SECONDS
        outcomes = race([partial(_shop, capped, seed=seed, until=until) for seed in range(self.BUYERS)])
        assert kinds_of(outcomes) == {"int": self.BUYERS}
        assert sum(outcomes) > self.BUYERS
        assert all(numbers_of(promotion)[0] == 0 for promotion in capped)


def _shop(capped: list[promotions.Promotion], *, seed: int, until: float) -> int:
    """Use promotions in random order, for two buyers in turn, and post or void them. Returns how many times."""
    shuffled = random.Random(seed)
    times = 0
    while time.monotonic() < until:
        chosen = shuffled.sample(capped, k=4)
        owner = hold_promotions(*(use_of(promotion) for promotion in chosen), buyer_ref=7 + seed % 2)
        if shuffled.random() < 0.5:
            assert _post(owner)
        else:
            _void(owner)
        times += 1
    return times
