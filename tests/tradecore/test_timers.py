"""Timers: right when they fire late, twice, or from three sweepers at once."""

from datetime import datetime, timedelta
from typing import Any, Never

import pytest

from tests.support import NOON, count_rows_read, in_use_case
from tradecore import clock, db, timers
from tradecore.models import AuditEntry, Timer
from tradecore.timers import Deadline, cancel_timers, reset_timer, set_timers, sweep

LATER = NOON + timedelta(minutes=30)


def set_one(subject: int = 7, due_at: Any = NOON, kind: str = "expire") -> None:
    in_use_case(lambda: set_timers([Deadline(kind, subject, due_at)]))


@db.use_case
def write_down(subject: int, now: datetime) -> None:
    """A use case that leaves a trace each time that it takes effect."""
    write_row(subject, now)


def write_row(subject: int, now: datetime) -> None:
    AuditEntry.objects.create(actor="timer", action="fired", subject=str(subject), occurred_at=now)


HANDLERS = {"expire": write_down}


def effects() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("subject", flat=True))


@pytest.mark.django_db
class TestSweep:
    def test_fires_what_is_due_and_nothing_else(self) -> None:
        set_one(1, NOON)
        set_one(2, LATER)
        assert sweep(handlers=HANDLERS, now=NOON) == 1
        assert effects() == ["1"]

    def test_fires_late_deadlines_in_their_order(self) -> None:
        set_one(2, NOON + timedelta(seconds=1))
        set_one(1, NOON)
        sweep(handlers=HANDLERS, now=LATER)
        assert effects() == ["1", "2"]

    def test_fires_once_however_often_it_is_swept(self) -> None:
        set_one()
        assert [sweep(handlers=HANDLERS, now=NOON) for _ in range(3)] == [1, 0, 0]
        assert effects() == ["7"]

    def test_rolls_back_a_second_firing_of_the_same_claim(self) -> None:
        set_one()
        timer = Timer.objects.get()
        assert timers._fire(timer, write_down, now=NOON) is True
        assert timers._fire(timer, write_down, now=NOON) is False
        assert effects() == ["7"]

    def test_leaves_the_next_deadline_that_its_own_firing_has_set(self) -> None:
        @db.use_case
        def go_on(subject: int, now: datetime) -> None:
            write_row(subject, now)
            for minutes in (5, 10):  # the last word counts
                reset_timer(Deadline("expire", subject, now + timedelta(minutes=minutes)))

        set_one()
        assert [sweep(handlers={"expire": go_on}, now=NOON) for _ in range(2)] == [1, 0]
        timer = Timer.objects.get()
        assert (timer.due_at, timer.fired_at) == (NOON + timedelta(minutes=10), None)
        assert sweep(handlers=HANDLERS, now=LATER) == 1
        assert effects() == ["7", "7"]

    def test_rolls_back_a_firing_that_would_set_anew_what_has_moved(self) -> None:
        @db.use_case
        def go_on(subject: int, now: datetime) -> None:
            write_row(subject, now)
            reset_timer(Deadline("expire", subject, now))

        set_one()
        timer = Timer.objects.get()
        in_use_case(lambda: reset_timer(Deadline("expire", 7, LATER)))
        assert timers._fire(timer, go_on, now=NOON) is False
        assert effects() == []
        assert Timer.objects.get().due_at == LATER

    def test_rolls_back_the_firing_of_a_deadline_that_has_moved(self) -> None:
        set_one()
        claimed = Timer.objects.get()
        in_use_case(lambda: reset_timer(Deadline("expire", 7, LATER)))
        assert timers._fire(claimed, write_down, now=NOON) is False
        assert effects() == []
        assert sweep(handlers=HANDLERS, now=LATER) == 1

    def test_leaves_the_timers_of_another_clock_alone(self) -> None:
        with clock.use_clock("replay"):
            set_one()
        assert sweep(handlers=HANDLERS, now=LATER) == 0
        assert sweep(handlers=HANDLERS, now=LATER, clock_name="replay") == 1

    def test_runs_its_handlers_on_the_clock_that_it_sweeps(self) -> None:
        names = []
        with clock.use_clock("replay"):
            set_one()
        in_use_case_handler = db.use_case(lambda subject, now: names.append(clock.clock_name()))
        sweep(handlers={"expire": in_use_case_handler}, now=NOON, clock_name="replay")
        assert names == ["replay"]

    def test_backs_off_from_a_handler_that_fails_and_goes_on_with_the_others(self) -> None:
        def fail(subject: int, now: datetime) -> Never:
            raise RuntimeError("cannot")

        set_one(1, kind="broken")
        set_one(2)
        assert sweep(handlers={**HANDLERS, "broken": fail}, now=NOON) == 1
        broken = Timer.objects.get(kind="broken")
        assert (broken.fired_at, broken.attempts, broken.dead_at) == (None, 1, None)
        assert broken.last_error == "RuntimeError: cannot"
        assert broken.claimed_until is not None
        assert broken.claimed_until > clock.real_now()

    def test_parks_a_timer_that_always_fails(self) -> None:
        def fail(subject: int, now: datetime) -> Never:
            raise RuntimeError("cannot")

        set_one(kind="broken")
        for _ in range(timers.ATTEMPTS_LIMIT):
            Timer.objects.update(claimed_until=None)
            sweep(handlers={"broken": fail}, now=NOON)
        assert Timer.objects.get().dead_at is not None
        Timer.objects.update(claimed_until=None)
        assert sweep(handlers={"broken": fail}, now=NOON) == 0

    def test_counts_a_handler_that_cancels_its_own_deadline_as_fired(self) -> None:
        @db.use_case
        def end_everything(subject: int, now: datetime) -> None:
            AuditEntry.objects.create(actor="timer", action="fired", subject=str(subject), occurred_at=now)
            cancel_timers(subjects=[subject], kinds=["expire"])

        set_one()
        assert sweep(handlers={"expire": end_everything}, now=NOON) == 1
        assert effects() == ["7"]

    def test_leaves_kinds_alone_that_only_a_newer_release_knows(self) -> None:
        set_one()
        assert sweep(handlers={"something_else": HANDLERS["expire"]}, now=NOON) == 0
        assert Timer.objects.get().claimed_until is None

    def test_takes_up_a_claim_whose_holder_died(self) -> None:
        set_one()
        timers._claim(kinds=HANDLERS, now=NOON, clock_name="real", limit=10)
        assert sweep(handlers=HANDLERS, now=NOON) == 0
        Timer.objects.update(claimed_until=clock.real_now() - timedelta(seconds=1))
        assert sweep(handlers=HANDLERS, now=NOON) == 1


