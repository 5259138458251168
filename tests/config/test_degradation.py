"""What is declared of degradation, and that its triggers measure what they say."""

import math
import re
import time
from datetime import timedelta
from typing import Any

import pytest

from apps.payments import api as payments
from apps.payments.services.calls import _CIRCUITS
from config.degradation import ALARMS, CACHE_USERS, DEPENDENCIES, PROMOTIONS_OFF_AT_FREEZES, TRIGGERS
from config.environment import env
from config.jobs import JOBS
from config.settings import BASE_DIR
from config.traffic import BERTHS, Traffic, classify
from tests.factories.checkout import ShopFloor, make_shop_floor
from tradecore import alarms, clock, degradation, freezes, live_settings
from tradecore.alarms import Alarm
from tradecore.degradation import PLANS, Dependency, Trigger
from tradecore.http.gate import Gate, refuses_critical


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
@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
class TestEveryAlarm:
    def test_is_known_and_says_its_cause(self, alarm: Alarm) -> None:
        assert alarms.ALARMS.get(alarm.name) is alarm
        assert degradation.get_plan(alarm.plan)
        assert alarm.cause
        assert not alarm.cause.endswith(".")

    def test_sees_nothing_and_asks_nobody_where_nothing_is_wrong(
        self, alarm: Alarm, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            assert not alarm.sees()


class TestNoThreadForPurchases:
    @pytest.fixture(autouse=True)
    def begun(self, monkeypatch: pytest.MonkeyPatch) -> float:
        """The last time was long ago, and now is one moment, until a test says otherwise."""
        begun = time.monotonic()
        monkeypatch.setattr("tradecore.http.gate.time.monotonic", lambda: begun)
        monkeypatch.setattr("tradecore.http.gate._critical.refused_at", -math.inf)
        return begun

    def refuse(self, path: str, *, early: bool) -> None:
        """Let a request find no thread, in the loop that waits for connections or in a thread."""
        gate = Gate(lambda *_: [], classify=classify, berths=BERTHS, threads=1)
        assert gate._bulkheads.enter(Traffic.PURCHASE)
        if early:
            gate.decide_early(f"POST {path} HTTP/1.1\r\n\r\n".encode())
        else:
            gate({"REQUEST_METHOD": "POST", "PATH_INFO": path}, lambda *_: None)

    @pytest.mark.parametrize("early", [True, False])
    def test_is_seen_while_purchases_are_refused(
        self, begun: float, monkeypatch: pytest.MonkeyPatch, *, early: bool
    ) -> None:
        self.refuse("/store/v1/purchases", early=early)
        assert refuses_critical()
        monkeypatch.setattr("tradecore.http.gate.time.monotonic", lambda: begun + 2)
        assert not refuses_critical()

    @pytest.mark.parametrize("early", [True, False])
    def test_is_not_seen_while_others_are(self, *, early: bool) -> None:
        self.refuse("/store/v1/quotes", early=early)
        assert not refuses_critical()


@pytest.mark.django_db
class TestProvidersThatAreSilent:
    @pytest.fixture
    def floor(self) -> ShopFloor:
        return make_shop_floor()

    def sees(self) -> list[str]:
        (alarm,) = (alarm for alarm in ALARMS if alarm.name == "providers_silent")
        return sorted(alarm.sees())

    def fail(self, provider: str) -> None:
        for _ in range(5):
            with (
                pytest.raises(payments.ProviderUnreachable),
                _CIRCUITS.to(provider).calling(payments.ProviderUnreachable),
            ):
                raise payments.ProviderUnreachable("no answer")

    def test_are_seen_in_every_market_once_all_of_them_are(self, floor: ShopFloor) -> None:
        first, *others = sorted(payments.PROVIDERS.names())
        self.fail(first)
        assert bool(self.sees()) is not bool(others)
        for other in others:
            self.fail(other)
        assert "GB" in self.sees()

    def test_are_not_seen_when_nobody_has_tried_for_a_while(
        self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in payments.PROVIDERS.names():
            self.fail(name)
        later = time.monotonic() + 20
        monkeypatch.setattr("tradecore.breakers.time.monotonic", lambda: later)
        assert not self.sees()


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
