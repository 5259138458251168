"""Any sequence of verbs: counters are what the uses add up to, and no cap is exceeded."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.promotions import api as promotions
from apps.promotions.models import Promotion, PromotionUse
from tests.factories.promotions import EXPIRES_AT, make_promotion, uses_of_buyer
from tests.support import NOON, in_use_case
from tradecore.ids import new_id
from tradecore.states import IllegalTransition

REFUSALS = (
    promotions.HoldRefused,
    promotions.PromotionExhausted,
    promotions.BuyerLimitReached,
    promotions.BudgetExhausted,
    promotions.MoreThanUsed,
    IllegalTransition,
)

steps = st.tuples(
    st.sampled_from(["hold", "post", "void", "expire", "give_back", "restore"]),
    st.integers(0, 4),  # which owner; the even ones are one buyer, the odd ones another
    st.integers(1, 3),  # how many units
    st.integers(0, 400),  # how much money
)


@dataclass
class House:
    """Two capped promotions, five owners, two buyers."""

    promotions: list[promotions.Promotion]
    owners: list[int] = field(default_factory=lambda: [new_id() for _ in range(5)])
    buyers: list[int] = field(default_factory=lambda: [new_id(), new_id()])

    def live(self, verb: str, owner: int, units: int, amount_minor: int) -> None:
        """Do one thing, through the door, in a transaction of its own."""
        ref = self.owners[owner]
        if verb == "hold":
            chosen = self.promotions[: 1 + owner % 2]
            uses = [promotions.PromotionUse(each.id, units, amount_minor) for each in chosen]
            buyer = self.buyers[owner % 2]
            in_use_case(
                lambda: promotions.hold(owner_ref=ref, buyer_ref=buyer, uses=uses, expires_at=EXPIRES_AT, now=NOON)
            )
        elif verb == "post":
            in_use_case(lambda: promotions.post(owner_ref=ref, now=NOON))
        elif verb == "void":
            in_use_case(lambda: promotions.void(owner_ref=ref, now=NOON))
        elif verb == "expire":
            promotions.expire_holds(now=EXPIRES_AT, limit=1)
        elif promotions.find_hold(owner_ref=ref) is not None:
            first = self.promotions[0].id
            restored = [first] if verb == "restore" else []
            in_use_case(
                lambda: promotions.give_back(owner_ref=ref, amounts={first: amount_minor}, restored=restored, now=NOON)
            )


def check(house: House) -> None:
    for promotion in house.promotions:
        row = Promotion.objects.get(pk=promotion.id)
        uses = list(PromotionUse.objects.filter(promotion_id=promotion.id).select_related("hold"))
        held = [use for use in uses if use.hold.status == "PENDING"]
        posted = [use for use in uses if use.hold.status == "POSTED"]
        assert row.held_uses == sum(use.units_left for use in held)
        assert row.held_minor == sum(use.minor_left for use in held)
        assert row.posted_uses == sum(use.units_left for use in posted)
        assert row.posted_minor == sum(use.minor_left for use in posted)
        assert row.uses_cap is not None
        assert row.budget_minor is not None
        assert row.held_uses + row.posted_uses <= row.uses_cap
        assert row.held_minor + row.posted_minor <= row.budget_minor
        for buyer in house.buyers:
            used = sum(use.units_left for use in (*held, *posted) if use.hold.buyer_ref == buyer)
            assert uses_of_buyer(promotion, buyer) == used


@pytest.mark.django_db
class TestAlgebra:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(sequence=st.lists(steps, max_size=25))
    def test_holds_for_any_sequence_of_verbs(self, sequence: list[tuple[str, int, int, int]]) -> None:
        caps: dict[str, Any] = {"uses_cap": 5, "uses_per_buyer_cap": 3, "budget_minor": 800}
        house = House(promotions=[make_promotion(**caps), make_promotion(**caps)])
        for verb, owner, units, amount_minor in sequence:
            before = list(Promotion.objects.order_by("id").values())
            try:
                house.live(verb, owner, units, amount_minor)
            except REFUSALS:
                assert list(Promotion.objects.order_by("id").values()) == before
        check(house)
