"""What is declared of degradation, and that its triggers measure what they say."""

import re
from datetime import timedelta

import pytest

from config.degradation import CACHE_USERS, DEPENDENCIES, PROMOTIONS_OFF_AT_FREEZES, TRIGGERS
from config.environment import env
from config.jobs import JOBS
from config.settings import BASE_DIR
from tradecore import clock, degradation, freezes, live_settings
from tradecore.degradation import PLANS, Dependency, Trigger


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.name)
def test_every_plan_says_what_stops_and_what_goes_on(plan: degradation.Plan) -> None:
    assert plan.stops.endswith(".")
    assert plan.instead.endswith(".")


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda dependency: dependency.name)
def test_every_dependency_says_what_is_done_without_it(dependency: Dependency) -> None:
    assert dependency.without_it.endswith(".")
    assert degradation.DEPENDENCIES.get(dependency.name) is dependency


def test_every_address_in_the_environment_is_of_a_declared_dependency() -> None:
    """But the database's: nothing can be done without that."""
    addresses = {name for name in env.scheme if name.endswith("_URL")} - {"DATABASE_URL"}
    assert addresses == {name for dependency in DEPENDENCIES for name in dependency.variables}


def test_everybody_who_uses_the_cache_says_what_they_do_without_it() -> None:
    sources = [path for folder in ("apps", "config", "tradecore") for path in (BASE_DIR / folder).rglob("*.py")]
    users = {
        ".".join(path.relative_to(BASE_DIR).with_suffix("").parts)
        for path in sources
        if re.search(r"django\.core\.cache|django_redis import|get_redis_connection", path.read_text())
        and path.name != "settings.py"
    }
    assert users == set(CACHE_USERS)
    assert all(said.endswith(".") for said in CACHE_USERS.values())


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.name)
class TestEveryTrigger:
    def test_is_of_a_plan_that_is_of_all_markets(self, trigger: Trigger) -> None:
        assert not degradation.get_plan(trigger.plan).of_market

    def test_is_renewed_before_it_ends(self, trigger: Trigger) -> None:
        _, _, every_s = JOBS["check_triggers"]
        assert timedelta(seconds=every_s) < degradation.RENEWED_BEFORE_END < trigger.lasts

    @pytest.mark.django_db
    def test_measures_nothing_where_nothing_is_wrong(self, trigger: Trigger) -> None:
        assert trigger.measure() == 0


@pytest.mark.django_db
def test_frozen_promotions_switch_all_of_them_off() -> None:
    now = clock.now()
    live_settings.set_value(
        name=PROMOTIONS_OFF_AT_FREEZES.name, target="everyone", value=2, actor="user:1", reason="a test", now=now
    )
    for promotion_id in (7, 8):
        assert degradation.check_triggers(now=now) == 0
        freezes.place_freeze(
            kind=freezes.PROMOTION, subject=promotion_id, reason="a break", actor="reconciliation", now=now
        )
    assert degradation.check_triggers(now=now) == 1
    switch = degradation.find_on(degradation.PROMOTIONS)
    assert switch is not None
    assert switch.reason == "frozen promotions: 2, and the bound is 2"
