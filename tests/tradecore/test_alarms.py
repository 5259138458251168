"""Alarms: what a process sees by itself switches a plan on, stands in the table, and is over when its cause is."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection

from tradecore import alarms, clock, db, degradation, refused_writes, revisions
from tradecore.alarms import ALARMS, EVERYWHERE, Alarm
from tradecore.degradation import SYSTEM
from tradecore.live_settings import LiveSetting, WholeNumber
from tradecore.models import AuditEntry, PlanSwitch

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


class Hall:
    """A process with one alarm, and a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.smoke: Collection[str] = ()
        self.after_s = 10
        self._now, self._passed_s = clock.real_now(), 0.0
        self._monkeypatch = monkeypatch
        monkeypatch.setattr("tradecore.alarms.time.monotonic", lambda: self._passed_s)
        monkeypatch.setattr(clock, "real_now", lambda: self.now)

    @property
    def now(self) -> datetime:
        return self._now + timedelta(seconds=self._passed_s)

    def set_up(
        self,
        plan: str = degradation.GUESTS,
        *,
        sees: Callable[[], Collection[str]] | None = None,
        is_held: bool = False,
    ) -> None:
        after = LiveSetting(
            name="tests.after", meaning="A time.", schema=WholeNumber(0, 99), default=lambda: self.after_s
        )
        alarm = Alarm(
            name="smoke",
            plan=plan,
            cause="smoke in the hall",
            sees=sees or (lambda: self.smoke),
            after=after,
            lasts=MINUTE,
            is_held=is_held,
        )
        self._monkeypatch.setattr(ALARMS, "_implementations", {alarm.name: alarm})

    def pass_time(self, seconds: float) -> None:
        """Look once, and once more after that time."""
        alarms.look()
        self._passed_s += seconds
        alarms.look()


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    return Hall(monkeypatch)


class TestAnAlarm:
    def test_is_pulled_by_a_cause_that_stands_and_says_why(self, hall: Hall) -> None:
        hall.set_up()
        hall.smoke = EVERYWHERE
        hall.pass_time(9)
        assert not degradation.is_on(degradation.GUESTS)
        hall.pass_time(1)
        (switch,) = degradation.list_on()
        assert (switch.plan, switch.trigger, switch.switched_on_by) == (degradation.GUESTS, "smoke", SYSTEM)
        assert switch.reason == "smoke in the hall, for 10 s"
        assert switch.until == hall.now + MINUTE
        assert AuditEntry.objects.get().actor == SYSTEM

    def test_is_not_pulled_by_a_cause_that_comes_and_goes(self, hall: Hall) -> None:
        hall.set_up()
        for smoke in (EVERYWHERE, (), EVERYWHERE):
            hall.smoke = smoke
            hall.pass_time(9)
        assert not PlanSwitch.objects.exists()

    def test_goes_on_while_its_cause_does_and_is_over_after_it(self, hall: Hall) -> None:
        hall.set_up()
        hall.smoke = EVERYWHERE
        hall.pass_time(10)
        for _ in range(12):
            hall.pass_time(10)
            assert degradation.is_on(degradation.GUESTS)
        hall.smoke = ()
        hall.pass_time(MINUTE.total_seconds())
        assert not degradation.is_on(degradation.GUESTS)
        assert PlanSwitch.objects.count() <= 4, "one for most of a minute"

    def test_is_never_pulled_after_zero_seconds(self, hall: Hall) -> None:
        hall.set_up()
        hall.smoke, hall.after_s = EVERYWHERE, 0
        hall.pass_time(99)
        assert not PlanSwitch.objects.exists()

    def test_leaves_alone_what_a_person_has_ended(self, hall: Hall) -> None:
        hall.set_up()
        hall.smoke = EVERYWHERE
        hall.pass_time(10)
        degradation.switch_off(plan=degradation.GUESTS, reason="a drill", actor="user:2", now=hall.now)
        hall.pass_time(30)
        assert not degradation.is_on(degradation.GUESTS)
        hall.pass_time(30)
        assert degradation.is_on(degradation.GUESTS)

    def test_is_of_the_markets_where_its_cause_is(self, hall: Hall) -> None:
        hall.set_up(degradation.MARKET_CLOSED)
        hall.smoke = ["GB", "FR"]
        hall.pass_time(10)
        assert {switch.shown for switch in degradation.list_on()} == {"market_closed:FR", "market_closed:GB"}

    def test_of_one_process_is_heard_of_by_others_and_not_pulled_again(self, hall: Hall) -> None:
        hall.set_up()
        hall.smoke = EVERYWHERE
        hall.pass_time(10)
        degradation._switches.be_empty()  # another process, which sees the same
        alarms.forget()
        hall.pass_time(10)
        revisions.look()
        assert degradation.is_on(degradation.GUESTS)
        assert PlanSwitch.objects.count() == 1


