"""Markets in the admin: read by everybody who may, opened and closed from the list."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.markets import models
from tests.factories.markets import HolidayFactory, MarketFactory, TaxRateFactory
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


class TestMarketPages:
    def test_show_every_table(self, admin_client: Client) -> None:
        market = MarketFactory.create(code="XX")
        HolidayFactory(market=market)
        TaxRateFactory(market=market, region="CA", rate_e5=8_875)
        for table in ("market", "taxrate", "holiday"):
            assert admin_client.get(reverse(f"admin:markets_{table}_changelist")).status_code == 200
        page = admin_client.get(reverse("admin:markets_market_change", args=[market.pk]))
        assert "after_sales" in page.content.decode()
        rates = admin_client.get(reverse("admin:markets_taxrate_changelist"))
        assert "8.875 %" in rates.content.decode()

    @pytest.mark.parametrize("page", ["market_add", "taxrate_add", "holiday_add"])
    def test_add_nothing_for_superusers_either(self, admin_client: Client, page: str) -> None:
        assert admin_client.get(reverse(f"admin:markets_{page}")).status_code == 403

    def test_close_and_open_a_market(self, admin_client: Client) -> None:
        market = MarketFactory.create(code="XX")
        for action, is_open in [("close_selected", False), ("open_selected", True)]:
            answer = admin_client.post(
                reverse("admin:markets_market_changelist"), {"action": action, "_selected_action": [market.pk]}
            )
            assert answer.status_code == 302
            assert models.Market.objects.get().is_open is is_open
        assert set(AuditEntry.objects.values_list("action", flat=True)) == {"market.closed", "market.opened"}
