"""Groups of jobs: who leads, who waits, and what becomes of those whose leader fails. See Note [Groups]."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tradecore import db
from tradecore.deadlines import deadline
from tradecore.errors import Kind, Refusal
from tradecore.groups import Group, Member, NotTogether

#: For what comes in a moment, on a machine that has other things to do.
PATIENCE_S = 60


@dataclass
class Unlucky(Refusal):
    code = "test.unlucky"
    kind = Kind.CONFLICT

    number: int


class Acting:
    """An act that can be held up, and remembers its groups."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.may_go = threading.Event()
        self.has_begun = threading.Event()

    def __call__(self, members: Sequence[Member[int]]) -> list[Any]:
        self.sizes.append(len(members))
        self.has_begun.set()
        assert self.may_go.wait(PATIENCE_S)
        return [self.of(member.job) for member in members]

    def of(self, job: int) -> Any:
        return job * 10


def wait_for(group: "Group[int, Any]", number: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while len(group._waiting) < number:
        assert time.monotonic() < end
        time.sleep(0.005)


class Crowd:
    """One who leads and is held up, and others who have come meanwhile."""

    def __init__(self, act: Acting, number: int, **options: Any) -> None:
        self.act, self.group = act, Group[int, Any](act, **options)
        self.pool = ThreadPoolExecutor(max_workers=number + 1)
        self.first = self.pool.submit(self.group.join, 0)
        assert act.has_begun.wait(PATIENCE_S)
        self.others = [self.pool.submit(self.group.join, job) for job in range(1, number + 1)]
        wait_for(self.group, number)

    def results(self) -> list[Any]:
        self.act.may_go.set()
        with self.pool:
            futures = [self.first, *self.others]
            return [future.exception(PATIENCE_S) or future.result() for future in futures]


class TestWhoComesMeanwhile:
    def test_is_done_together_and_each_gets_an_answer(self) -> None:
        crowd = Crowd(Acting(), 5)
        assert sorted(crowd.results()) == [0, 10, 20, 30, 40, 50]
        assert crowd.act.sizes == [1, 5]

    def test_is_divided_where_there_are_too_many(self) -> None:
        crowd = Crowd(Acting(), 5, size_max=2)
        assert sorted(crowd.results()) == [0, 10, 20, 30, 40, 50]
        assert crowd.act.sizes == [1, 2, 2, 1]

    def test_is_refused_for_itself_only(self) -> None:
        class OneUnlucky(Acting):
            def of(self, job: int) -> Any:
                return Unlucky(number=job) if job == 2 else job

        results = Crowd(OneUnlucky(), 3).results()
        assert [result for result in results if isinstance(result, int)] != []
        assert [result.number for result in results if isinstance(result, Unlucky)] == [2]

    def test_leaves_when_its_time_is_over(self) -> None:
        crowd = Crowd(Acting(), 0)
        with deadline(0.05), pytest.raises(NotTogether):
            crowd.group.join(7)
        assert crowd.results() == [0]


class TestAGroupThatFails:
    @pytest.mark.parametrize(
        ("error", "answer"),
        [(ValueError("one of them"), NotTogether), (db.Busy(), db.Busy), (SystemExit(), db.OutcomeUnknown)],
    )
    def test_leaves_nobody_waiting(self, error: BaseException, answer: type[Exception]) -> None:
        class Failing(Acting):
            def of(self, job: int) -> Any:
                if self.sizes[-1] > 1:
                    raise error
                return job

        crowd = Crowd(Failing(), 3)
        first, *others = crowd.results()
        assert first == 0
        assert sum(isinstance(other, answer) for other in others) >= 2  # the leader of them may end by the error itself
        assert crowd.group.join(9) == 9
