"""The page on which operators see what a version of a fee plan would have cost."""

import re
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.fees.models import FeePlan
from apps.orders import api as orders
from apps.settlement import api as settlement
from tests.back_office.conftest import sign_in
from tests.factories.accounts import UserFactory
from tests.factories.checkout import make_shop_floor
from tests.factories.examples import Bought, buy_e1, buy_e2
from tests.factories.fees import FeePlanFactory, FeeRuleFactory

PAGE = "back_office:simulator"


@pytest.fixture(autouse=True)
def _floor(db: None) -> None:
    make_shop_floor()


@pytest.fixture
def plan() -> FeePlan:
    """A draft of 12 %, where E2 is sold for 9."""
    plan: FeePlan = FeePlanFactory(code="NEW", status="draft", published_at=None)
    FeeRuleFactory(plan=plan, rate_bp=1200)
    return plan


def month_of(bought: Bought) -> str:
    paid_at = orders.get_sale(order_id=bought.order_ids[0]).paid_at
    return f"{paid_at.astimezone(ZoneInfo('Europe/London')):%Y-%m}"


def ask(client: Client, **query: str) -> Any:
    return client.get(reverse(PAGE), {"version": "NEW:1", "market": "", "orders": "all"} | query)


def text_of(answer: Any) -> str:
    """The page as words."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


class TestThePage:
    def test_offers_every_version_and_the_last_month(self, operator: Client, plan: FeePlan) -> None:
        page = operator.get(reverse(PAGE))
        assert "NEW version 1 (draft, GBP)" in text_of(page)
        assert re.fullmatch(r"\d{4}-\d\d", page.context["form"]["month"].value())
        assert "found" not in page.context

    def test_says_what_e2_would_have_cost_to_the_cent(self, operator: Client, plan: FeePlan) -> None:
        bought = buy_e2()
        said = text_of(ask(operator, month=month_of(bought)))
        assert (
            "Orders 1 Sales before fees 77.44 GBP Charged 6.79 GBP Would have been 9.05 GBP Difference 2.26 GBP" in said
        )
        assert "Commission 6.79 GBP 9.05 GBP 2.26 GBP" in said
        assert f"{bought.shops[0].row.name} 1 order, 77.44 GBP 6.79 GBP 9.05 GBP 2.26 GBP" in said

    def test_says_that_it_looks_at_the_newest_orders_only(
        self, operator: Client, plan: FeePlan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bought = buy_e2()
        buy_e2_again(bought)
        assert "2000 orders that were paid last" in text_of(operator.get(reverse(PAGE)))
        whole = settlement.simulate_plan
        monkeypatch.setattr(settlement, "simulate_plan", lambda **options: whole(**options, limit=1))
        assert "only" in text_of(ask(operator, month=month_of(bought))).split("NEW version 1")[-1]

    def test_draws_the_longest_bar_in_full(self, operator: Client, plan: FeePlan) -> None:
        page = ask(operator, month=month_of(buy_e2())).content.decode()
        assert re.findall(r'bo-bar-credit" style="width: (\d+)%', page) == ["75", "75"]
        assert re.findall(r'bo-bar-debit" style="width: (\d+)%', page) == ["100", "100"]

    def test_says_that_there_was_nothing(self, operator: Client, plan: FeePlan) -> None:
        buy_e2()
        assert "No such order was paid in that month." in text_of(ask(operator, month="2024-02"))

    def test_takes_one_tier_where_asked(self, operator: Client, plan: FeePlan) -> None:
        month = month_of(buy_e2())
        assert "No such order was paid" in text_of(ask(operator, month=month, orders="tier"))
        assert "Charged 6.79 GBP" in text_of(ask(operator, month=month, orders="tier", version="E2:1"))


class TestWhatCannotBe:
    @pytest.mark.parametrize("month", ["", "2026", "2026-13", "may", "0000-00", "0001-01", "9999-12"])
    def test_a_month_that_is_none(self, month: str, operator: Client, plan: FeePlan) -> None:
        answer = ask(operator, month=month)
        assert "month" in answer.context["form"].errors
        assert "found" not in answer.context

    @pytest.mark.parametrize("version", ["", "NEW", "NEW:2", "OLD:1"])
    def test_a_version_that_there_is_not(self, version: str, operator: Client, plan: FeePlan) -> None:
        assert "version" in ask(operator, month="2026-05", version=version).context["form"].errors

    def test_a_market_of_another_currency(self, operator: Client, plan: FeePlan) -> None:
        answer = ask(operator, month=month_of(buy_e1()), market="US")
        assert answer.context["form"].errors["market"] == ["The plan is in GBP, the orders of US are in USD."]

    def test_a_plan_of_no_market(self, operator: Client) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="NEW", market="XX"))
        assert ask(operator, month="2026-05").context["form"].errors["market"] == ["There is no market XX."]


class TestWhoMay:
    def test_is_whoever_may_view_fee_plans(self, clerk: Client, plan: FeePlan) -> None:
        assert clerk.get(reverse(PAGE)).status_code == 403
        user = UserFactory.create(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_feeplan"))
        page = sign_in(user).get(reverse(PAGE))
        assert page.status_code == 200
        assert reverse(PAGE) in page.content.decode().split("<main")[0], "it stands in their sidebar"

    def test_strangers_are_asked_to_sign_in(self, client: Client) -> None:
        assert client.get(reverse(PAGE))["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_nobody_changes_anything(self, method: str, superuser: Client) -> None:
        assert getattr(superuser, method)(reverse(PAGE)).status_code == 405


def buy_e2_again(bought: Bought) -> None:
    """The same buyer buys once more."""
    sku_id = int(bought.quote["orders"][0]["lines"][0]["sku_id"])
    bought.shopper.buy(bought.shopper.quote((sku_id, 1)))
