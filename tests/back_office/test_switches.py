"""The boards of degradation and of live settings, and what operators do there."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.markets.api import forget_markets, load_standard_markets
from tests.back_office.conftest import sign_in
from tests.factories.accounts import UserFactory
from tests.factories.sellers import ShopFactory
from tests.support import NOON
from tradecore import clock, degradation, live_settings
from tradecore.models import Approval, PlanSwitch, SettingVersion

ACTS = {
    "switch_off": "add_planswitch",
    "switch_on_again": "change_planswitch",
    "set_setting": "add_settingversion",
    "roll_back_setting": "add_settingversion",
}
OFF = {"plan": "market_closed", "market": "GB", "minutes": "30", "reason": "a wrong tax table"}
ON = {"plan": "market_closed", "market": "GB", "reason": "the table is right"}
SETTING = {
    "setting": "checkout.quantity_limit",
    "market": "GB",
    "shop": "",
    "value": "3",
    "percent": "100",
    "reason": "a hot sale",
}


@pytest.fixture(autouse=True)
def _markets(db: None) -> None:
    load_standard_markets(now=NOON)
    forget_markets()


def send(client: Client, act: str, form: dict[str, str]) -> Any:
    return client.post(reverse(f"back_office:{act}"), form)


def shown(client: Client, page: str) -> str:
    answer = client.get(reverse(f"back_office:{page}"))
    assert answer.status_code == HTTPStatus.OK
    return " ".join(answer.content.decode().split())


class TestWhoMay:
    @pytest.mark.parametrize("page", ["degradation", "live_settings", *ACTS])
    def test_nobody_without_the_permission(self, clerk: Client, page: str) -> None:
        assert clerk.get(reverse(f"back_office:{page}")).status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize(("act", "permission"), ACTS.items())
    def test_whoever_was_granted_it(self, act: str, permission: str) -> None:
        user = UserFactory.create(is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename=permission))
        assert sign_in(user).get(reverse(f"back_office:{act}")).status_code == HTTPStatus.OK

    def test_readers_see_the_boards_and_no_way_to_act(self, operator: Client) -> None:
        for page, way in (("degradation", "switch_off"), ("live_settings", "set_setting")):
            assert reverse(f"back_office:{way}") not in shown(operator, page)


class TestDegradation:
    def test_shows_what_is_off_why_since_when_and_what_buyers_see(self, superuser: Client) -> None:
        assert send(superuser, "switch_off", OFF).status_code == HTTPStatus.FOUND
        switch = PlanSwitch.objects.get()
        page = shown(superuser, "degradation")
        assert "a wrong tax table" in page
        assert f"by {switch.switched_on_by}" in page
        assert f"{switch.since:%-d %b %Y %H:%M:%S}" in page
        assert f"{switch.until:%-d %b %Y %H:%M:%S}" in page
        assert degradation.PLANS["market_closed"].buyers_see in page
        assert switch.until - switch.since == timedelta(minutes=30)

    def test_ends_it(self, superuser: Client) -> None:
        send(superuser, "switch_off", OFF)
        assert send(superuser, "switch_on_again", ON).status_code == HTTPStatus.FOUND
        assert not degradation.list_on()
        assert "the table is right" in shown(superuser, "degradation")

    @pytest.mark.parametrize(
        ("parts", "said"),
        [
            ({"market": ""}, "one market is closed at a time: name it"),
            ({"plan": "guests"}, "it is of all markets"),
            ({"minutes": "0"}, "greater than or equal to 1"),
            ({"minutes": "43201"}, "less than or equal to 43200"),
            ({"market": "XX"}, "Select a valid choice"),
            ({"reason": ""}, "This field is required"),
        ],
    )
    def test_says_what_cannot_be(self, superuser: Client, parts: dict[str, str], said: str) -> None:
        answer = send(superuser, "switch_off", OFF | parts)
        assert said in answer.content.decode()
        assert not PlanSwitch.objects.exists()

    def test_is_counted_on_the_dashboard(self, superuser: Client) -> None:
        send(superuser, "switch_off", OFF)
        assert "market_closed:GB" in superuser.get(reverse("admin:index")).content.decode()


class TestLiveSettings:
    def test_sets_one_for_a_market(self, superuser: Client) -> None:
        assert send(superuser, "set_setting", SETTING).status_code == HTTPStatus.FOUND
        row = SettingVersion.objects.get()
        assert (row.target, row.value, row.percent) == ("market:GB", 3, 100)
        assert "market:GB: 3" in shown(superuser, "live_settings")

    def test_sets_one_for_a_part_of_the_buyers_of_a_shop(self, superuser: Client) -> None:
        shop = ShopFactory.create(handle="kettle-and-crumb")
        send(superuser, "set_setting", SETTING | {"market": "", "shop": "kettle-and-crumb", "percent": "25"})
        assert SettingVersion.objects.get().target == f"shop:{shop.pk}"
        assert "3 for 25 % of buyers, not set for the others" in shown(superuser, "live_settings")

    def test_asks_a_second_person_where_it_takes_two(self, superuser: Client) -> None:
        send(superuser, "set_setting", SETTING | {"setting": "catalog.steepest_drop_bp", "value": "9900"})
        assert not SettingVersion.objects.exists()
        assert Approval.objects.get().content["value"] == 9900

    def test_rolls_one_back(self, superuser: Client) -> None:
        send(superuser, "set_setting", SETTING)
        send(superuser, "set_setting", SETTING | {"value": "5"})
        form = {"setting": SETTING["setting"], "market": "GB", "shop": "", "version": "", "reason": "a mistake"}
        assert send(superuser, "roll_back_setting", form).status_code == HTTPStatus.FOUND
        assert SettingVersion.objects.get(version=3).value == 3

    @pytest.mark.parametrize(
        ("parts", "said"),
        [
            ({"value": "0"}, "it is a whole number from 1 to 10000"),
            ({"value": "three"}, "This is not JSON."),
            ({"percent": "101"}, "less than or equal to 100"),
            ({"shop": "kettle-and-crumb"}, "not for both"),
            ({"market": "", "shop": "nobody"}, "There is no shop with this handle"),
            ({"setting": "settlement.run_limit", "percent": "5"}, "it is not set for a part of the buyers"),
            ({"setting": "reconciliation.refund_times"}, "it is not set by market"),
        ],
    )
    def test_says_what_cannot_be(self, superuser: Client, parts: dict[str, str], said: str) -> None:
        answer = send(superuser, "set_setting", SETTING | parts)
        assert answer.status_code == HTTPStatus.OK
        assert said in answer.content.decode()
        assert not SettingVersion.objects.exists()


def test_the_boards_are_read_in_statements_that_do_not_grow(
    superuser: Client, django_assert_max_num_queries: Any
) -> None:
    now = clock.now()
    for plan in ("guests", "promotions", "payouts"):
        degradation.switch_on(plan=plan, until=now + timedelta(hours=1), reason="x", actor="user:1", now=now)
    for value in range(1, 6):
        live_settings.set_value(
            name="checkout.quantity_limit", target="everyone", value=value, actor="user:1", reason="x", now=now
        )
    for page in ("degradation", "live_settings"):
        shown(superuser, page)
        with django_assert_max_num_queries(12):
            shown(superuser, page)
