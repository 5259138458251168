"""Plans: switched on by people and triggers, known to every process, over at their end, recorded."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support import NOON
from tradecore import clock, degradation, revisions
from tradecore.degradation import PLANS, TRIGGERS, SwitchRefused, Trigger
from tradecore.errors import NotFound
from tradecore.live_settings import LiveSetting, WholeNumber
from tradecore.models import AuditEntry, PlanSwitch

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def switch_on(plan: str = degradation.PROMOTIONS, *, lasts: timedelta = HOUR, **parts: Any) -> degradation.Switch:
    now = clock.now()
    known: dict[str, Any] = {"until": now + lasts, "reason": "a test", "actor": "user:1", "now": now}
    return degradation.switch_on(plan=plan, **known | parts)


def switch_off(plan: str = degradation.PROMOTIONS, *, market: str = "", actor: str = "user:2") -> int:
    return degradation.switch_off(plan=plan, market=market, reason="it is over", actor=actor, now=clock.now())


class TestSwitchOn:
    def test_is_on_at_once_and_says_who_why_and_until_when(self) -> None:
        assert not degradation.is_on(degradation.PROMOTIONS)
        switch = switch_on()
        assert degradation.list_on() == [switch]
        assert (switch.switched_on_by, switch.reason, switch.until - switch.since) == ("user:1", "a test", HOUR)
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.subject) == ("user:1", "degradation.on", "plan:promotions")

    def test_switches_nothing_else_on(self) -> None:
        switch_on(degradation.MARKET_CLOSED, market="GB")
        assert degradation.is_on(degradation.MARKET_CLOSED, market="GB")
        assert not degradation.is_on(degradation.MARKET_CLOSED, market="FR")
        assert not any(degradation.is_on(plan) for plan in PLANS)

    def test_is_heard_of_by_other_processes_at_their_next_look(self) -> None:
        switch_on()
        degradation._switches.be_empty()  # as if this process had not done it
        assert not degradation.is_on(degradation.PROMOTIONS)
        revisions.look()
        assert degradation.is_on(degradation.PROMOTIONS)

    def test_is_asked_of_nobody(self, django_assert_num_queries: Any) -> None:
        switch_on()
        degradation.list_on()
        with django_assert_num_queries(0):
            assert degradation.is_on(degradation.PROMOTIONS)
            assert degradation.list_seen() == ["promotions"]

    @pytest.mark.parametrize(
        ("plan", "parts", "field"),
        [
            (degradation.MARKET_CLOSED, {}, "market"),
            (degradation.PROMOTIONS, {"market": "GB"}, "market"),
            (degradation.PROMOTIONS, {"lasts": timedelta(0)}, "until"),
            (degradation.PROMOTIONS, {"lasts": timedelta(days=30, seconds=1)}, "until"),
        ],
    )
    def test_refuses_what_cannot_be_and_leaves_nothing(self, plan: str, parts: dict[str, Any], field: str) -> None:
        with pytest.raises(SwitchRefused) as refused:
            switch_on(plan, **parts)
        assert refused.value.field == field
        assert not PlanSwitch.objects.exists()

    def test_refuses_a_plan_that_there_is_not(self) -> None:
        with pytest.raises(NotFound):
            switch_on("everything")


class TestTheEnd:
    def test_comes_by_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        switch = switch_on(degradation.PAYOUTS)
        assert degradation.is_on(degradation.PAYOUTS)
        assert degradation.read_on(degradation.PAYOUTS)
        monkeypatch.setattr(clock, "real_now", lambda: switch.until)
        assert not degradation.is_on(degradation.PAYOUTS)
        assert not degradation.read_on(degradation.PAYOUTS)

    def test_comes_with_the_last_switch(self) -> None:
        switch_on(lasts=HOUR)
        longer = switch_on(lasts=2 * HOUR)
        assert degradation.find_on(degradation.PROMOTIONS) == longer
        assert switch_off() == 2
        assert not degradation.is_on(degradation.PROMOTIONS)

    def test_that_a_person_brings_is_recorded(self) -> None:
        switch_on()
        switch_off()
        row = PlanSwitch.objects.get()
        assert (row.ended_by, row.end_reason, row.ended_at is not None) == ("user:2", "it is over", True)
        entry = AuditEntry.objects.get(action="degradation.off")
        assert (entry.actor, entry.reason) == ("user:2", "it is over")

    def test_of_what_is_not_on_changes_nothing(self) -> None:
        switch_on(degradation.MARKET_CLOSED, market="GB")
        assert switch_off(degradation.MARKET_CLOSED, market="FR") == 0
        assert not AuditEntry.objects.filter(action="degradation.off").exists()

    def test_tells_clients_when_to_come_back(self) -> None:
        assert switch_on(lasts=HOUR).retry_after == degradation.RETRY_AFTER_MAX_S
        assert 1 <= switch_on(lasts=timedelta(seconds=5)).retry_after <= 5


class TestWhatBuyersSee:
    def test_is_named_once_and_in_order(self) -> None:
        switch_on(degradation.READ_ONLY)
        switch_on(degradation.MARKET_CLOSED, market="GB")
        switch_on(degradation.READ_ONLY)
        assert len(degradation.list_on()) == 3
        assert degradation.list_seen() == ["market_closed:GB", "read_only"]

    def test_is_nothing_of_what_does_not_concern_them(self) -> None:
        switch_on(degradation.PAYOUTS)
        assert degradation.list_seen() == []


class TestTriggers:
    @pytest.fixture(autouse=True)
    def _trigger(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.measured, self.bound = 0, 3
        bound = LiveSetting(
            name="tests.bound", meaning="A bound.", schema=WholeNumber(0, 9), default=lambda: self.bound
        )
        trigger = Trigger(
            name="smoke",
            plan=degradation.PROMOTIONS,
            measures="smoke in the hall",
            measure=lambda: self.measured,
            bound=bound,
            lasts=HOUR,
        )
        monkeypatch.setattr(TRIGGERS, "_implementations", {trigger.name: trigger})

    def check(self, now: datetime | None = None) -> int:
        return degradation.check_triggers(now=now or clock.now())

    def test_switch_on_at_the_bound_and_are_recorded_as_the_system(self) -> None:
        self.measured = 2
        assert self.check() == 0
        self.measured = 3
        assert self.check() == 1
        (switch,) = degradation.list_on()
        assert (switch.plan, switch.trigger, switch.switched_on_by) == ("promotions", "smoke", "system")
        assert switch.reason == "smoke in the hall: 3, and the bound is 3"
        assert switch.until - switch.since == HOUR
        assert AuditEntry.objects.get().actor == "system"

    def test_switch_on_once_and_again_before_the_end(self) -> None:
        self.measured = 3
        now = clock.now()
        assert [self.check(now), self.check(now + HOUR / 2)] == [1, 0]
        assert self.check(now + HOUR - timedelta(seconds=30)) == 1

    def test_leave_alone_what_a_person_has_ended(self) -> None:
        self.measured = 3
        self.check()
        switch_off()
        ended_at = PlanSwitch.objects.get().ended_at
        assert ended_at is not None
        assert self.check() == 0
        assert self.check(ended_at + HOUR) == 1

    def test_are_off_with_a_bound_of_zero(self) -> None:
        self.measured, self.bound = 9, 0
        assert self.check() == 0

    def test_switch_on_whatever_a_person_has_switched_on(self) -> None:
        self.measured = 3
        switch_on(lasts=timedelta(minutes=1))
        assert self.check() == 1


@pytest.mark.race
class TestAtOnce:
    def test_one_of_many_checks_pulls_a_trigger(self, race: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        bound = LiveSetting(name="tests.bound", meaning="A bound.", schema=WholeNumber(0, 9), default=lambda: 1)
        trigger = Trigger(name="smoke", plan="promotions", measures="smoke", measure=lambda: 1, bound=bound, lasts=HOUR)
        monkeypatch.setattr(TRIGGERS, "_implementations", {trigger.name: trigger})
        pulled = race([lambda: degradation.check_triggers(now=NOON)] * 6)
        assert sorted(pulled) == [0, 0, 0, 0, 0, 1]
        assert PlanSwitch.objects.count() == 1
