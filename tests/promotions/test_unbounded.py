"""A coupon that nothing bounds in money is published by two people."""

from typing import Any

import pytest

from apps.pricing.api import AmountOff, FixedPrice, RateOff
from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind, PromotionState
from tests.factories.approvals import give_approval, status_of
from tests.factories.promotions import make_draft
from tests.support import NOON
from tradecore import approvals
from tradecore.approvals import AwaitsApproval, SamePerson
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import Approval, AuditEntry

pytestmark = pytest.mark.django_db

FREE = RateOff(5000)


def publish(draft: promotions.Promotion, *, actor: str = "user:1") -> promotions.Promotion | AwaitsApproval:
    return promotions.publish_promotion(promotion_id=draft.id, shop_id=draft.terms.shop_id, actor=actor, now=NOON)


def state_of(draft: promotions.Promotion) -> PromotionState:
    return promotions.get_promotion(promotion_id=draft.id, shop_id=draft.terms.shop_id, now=NOON).state


class TestWhatIsPublishedAtOnce:
    @pytest.mark.parametrize(
        ("kind", "terms"),
        [
            (PromotionKind.PLATFORM_COUPON, {"benefit": RateOff(5000, 600)}),
            (PromotionKind.PLATFORM_COUPON, {"benefit": FREE, "budget_minor": 100_000}),
            (PromotionKind.PLATFORM_COUPON, {"benefit": AmountOff(800)}),
            (PromotionKind.SELLER_COUPON, {"benefit": RateOff(5000, 600)}),
            (PromotionKind.SELLER_COUPON, {"benefit": FREE, "budget_minor": 100_000}),
            (PromotionKind.SHIPPING_DISCOUNT, {"benefit": AmountOff(200)}),
            (PromotionKind.SHIPPING_DISCOUNT, {"benefit": FREE, "shop_id": 7}),
            (PromotionKind.DIRECT_DISCOUNT, {"benefit": FREE}),
            (PromotionKind.FIXED_PRICE, {"benefit": FixedPrice(1)}),
        ],
    )
    def test_has_a_bound_or_is_a_shops_own_price(self, kind: PromotionKind, terms: dict[str, Any]) -> None:
        draft = make_draft(kind, **terms)
        assert isinstance(publish(draft), promotions.Promotion)
        assert state_of(draft) is PromotionState.PUBLISHED
        assert not Approval.objects.exists()


class TestWhatWaits:
    @pytest.mark.parametrize(
        ("kind", "terms"),
        [
            (PromotionKind.PLATFORM_COUPON, {}),
            (PromotionKind.SELLER_COUPON, {}),
            (PromotionKind.SHIPPING_DISCOUNT, {}),
            (PromotionKind.PLATFORM_COUPON, {"uses_cap": 10, "uses_per_buyer_cap": 1}),
        ],
    )
    def test_stays_a_draft(self, kind: PromotionKind, terms: dict[str, Any]) -> None:
        draft = make_draft(kind, benefit=FREE, **terms)
        waits = publish(draft)
        assert isinstance(waits, AwaitsApproval)
        assert state_of(draft) is PromotionState.DRAFT
        assert promotions.find_publication_request(promotion_id=draft.id, now=NOON) == waits
        assert publish(draft, actor="user:3") == waits

    def test_says_to_the_second_person_what_it_is(self) -> None:
        draft = make_draft(
            benefit=RateOff(1250), title="Spring", code="SPRING", min_spend_minor=500, platform_share_bp=5000
        )
        waits = publish(draft)
        assert isinstance(waits, AwaitsApproval)
        request = approvals.get_request(approval_id=waits.approval_id, now=NOON)
        assert (request.kind, request.subject) == (promotions.PUBLISH_UNBOUNDED, f"promotion:{draft.id}")
        assert approvals.spell_out(request.content) == [
            f"promotion_id: {draft.id}",
            "shop_id: null",
            "market: GB",
            "kind: PLATFORM_COUPON",
            "title: Spring",
            "code: SPRING",
            "rate_off: 12.5 %",
            "funded_by_the_platform: 50 %",
            "targets:",
            "  - ALL",
            "min_spend: 5.00 GBP",
            "uses_cap: null",
            "uses_per_buyer_cap: null",
            "starts_at: 2026-03-10T12:00:00.000Z",
            "ends_at: 2026-04-10T12:00:00.000Z",
        ]


class TestApproval:
    @pytest.mark.parametrize("kind", [PromotionKind.PLATFORM_COUPON, PromotionKind.SELLER_COUPON])
    def test_publishes_it(self, kind: PromotionKind) -> None:
        draft = make_draft(kind, benefit=FREE)
        give_approval(publish(draft))
        assert state_of(draft) is PromotionState.PUBLISHED
        assert AuditEntry.objects.get(action="promotion.published").actor == "second person"
        assert promotions.find_publication_request(promotion_id=draft.id, now=NOON) is None
        assert isinstance(publish(draft), promotions.Promotion)

    def test_is_not_given_by_whoever_has_asked(self) -> None:
        draft = make_draft(benefit=FREE)
        with pytest.raises(SamePerson):
            give_approval(publish(draft), actor="user:1")
        assert state_of(draft) is PromotionState.DRAFT

    def test_refuses_what_was_deactivated_meanwhile(self) -> None:
        draft = make_draft(benefit=FREE)
        waits = publish(draft)
        promotions.deactivate_promotion(promotion_id=draft.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        with pytest.raises(promotions.StateNotAllowed):
            give_approval(waits)
        assert state_of(draft) is PromotionState.DEACTIVATED
        assert status_of(waits) == "PENDING"

    def test_is_asked_for_by_the_owner_only(self) -> None:
        draft = make_draft(benefit=FREE)
        with pytest.raises(NotFound):
            promotions.publish_promotion(promotion_id=draft.id, shop_id=new_id(), actor="user:1", now=NOON)
        assert not Approval.objects.exists()
