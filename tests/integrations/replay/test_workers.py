"""The same work on many things, in several processes."""

import os
import signal

import pytest

from apps.integrations.replay.workers import WorkerFailed, do_all

pytestmark = pytest.mark.django_db(transaction=True)

THINGS = list(range(20))


def double(number: int) -> int:
    return 2 * number


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise ValueError("seven")
    return number


def die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class TestDoAll:
    @pytest.mark.parametrize("workers", [1, 3])
    def test_returns_what_came_of_each_thing_in_their_order(self, workers: int) -> None:
        progress: list[int] = []
        assert do_all(double, THINGS, workers=workers, on_progress=progress.append) == [2 * n for n in THINGS]
        assert progress == list(range(1, len(THINGS) + 1))

    def test_does_it_elsewhere_than_here(self) -> None:
        pids = do_all(lambda _: os.getpid(), THINGS, workers=2, on_progress=lambda _: None)
        assert len(set(pids)) == 2
        assert os.getpid() not in pids

    def test_raises_what_a_worker_could_not_go_on_after(self) -> None:
        with pytest.raises(WorkerFailed, match="ValueError: seven"):
            do_all(fail_at_seven, THINGS, workers=2, on_progress=lambda _: None)

    def test_raises_when_a_worker_was_killed(self) -> None:
        with pytest.raises(WorkerFailed, match="killed"):
            do_all(die_at_seven, THINGS, workers=2, on_progress=lambda _: None)