@pytest.mark.mariadb
@pytest.mark.django_db
class TestWhatASweepReads:
    """Rows that the server reads for a sweep."""

    @staticmethod
    def read_for_a_sweep(*, firing: int) -> int:
        def sweep_them() -> None:
            assert sweep(handlers=HANDLERS, now=NOON) == firing

        return count_rows_read(sweep_them)

    @staticmethod
    def set_many(subjects: range, *, due_at: datetime) -> None:
        in_use_case(lambda: set_timers(Deadline("expire", subject, due_at) for subject in subjects))

    @pytest.mark.parametrize("firing", [0, 2])
    def test_is_the_same_however_many_are_pending_or_have_fired(self, firing: int) -> None:
        self.set_many(range(1, firing + 1), due_at=NOON)
        self.set_many(range(100, 110), due_at=LATER)
        few = self.read_for_a_sweep(firing=firing)
        self.set_many(range(11, firing + 11), due_at=NOON)
        self.set_many(range(1_000, 6_000), due_at=LATER)
        Timer.objects.filter(subject__gte=4_000).update(fired_at=NOON, due_at=NOON)
        assert self.read_for_a_sweep(firing=firing) <= few + 4


@pytest.mark.django_db
class TestSetting:
    def test_moves_a_deadline_that_has_fired(self) -> None:
        set_one()
        sweep(handlers=HANDLERS, now=NOON)
        in_use_case(lambda: reset_timer(Deadline("expire", 7, LATER)))
        assert sweep(handlers=HANDLERS, now=LATER) == 1
        assert effects() == ["7", "7"]

    def test_sets_one_that_there_was_not(self) -> None:
        in_use_case(lambda: reset_timer(Deadline("expire", 7, NOON)))
        assert sweep(handlers=HANDLERS, now=NOON) == 1

    def test_takes_a_deadline_away(self) -> None:
        set_one()
        in_use_case(lambda: cancel_timers(subjects=[7], kinds=["expire"]))
        assert sweep(handlers=HANDLERS, now=LATER) == 0


@pytest.mark.race
class TestThreeSweepersAtOnce:
    def test_fire_every_deadline_once(self, race: Any) -> None:
        in_use_case(lambda: set_timers(Deadline("expire", subject, NOON) for subject in range(1, 61)))
        results = race([lambda: sweep(handlers=HANDLERS, now=NOON, limit=30)] * 3)
        while sweep(handlers=HANDLERS, now=NOON):
            pass
        assert all(isinstance(result, int) for result in results)
        assert sorted(effects(), key=int) == [str(subject) for subject in range(1, 61)]