@pytest.fixture
def read_only() -> Iterator[Callable[[], None]]:
    """Let the database take no writes from now on; the function that it yields lets it take them again."""
    if connection.vendor != "sqlite":
        pytest.skip("on MariaDB: tests/config/test_switching_under_load.py")
    pragma = "PRAGMA query_only = {}"

    def end() -> None:
        connection.cursor().execute(pragma.format("OFF"))

    connection.cursor().execute(pragma.format("ON"))
    yield end
    end()


@db.use_case
def write() -> None:
    revisions.count_up("tests")


class TestWritesThatAreRefused:
    def meet(self) -> None:
        with pytest.raises(DatabaseError) as refused:
            write()
        assert refused_writes.are_meant(refused.value)

    @pytest.fixture(autouse=True)
    def _alarm(self, hall: Hall) -> None:
        hall.after_s = 1
        hall.set_up(degradation.READ_ONLY, sees=alarms.sees_refused_writes, is_held=True)

    def test_are_asked_about_only_once_one_was_noticed(
        self, django_assert_num_queries: Callable[[int], object]
    ) -> None:
        degradation.list_on()
        with django_assert_num_queries(0):  # type: ignore[attr-defined]
            alarms.look()

    def test_switch_to_read_only_until_they_are_taken_and_are_recorded_then(
        self, hall: Hall, read_only: Callable[[], None]
    ) -> None:
        self.meet()
        hall.pass_time(1)
        began = hall.now
        assert degradation.list_seen() == ["read_only"]
        with pytest.raises(degradation.ReadOnly):
            degradation.refuse_if_read_only()
        for _ in range(3):
            hall.pass_time(50)
            assert degradation.is_on(degradation.READ_ONLY), "as long as it stands"
        read_only()
        assert not PlanSwitch.objects.exists()
        hall.pass_time(MINUTE.total_seconds())
        assert not degradation.is_on(degradation.READ_ONLY)
        row = PlanSwitch.objects.get()
        assert (row.plan, row.trigger, row.switched_on_by) == (degradation.READ_ONLY, "smoke", SYSTEM)
        assert (row.since, row.until) == (began, began + timedelta(seconds=150) + MINUTE)
        assert row.reason == "smoke in the hall, for 151 s"

    def test_are_recorded_by_one_of_those_who_met_them(self, hall: Hall, read_only: Callable[[], None]) -> None:
        self.meet()
        hall.pass_time(1)
        held = dict(degradation._held)
        read_only()
        hall.pass_time(MINUTE.total_seconds())
        degradation._held.update(held)  # another process
        alarms.look()
        assert PlanSwitch.objects.count() == 1
        assert not degradation._held

    def test_of_one_statement_alone_are_none(self, hall: Hall) -> None:
        """A table that is full, while others are not."""
        refused_writes.notice(OperationalError(1114, "The table 'x' is full"))
        hall.pass_time(30)
        assert not degradation.list_on()
        assert not refused_writes.were_noticed()


class TestWhatIsMeant:
    @pytest.mark.parametrize(
        "error",
        [
            OperationalError(1290, "The MariaDB server is running with the --read-only option"),
            OperationalError(1836, "Running in read-only mode"),
            OperationalError(1021, "Disk full (/tmp); waiting for someone to free some space"),
            OperationalError(1114, "The table 'kernel_outbox' is full"),
            OperationalError(1030, 'Got error 28 "No space left on device" from storage engine InnoDB'),
            OperationalError("attempt to write a readonly database"),
        ],
    )
    def test_by_a_refused_write(self, error: DatabaseError) -> None:
        assert refused_writes.are_meant(error)

    @pytest.mark.parametrize(
        "error",
        [
            OperationalError(1213, "Deadlock found"),
            OperationalError(1030, "Got error 1 from storage engine InnoDB"),
            OperationalError(2006, "Server has gone away"),
            DatabaseError(),
        ],
    )
    def test_by_nothing_else(self, error: DatabaseError) -> None:
        assert not refused_writes.are_meant(error)
