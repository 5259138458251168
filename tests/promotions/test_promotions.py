"""The life of a promotion: drafted, published, deactivated; and how it stands at a moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.pricing.api import AmountOff, FixedPrice, RateOff
from apps.promotions import api as promotions
from apps.promotions.api import PromotionKind, PromotionState, PromotionStatus, Target, TargetKind
from apps.promotions.models import Promotion, PromotionScope
from apps.promotions.standing import is_ongoing, status_at
from tests.factories.promotions import make_draft, make_promotion, make_terms
from tests.support import NOON
from tradecore import freezes
from tradecore.errors import Kind, NotFound
from tradecore.ids import new_id
from tradecore.models import AuditEntry
from tradecore.money import MAX_MINOR, UnknownCurrency

pytestmark = pytest.mark.django_db


def create(terms: promotions.Terms) -> promotions.Promotion:
    return promotions.create_promotion(terms=terms, actor="staff:7", now=NOON)


class TestCreatePromotion:
    @pytest.mark.parametrize("kind", PromotionKind)
    def test_drafts_one_of_each_kind(self, kind: PromotionKind) -> None:
        terms = make_terms(kind)
        promotion = create(terms)
        assert promotion.terms == terms
        assert (promotion.state, promotion.status) == (PromotionState.DRAFT, PromotionStatus.DRAFT)
        found = promotions.get_promotion(promotion_id=promotion.id, shop_id=terms.shop_id, now=NOON)
        assert found == promotion

    def test_says_who(self) -> None:
        promotion = create(make_terms())
        entry = AuditEntry.objects.get(subject=f"promotion:{promotion.id}")
        assert (entry.action, entry.actor) == ("promotion.created", "staff:7")

    def test_makes_the_code_canonical(self) -> None:
        assert create(make_terms(code=" save10 ")).terms.code == "SAVE10"

    def test_remembers_what_it_is_about(self) -> None:
        targets = (Target(TargetKind.PRODUCT, new_id()), Target(TargetKind.SKU, new_id()))
        assert create(make_terms(targets=targets)).terms.targets == targets

    def test_takes_the_caps_that_are_given(self) -> None:
        terms = make_terms(uses_cap=100, uses_per_buyer_cap=2, budget_minor=50_000)
        assert create(terms).terms == terms


def _window(length: timedelta) -> dict[str, Any]:
    return {"starts_at": NOON, "ends_at": NOON + length}


ITEM, SHOP_COUPON, COUPON = PromotionKind.DIRECT_DISCOUNT, PromotionKind.SELLER_COUPON, PromotionKind.PLATFORM_COUPON


class TestTermsThatAreRefused:
    @pytest.mark.parametrize(
        ("kind", "field", "terms"),
        [
            (COUPON, "shop_id", lambda: {"shop_id": new_id()}),
            (SHOP_COUPON, "shop_id", lambda: {"shop_id": None}),
            (COUPON, "title", lambda: {"title": ""}),
            (COUPON, "title", lambda: {"title": "x" * 51}),
            (COUPON, "title", lambda: {"title": " ten off"}),
            (COUPON, "title", lambda: {"title": "ten\noff"}),
            (COUPON, "benefit", lambda: {"benefit": FixedPrice(100)}),
            (PromotionKind.FIXED_PRICE, "benefit", lambda: {"benefit": AmountOff(100)}),
            (COUPON, "benefit", lambda: {"benefit": AmountOff(0)}),
            (COUPON, "benefit", lambda: {"benefit": AmountOff(MAX_MINOR + 1)}),
            (COUPON, "benefit", lambda: {"benefit": RateOff(0)}),
            (COUPON, "benefit", lambda: {"benefit": RateOff(1000, 0)}),
            (COUPON, "code", lambda: {"code": None}),
            (ITEM, "code", lambda: {"code": "SAVE10"}),
            (COUPON, "min_spend_minor", lambda: {"min_spend_minor": -1}),
            (ITEM, "min_spend_minor", lambda: {"min_spend_minor": 1}),
            (COUPON, "targets", lambda: {"targets": ()}),
            (COUPON, "targets", lambda: {"targets": (Target(TargetKind.ALL),) * 2}),
            (COUPON, "targets", lambda: {"targets": (Target(TargetKind.ALL, 7),)}),
            (COUPON, "targets", lambda: {"targets": (Target(TargetKind.SKU),)}),
            (COUPON, "targets", lambda: {"targets": tuple(Target(TargetKind.SKU, n + 1) for n in range(501))}),
            (ITEM, "targets", lambda: {"targets": (Target(TargetKind.ALL),)}),
            (ITEM, "targets", lambda: {"targets": (Target(TargetKind.SHOP, 7),)}),
            (COUPON, "ends_at", lambda: _window(timedelta(minutes=10) - timedelta(microseconds=1))),
            (COUPON, "ends_at", lambda: _window(timedelta(days=-1))),
            (COUPON, "ends_at", lambda: _window(timedelta(days=365))),
            (COUPON, "platform_share_bp", lambda: {"platform_share_bp": -1}),
            (COUPON, "platform_share_bp", lambda: {"platform_share_bp": 10_001}),
            (COUPON, "uses_cap", lambda: {"uses_cap": 0}),
            (COUPON, "uses_per_buyer_cap", lambda: {"uses_per_buyer_cap": -1}),
            (COUPON, "budget_minor", lambda: {"budget_minor": 0}),
        ],
    )
    def test_are_named(self, kind: PromotionKind, field: str, terms: Callable[[], dict[str, Any]]) -> None:
        with pytest.raises(promotions.PromotionInvalid) as refusal:
            create(make_terms(kind, **terms()))
        assert (refusal.value.code, refusal.value.kind) == ("promotions.invalid", Kind.RULE)
        assert refusal.value.field == field
        assert not Promotion.objects.exists()

    def test_are_refused_after_a_code_that_is_none(self) -> None:
        with pytest.raises(promotions.CouponCodeInvalid):
            create(make_terms(code="no code", title=""))

    def test_are_refused_after_a_currency_that_is_none(self) -> None:
        with pytest.raises(UnknownCurrency):
            create(make_terms(currency="ZZZ", title=""))

    @pytest.mark.parametrize("length", [timedelta(minutes=10), timedelta(days=365) - timedelta(microseconds=1)])
    def test_are_not_the_longest_and_the_shortest_window(self, length: timedelta) -> None:
        create(make_terms(**_window(length)))


class TestUniqueness:
    def test_a_code_means_one_thing_in_a_market(self) -> None:
        create(make_terms(SHOP_COUPON, code="SAVE10"))
        with pytest.raises(promotions.CouponCodeTaken) as refusal:
            create(make_terms(code="save10"))
        assert (refusal.value.code, refusal.value.kind) == ("promotions.coupon_code_taken", Kind.CONFLICT)
        assert Promotion.objects.count() == PromotionScope.objects.count() == 1
        create(make_terms(code="SAVE10", market="FR"))

    @pytest.mark.parametrize("kind", [COUPON, SHOP_COUPON])
    def test_an_owner_has_one_promotion_of_a_title(self, kind: PromotionKind) -> None:
        first = create(make_terms(kind, title="Spring"))
        with pytest.raises(promotions.TitleTaken) as refusal:
            create(make_terms(kind, title="Spring", shop_id=first.terms.shop_id))
        assert (refusal.value.code, refusal.value.kind) == ("promotions.title_taken", Kind.CONFLICT)
        assert Promotion.objects.count() == 1
        create(make_terms(SHOP_COUPON, title="Spring"))

    def test_a_code_is_complained_of_before_a_title(self) -> None:
        create(make_terms(title="Spring", code="SAVE10"))
        with pytest.raises(promotions.CouponCodeTaken):
            create(make_terms(title="Spring", code="SAVE10"))

    def test_the_code_of_a_deactivated_promotion_stays_taken(self) -> None:
        first = create(make_terms(code="SAVE10"))
        promotions.deactivate_promotion(promotion_id=first.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        with pytest.raises(promotions.CouponCodeTaken):
            create(make_terms(code="SAVE10"))


class TestPublish:
    def test_lets_it_apply(self) -> None:
        promotion = make_promotion()
        assert (promotion.state, promotion.status) == (PromotionState.PUBLISHED, PromotionStatus.ONGOING)

    def test_twice_is_once(self) -> None:
        promotion = make_promotion()
        again = promotions.publish_promotion(promotion_id=promotion.id, shop_id=None, actor="ops", now=NOON)
        assert again == promotion
        assert AuditEntry.objects.filter(action="promotion.published").count() == 1

    def test_refuses_a_promotion_of_another_owner(self) -> None:
        draft = make_draft()
        with pytest.raises(NotFound):
            promotions.publish_promotion(promotion_id=draft.id, shop_id=new_id(), actor="ops", now=NOON)
        assert promotions.get_promotion(promotion_id=draft.id, shop_id=None, now=NOON) == draft

    def test_refuses_what_was_deactivated(self) -> None:
        draft = make_draft()
        promotions.deactivate_promotion(promotion_id=draft.id, shop_id=None, actor="ops", reason="typo", now=NOON)
        with pytest.raises(promotions.StateNotAllowed) as refusal:
            promotions.publish_promotion(promotion_id=draft.id, shop_id=None, actor="ops", now=NOON)
        assert (refusal.value.code, refusal.value.kind) == ("promotions.state_not_allowed", Kind.CONFLICT)
        assert refusal.value.facts() == {"state": "DEACTIVATED", "wanted": "PUBLISHED"}


class TestDeactivate:
    @pytest.mark.parametrize("make", [make_draft, make_promotion])
    def test_is_for_good(self, make: Callable[[], promotions.Promotion]) -> None:
        promotion = make()
        ended = promotions.deactivate_promotion(
            promotion_id=promotion.id, shop_id=None, actor="ops", reason="typo", now=NOON
        )
        assert (ended.state, ended.status) == (PromotionState.DEACTIVATED, PromotionStatus.DEACTIVATED)
        entry = AuditEntry.objects.get(action="promotion.deactivated")
        assert (entry.actor, entry.reason) == ("ops", "typo")

    def test_refuses_what_is_not_there(self) -> None:
        with pytest.raises(NotFound):
            promotions.deactivate_promotion(promotion_id=new_id(), shop_id=None, actor="ops", reason="typo", now=NOON)


class TestStatus:
    @pytest.mark.parametrize(
        ("moment", "status"),
        [
            (timedelta(microseconds=-1), PromotionStatus.NOT_START),
            (timedelta(0), PromotionStatus.ONGOING),
            (timedelta(hours=1) - timedelta(microseconds=1), PromotionStatus.ONGOING),
            (timedelta(hours=1), PromotionStatus.EXPIRED),
        ],
    )
    def test_follows_the_clock(self, moment: timedelta, status: PromotionStatus) -> None:
        promotion = make_promotion(**_window(timedelta(hours=1)))
        found = promotions.get_promotion(promotion_id=promotion.id, shop_id=None, now=NOON + moment)
        assert found.status is status

    @settings(
        max_examples=50,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(offset_us=st.integers(-3, 3), at_end=st.booleans(), state=st.sampled_from(PromotionState))
    def test_is_the_same_to_sql(self, offset_us: int, at_end: bool, state: PromotionState) -> None:
        row = Promotion.objects.get(pk=make_draft(**_window(timedelta(hours=1))).id)
        Promotion.objects.filter(pk=row.pk).update(state=state)
        row.refresh_from_db()
        moment = (row.ends_at if at_end else row.starts_at) + timedelta(microseconds=offset_us)
        found = Promotion.objects.filter(is_ongoing(moment), pk=row.pk).exists()
        assert found is (status_at(row, moment) is PromotionStatus.ONGOING)


class TestGetCoupon:
    def test_finds_what_a_buyer_means(self) -> None:
        promotion = make_promotion(code="SAVE10")
        assert promotions.get_coupon(market="GB", code="save10", now=NOON) == promotion

    def test_refuses_what_is_no_code(self) -> None:
        with pytest.raises(promotions.CouponCodeInvalid):
            promotions.get_coupon(market="GB", code="no code", now=NOON)

    def test_refuses_what_nobody_knows(self) -> None:
        with pytest.raises(promotions.UnknownCoupon) as refusal:
            promotions.get_coupon(market="GB", code="save10", now=NOON)
        assert (refusal.value.code, refusal.value.kind) == ("promotions.unknown_coupon", Kind.RULE)

    def test_knows_no_draft_and_no_other_market(self) -> None:
        make_draft(code="DRAFT")
        make_promotion(code="PARIS", market="FR")
        for code in ("DRAFT", "PARIS"):
            with pytest.raises(promotions.UnknownCoupon):
                promotions.get_coupon(market="GB", code=code, now=NOON)

    def test_refuses_what_is_over(self) -> None:
        promotion = make_promotion(code="SAVE10")
        with pytest.raises(promotions.PromotionNotActive):
            promotions.get_coupon(market="GB", code="SAVE10", now=promotion.terms.ends_at)

    def test_refuses_what_is_frozen(self) -> None:
        promotion = make_promotion(code="SAVE10")
        freezes.place_freeze(kind=freezes.PROMOTION, subject=promotion.id, reason="odd", actor="ops", now=NOON)
        with pytest.raises(promotions.PromotionNotActive):
            promotions.get_coupon(market="GB", code="SAVE10", now=NOON)
