"""Promotions in the admin: read by all who may, published and deactivated, and otherwise changed by nobody."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.pricing.api import RateOff
from apps.promotions import api as promotions
from apps.promotions.api import PromotionState
from apps.promotions.models import Promotion
from tests.factories.accounts import UserFactory
from tests.factories.promotions import hold_promotions, make_draft, make_promotion, post_promotions, use_of
from tests.support import NOON

pytestmark = pytest.mark.django_db

TABLES = ["promotion", "promotionhold", "buyerusage"]


def page_of(client: Client, promotion: promotions.Promotion) -> str:
    return client.get(reverse("admin:promotions_promotion_change", args=[promotion.id])).content.decode()


class TestPages:
    def test_show_terms_caps_and_what_was_given(self, admin_client: Client) -> None:
        promotion = make_promotion(uses_cap=10, uses_per_buyer_cap=2, budget_minor=5_000)
        owner = hold_promotions(use_of(promotion))
        post_promotions(use_of(promotion, amount_minor=444))
        for table in TABLES:
            assert admin_client.get(reverse(f"admin:promotions_{table}_changelist")).status_code == 200
        page = page_of(admin_client, promotion)
        assert "1 held, 1 posted" in page
        assert "6.00 GBP held, 4.44 GBP posted" in page
        assert "50.00 GBP" in page
        hold_page = admin_client.get(reverse("admin:promotions_promotionhold_change", args=[owner]))
        assert str(promotion.id) in hold_page.content.decode()

    def test_show_what_was_given_where_nothing_is_counted(self, admin_client: Client) -> None:
        promotion = make_promotion()
        post_promotions(use_of(promotion, amount_minor=444))
        assert "4.44 GBP" in page_of(admin_client, promotion)

    @pytest.mark.parametrize("term", ["SPR", "Spring s", "71"])
    def test_find_what_is_searched_for(self, admin_client: Client, term: str) -> None:
        kind = promotions.PromotionKind.SELLER_COUPON
        make_promotion(kind, title="Spring sale", code="SPRING", shop_id=71)
        make_promotion(kind, title="Winter sale", code="WINTER")
        address = reverse("admin:promotions_promotion_changelist")
        page = admin_client.get(address, {"q": term}).content.decode()
        assert "Spring sale" in page
        assert "Winter sale" not in page

    def test_take_a_constant_number_of_statements(
        self, admin_client: Client, django_assert_max_num_queries: object
    ) -> None:
        for _ in range(10):
            hold_promotions(use_of(make_promotion(uses_per_buyer_cap=1)))
        for table in TABLES:
            with django_assert_max_num_queries(9):  # type: ignore[operator]  # a fixture without types
                admin_client.get(reverse(f"admin:promotions_{table}_changelist"))

    @pytest.mark.parametrize("table", TABLES)
    def test_add_nothing_for_superusers_either(self, admin_client: Client, table: str) -> None:
        assert admin_client.get(reverse(f"admin:promotions_{table}_add")).status_code == 403

    def test_change_nothing_by_hand(self, admin_client: Client) -> None:
        promotion = make_promotion()
        address = reverse("admin:promotions_promotion_change", args=[promotion.id])
        assert admin_client.post(address, {"title": "Mine"}).status_code == 403
        assert Promotion.objects.get(pk=promotion.id).title == promotion.terms.title


class TestDialogs:
    def send(self, client: Client, action: str, promotion: promotions.Promotion, **form: str) -> list[str]:
        """Send the dialog's form; returns what the next page will say."""
        address = reverse(f"admin:promotions_promotion_{action}", args=[promotion.id])
        assert "the promotion" in client.get(address).content.decode()
        answer = client.post(address, {"_form_submitted": "on", **form})
        assert answer.headers["HX-Redirect"] == reverse("admin:promotions_promotion_change", args=[promotion.id])
        return [str(message) for message in get_messages(answer.wsgi_request)]

    def state_of(self, promotion: promotions.Promotion) -> PromotionState:
        return promotions.get_promotion(promotion_id=promotion.id, shop_id=None, now=NOON).state

    def test_publish(self, admin_client: Client) -> None:
        draft = make_draft()
        assert self.send(admin_client, "publish", draft) == []
        assert self.state_of(draft) is PromotionState.PUBLISHED

    def test_publish_what_nothing_bounds_once_a_second_person_agrees(self, admin_client: Client) -> None:
        draft = make_draft(benefit=RateOff(5000))
        (said,) = self.send(admin_client, "publish", draft)
        assert said.startswith("A second person must approve this")
        assert self.state_of(draft) is PromotionState.DRAFT

    def test_deactivate_and_publish_no_more(self, admin_client: Client) -> None:
        promotion = make_promotion()
        assert self.send(admin_client, "deactivate", promotion, reason="typo") == []
        assert self.state_of(promotion) is PromotionState.DEACTIVATED
        assert self.send(admin_client, "publish", promotion) == [promotions.StateNotAllowed.title]

    @pytest.mark.parametrize("action", ["publish", "deactivate"])
    def test_are_for_those_who_may_change_promotions(self, client: Client, action: str) -> None:
        draft = make_draft()
        client.force_login(UserFactory.create(is_staff=True))
        address = reverse(f"admin:promotions_promotion_{action}", args=[draft.id])
        assert client.post(address, {"_form_submitted": "on", "reason": "typo"}).status_code == 403
        assert self.state_of(draft) is PromotionState.DRAFT
