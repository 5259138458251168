"""Four eyes in the admin: read what was asked for, and decide it with its code."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.catalog.api import list_prices, set_price
from apps.catalog.models import Sku
from tests.factories.accounts import UserFactory
from tests.factories.catalog import SkuFactory, SkuPriceFactory
from tradecore import clock
from tradecore.approvals import AwaitsApproval, ContentChanged, SamePerson
from tradecore.models import Approval
from tradecore.money import Money

pytestmark = pytest.mark.django_db


@pytest.fixture
def sku() -> Sku:
    made: Sku = SkuFactory.create(code="SCARF-RED")
    SkuPriceFactory.create(sku=made, amount_minor=10_000)
    return made


def ask(sku: Sku, *, actor: str = "user:1") -> Approval:
    now = clock.now()
    waits = set_price(
        shop_id=sku.shop_id,
        sku_id=sku.pk,
        market="GB",
        amount=Money(1, "GBP"),
        valid_from=now,
        actor=actor,
        now=now,
    )
    assert isinstance(waits, AwaitsApproval)
    return Approval.objects.get(pk=waits.approval_id)


def decide(client: Client, row: Approval, action: str, **form: str) -> list[str]:
    """Send the dialog's form; returns what the next page will say."""
    answer = client.post(
        reverse(f"admin:tradecore_approval_{action}", args=[row.pk]), {"_form_submitted": "on", **form}
    )
    assert answer.headers["HX-Redirect"] == reverse("admin:tradecore_approval_change", args=[row.pk])
    return [str(message) for message in get_messages(answer.wsgi_request)]


def prices_of(sku: Sku) -> list[int]:
    return [price.amount.minor for price in list_prices(shop_id=sku.shop_id, sku_id=sku.pk, before=None, limit=9)]


class TestThePage:
    def test_shows_what_is_asked_for_in_words(self, admin_client: Client, sku: Sku) -> None:
        row = ask(sku)
        page = admin_client.get(reverse("admin:tradecore_approval_change", args=[row.pk])).content.decode()
        for line in ("sku_code: SCARF-RED", "old: 100.00 GBP", "new: 0.01 GBP", "falls from 100.00 GBP to 0.01 GBP"):
            assert line in page
        assert row.content_hash[:8] in page
        assert row.content_hash not in page

    def test_escapes_what_people_wrote(self, admin_client: Client) -> None:
        made = SkuFactory.create(code="<script>")
        SkuPriceFactory.create(sku=made, amount_minor=10_000)
        page = admin_client.get(reverse("admin:tradecore_approval_change", args=[ask(made).pk])).content.decode()
        assert "sku_code: &lt;script&gt;" in page


class TestDeciding:
    def test_does_it(self, admin_client: Client, sku: Sku) -> None:
        row = ask(sku)
        assert decide(admin_client, row, "approve", code=row.content_hash[:8]) == []
        assert prices_of(sku) == [1, 10_000]

    def test_needs_the_code(self, admin_client: Client, sku: Sku) -> None:
        row = ask(sku)
        assert decide(admin_client, row, "approve", code="00000000") == [ContentChanged.title]
        assert prices_of(sku) == [10_000]

    def test_is_not_for_whoever_has_asked(self, admin_client: Client, admin_user: Any, sku: Sku) -> None:
        row = ask(sku, actor=f"user:{admin_user.pk}")
        assert decide(admin_client, row, "approve", code=row.content_hash[:8]) == [SamePerson.title]
        assert prices_of(sku) == [10_000]

    def test_rejects_it(self, admin_client: Client, sku: Sku) -> None:
        row = ask(sku)
        assert decide(admin_client, row, "reject", reason="a slip") == []
        row.refresh_from_db()
        assert (row.status, row.decision_reason) == ("REJECTED", "a slip")
        assert prices_of(sku) == [10_000]

    @pytest.mark.parametrize("action", ["approve", "reject"])
    def test_is_for_those_who_may_decide(self, client: Client, sku: Sku, action: str) -> None:
        user = UserFactory.create(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_approval"))
        client.force_login(user)
        row = ask(sku)
        address = reverse(f"admin:tradecore_approval_{action}", args=[row.pk])
        form = {"_form_submitted": "on", "code": row.content_hash[:8], "reason": "mine"}
        assert client.post(address, form).status_code == 403
        assert prices_of(sku) == [10_000]
