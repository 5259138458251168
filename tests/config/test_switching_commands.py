"""`manage.py degrade` and `manage.py settings`: for people, and with --json for scripts."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.markets.api import forget_markets, load_standard_markets
from tests.factories.accounts import UserFactory
from tests.support import NOON
from tradecore import degradation
from tradecore.models import Approval, PlanSwitch, SettingVersion

pytestmark = pytest.mark.django_db

OPERATOR = "asks@example.com"
BY = ("--reason", "a test", "--as", OPERATOR)
LIMIT = "checkout.quantity_limit"


def run(*words: object) -> str:
    """What the command writes."""
    out = StringIO()
    call_command(*map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture(autouse=True)
def operator() -> Any:
    load_standard_markets(now=NOON)
    forget_markets()
    return UserFactory(email=OPERATOR, is_staff=True)


class TestDegrade:
    def test_lists_every_plan_and_that_nothing_is_off(self) -> None:
        said = run("degrade", "list")
        assert said.startswith("nothing is off")
        for plan in degradation.PLANS.values():
            assert plan.stops in said
        assert run_json("degrade", "list")["on"] == []

    def test_switches_on_shows_and_ends(self, operator: Any) -> None:
        switched = run_json("degrade", "on", "market_closed", "--market", "GB", "--for", "30m", *BY)
        row = PlanSwitch.objects.get()
        assert row.until - row.since == timedelta(minutes=30)
        assert (switched["market"], switched["switched_on_by"]) == ("GB", f"user:{operator.pk}")
        assert run_json("degrade", "list")["on"] == [switched]
        assert "market_closed:GB" in run("degrade", "list")
        assert run("degrade", "off", "market_closed", "--market", "GB", *BY).strip() == "switched off"
        assert run_json("degrade", "off", "market_closed", "--market", "GB", *BY) == {"ended": 0}

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["everything", "--for", "30m", *BY], "invalid choice"),
            (["guests", "--for", "30", *BY], "is no time such as 30m, 2h or 1d"),
            (["guests", "--for", "31d", *BY], "it is on for 30 days at most"),
            (["guests", "--market", "GB", "--for", "1h", *BY], "it is of all markets"),
            (["market_closed", "--for", "1h", *BY], "name it"),
            (["market_closed", "--market", "XX", "--for", "1h", *BY], "no such market"),
            (["guests", "--for", "1h", "--reason", " ", "--as", OPERATOR], "1 to 300 characters"),
            (["guests", "--for", "1h", "--reason", "x", "--as", "nobody@example.com"], "is no operator"),
        ],
        ids=lambda words: " ".join(words[:3]) if isinstance(words, list) else "",
    )
    def test_says_what_cannot_be(self, words: list[str], said: str) -> None:
        with pytest.raises(CommandError) as refused:
            run("degrade", "on", *words)
        assert said in str(refused.value)
        assert not PlanSwitch.objects.exists()


class TestSettings:
    def test_lists_what_may_be_set_and_what_is(self) -> None:
        run("settings", "set", LIMIT, 3, "--market", "GB", "--percent", 25, *BY)
        said = run("settings", "list")
        assert "market:GB: 3 for 25 % of buyers, not set for the others (version 1)" in said
        assert "catalog.steepest_drop_bp  (two people)" in said
        (described,) = [each for each in run_json("settings", "list") if each["name"] == LIMIT]
        assert described["set"][0]["value"] == 3

    def test_shows_versions_and_goes_back(self) -> None:
        for value in (3, 5):
            run("settings", "set", LIMIT, value, *BY)
        assert run("settings", "rollback", LIMIT, *BY).strip() == f"version 3: {LIMIT} of everyone is 3"
        assert [each["value"] for each in run_json("settings", "show", LIMIT)["versions"]] == [3, 5, 3]
        assert run_json("settings", "rollback", LIMIT, "--to", 2, *BY)["set"]["value"] == 5

    def test_asks_a_second_person_where_it_takes_two(self) -> None:
        waits = run_json("settings", "set", "settlement.account_rest_s", 0, *BY)["awaits_approval"]
        assert int(waits["approval_id"]) == Approval.objects.get().pk
        assert not SettingVersion.objects.exists()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["set", LIMIT, "0", *BY], "it is a whole number from 1 to 10000"),
            (["set", LIMIT, "three", *BY], "is not JSON"),
            (["set", "checkout.nothing", "1", *BY], "There is no such thing here"),
            (["set", LIMIT, "1", "--market", "XX", *BY], "no such market"),
            (["set", LIMIT, "1", "--shop", "12", *BY], "shop"),
            (["set", LIMIT, "1", "--percent", "0", *BY], "is not a whole number from 1 to 100"),
            (["set", LIMIT, "1", "--market", "GB", "--shop", "12", *BY], "not allowed with"),
            (["rollback", LIMIT, *BY], "There is no version to go back to"),
            (["show", "checkout.nothing"], "There is no such thing here"),
        ],
        ids=lambda words: " ".join(words[:5]) if isinstance(words, list) else "",
    )
    def test_says_what_cannot_be(self, words: list[str], said: str) -> None:
        with pytest.raises(CommandError) as refused:
            run("settings", *words)
        assert said in str(refused.value)
        assert not SettingVersion.objects.exists()
