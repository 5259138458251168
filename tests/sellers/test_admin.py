"""Shops in the admin: read by everybody who may, moved with a reason."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.sellers.api import ShopState, get_shop
from tests.factories.accounts import UserFactory
from tests.factories.sellers import DeliveryRateFactory, ShopFactory
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


class TestShopPages:
    def test_show_shops_with_their_rates(self, admin_client: Client) -> None:
        shop = DeliveryRateFactory.create(option="express").shop
        listed = admin_client.get(reverse("admin:sellers_shop_changelist"), {"q": shop.handle})
        assert shop.name in listed.content.decode()
        page = admin_client.get(reverse("admin:sellers_shop_change", args=[shop.pk]))
        assert "express" in page.content.decode()

    def test_add_nothing_for_superusers_either(self, admin_client: Client) -> None:
        assert admin_client.get(reverse("admin:sellers_shop_add")).status_code == 403


class TestChangeState:
    def change(self, client: Client, shop_id: int, **form: str) -> list[str]:
        """Send the dialog's form; returns what the next page will say."""
        address = reverse("admin:sellers_shop_change_state", args=[shop_id])
        assert "Change the state" in client.get(address).content.decode()
        answer = client.post(address, {"_form_submitted": "on", **form})
        assert answer.headers["HX-Redirect"] == reverse("admin:sellers_shop_change", args=[shop_id])
        return [str(message) for message in get_messages(answer.wsgi_request)]

    def test_moves_a_shop_with_a_reason(self, admin_client: Client) -> None:
        shop = ShopFactory.create(state=ShopState.ONBOARDING)
        assert self.change(admin_client, shop.pk, state="ACTIVE", reason="papers are in order") == []
        assert get_shop(shop_id=shop.pk).state == ShopState.ACTIVE
        entry = AuditEntry.objects.get()
        assert (entry.actor.startswith("user:"), entry.reason) == (True, "papers are in order")

    def test_says_why_not(self, admin_client: Client) -> None:
        shop = ShopFactory.create(state=ShopState.CLOSED)
        (message,) = self.change(admin_client, shop.pk, state="ACTIVE", reason="they asked")
        assert message == "The shop cannot go from the state that it is in to this one."
        assert get_shop(shop_id=shop.pk).state == ShopState.CLOSED

    def test_asks_for_the_reason_again(self, admin_client: Client) -> None:
        shop = ShopFactory.create(state=ShopState.ACTIVE)
        address = reverse("admin:sellers_shop_change_state", args=[shop.pk])
        answer = admin_client.post(address, {"_form_submitted": "on", "state": "CLOSED", "reason": ""})
        assert "This field is required" in answer.content.decode()
        assert get_shop(shop_id=shop.pk).state == ShopState.ACTIVE

    def test_is_for_those_who_may_change_shops(self, client: Client) -> None:
        client.force_login(UserFactory.create(is_staff=True))
        shop = ShopFactory.create(state=ShopState.ACTIVE)
        address = reverse("admin:sellers_shop_change_state", args=[shop.pk])
        answer = client.post(address, {"_form_submitted": "on", "state": "CLOSED", "reason": "out of spite"})
        assert answer.status_code == 403
        assert get_shop(shop_id=shop.pk).state == ShopState.ACTIVE


class TestSetIdentity:
    def set(self, client: Client, shop_id: int, **form: str) -> list[str]:
        """Send the dialog's form; returns what the next page will say."""
        address = reverse("admin:sellers_shop_set_identity", args=[shop_id])
        assert "Who sells in this shop" in client.get(address).content.decode()
        answer = client.post(address, {"_form_submitted": "on", **form})
        assert answer.headers["HX-Redirect"] == reverse("admin:sellers_shop_change", args=[shop_id])
        return [str(message) for message in get_messages(answer.wsgi_request)]

    def test_sets_it(self, admin_client: Client) -> None:
        shop = ShopFactory.create()
        assert self.set(admin_client, shop.pk, legal_name="North Wool Ltd", tax_number="GB123456789") == []
        found = get_shop(shop_id=shop.pk)
        assert (found.legal_name, found.tax_number) == ("North Wool Ltd", "GB123456789")

    def test_says_why_not(self, admin_client: Client) -> None:
        shop = ShopFactory.create()
        (message,) = self.set(admin_client, shop.pk, legal_name="North Wool Ltd", tax_number="gb1")
        assert "tax_number: not of A-Z" in message
        assert get_shop(shop_id=shop.pk).tax_number == ""

    def test_is_for_those_who_may_change_shops(self, client: Client) -> None:
        client.force_login(UserFactory.create(is_staff=True))
        shop = ShopFactory.create()
        address = reverse("admin:sellers_shop_set_identity", args=[shop.pk])
        form = {"_form_submitted": "on", "legal_name": "Mine", "tax_number": "1"}
        assert client.post(address, form).status_code == 403
        assert get_shop(shop_id=shop.pk).legal_name == ""
