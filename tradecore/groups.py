"""One transaction for many: what threads of a process want done at the same time, one of them does for all.

# Note [Groups]
Where many buyers want the same few pieces at once, most of what each costs is statements and a commit of their own. A
group collects jobs that wait at the same time: the first to come leads, and does its own; whatever came meanwhile is
the next group, and its first member leads that. A job that comes alone is done alone, at once. While there is company,
who leads waits until as many have come as were there last, and LINGER_S at most: it costs each of them that moment, and
all of them together less than the statements that they share.

Each member gets an answer of its own, and its companions (see `db.alongside`) run with it, in the transaction of the
group. One that cannot be served in company is told so (NotTogether), and does it alone in its own thread, by the way
that it would have taken anyway. So does every member of a group that failed: one of them is to blame, and alone it is
found out. A group changes how fast something is done, and never what.

A group is of one world (Note [Remembered by world] of `tradecore.worlds`), because whoever leads does everybody's job
on a connection of their own. So whoever declares one keeps it in a ByWorld.

Who has waited for as long as its request may (Note [Deadlines]) leaves. If its group has begun by then nobody knows yet
what becomes of it: that is OutcomeUnknown, and the idempotency key will tell.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from tradecore import db
from tradecore.deadlines import time_left
from tradecore.errors import Refusal

log = structlog.get_logger()

J = TypeVar("J")
R = TypeVar("R")

#: The most that share a transaction: what fails in company is done again, one by one.
SIZE_MAX = 32
#: How long a leader waits for others at most, where somebody else waits already, or did so in the last group.
LINGER_S = 0.02
#: How long a member waits for its answer where its request has no deadline.
WAIT_S = 15.0


class NotTogether(Exception):
    """This cannot be done in company: do it alone."""


@dataclass
class Member(Generic[J]):
    """A job of a group, and in whose name it is done."""

    job: J
    companions: Sequence[db.Companion] = ()
    request_id: str = ""
    leads: bool = False
    is_taken: bool = False
    answer: Any = None
    error: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def in_its_name(self) -> Iterator[None]:
        """Let what the block records carry the id of the member's own request."""
        with structlog.contextvars.bound_contextvars(request_id=self.request_id):
            yield

    def accompany(self, result: Any) -> None:
        """Let the member's companions join the transaction, with its own result."""
        with self.in_its_name():
            for companion in self.companions:
                companion(result)


#: One use case for many: the result of each member in their order, or the refusal that it gets, or NotTogether.
Act = Callable[[Sequence[Member[J]]], Sequence[R | Refusal | NotTogether]]


class Group(Generic[J, R]):
    """Jobs of one kind, of one process. See Note [Groups]."""

    def __init__(self, act: Act[J, R], *, size_max: int = SIZE_MAX) -> None:
        self._act = act
        self._size_max = size_max
        self._lock = threading.Lock()
        self._waiting: deque[Member[J]] = deque()
        self._is_led = False
        #: How many the last group was, and those who had come meanwhile: while the crowd lasts they come again.
        self._company = 1
        self._is_whole = threading.Event()

    def join(self, job: J) -> R:
        """Have the job done, in company where there is any. Refuses what `act` does; raises NotTogether."""
        db.assert_no_transaction()
        with db.companions_aside() as companions:
            request_id = structlog.contextvars.get_contextvars().get("request_id", "")
            member = Member(job, companions, request_id)
            self._enter(member)
            if not member.leads:
                self._wait(member)
            if member.leads:
                self._lead()
        if member.error is not None:
            raise member.error
        return member.answer  # type: ignore[no-any-return]

    def _enter(self, member: Member[J]) -> None:
        with self._lock:
            self._waiting.append(member)
            if len(self._waiting) >= min(self._company, self._size_max):
                self._is_whole.set()
            if not self._is_led:
                self._is_led = member.leads = True

    def _wait(self, member: Member[J]) -> None:
        if member.woken.wait(time_left(at_most=WAIT_S)):
            return
        with self._lock:
            if member.woken.is_set():
                return
            if member.is_taken:
                raise db.OutcomeUnknown
            self._waiting.remove(member)
        raise NotTogether

    def _lead(self) -> None:
        """Do what waits by now, which begins with the leader's own, and hand over."""
        if self._company > 1 or len(self._waiting) > 1:
            self._is_whole.wait(LINGER_S)
        with self._lock:
            members = [self._waiting.popleft() for _ in range(min(self._size_max, len(self._waiting)))]
            for each in members:
                each.is_taken = True
        try:
            self._serve(members)
        finally:
            self._hand_over(served=len(members))
            for each in members:
                if each.answer is None and each.error is None:  # whatever ended this thread, they go on alone
                    each.error = db.OutcomeUnknown()
                each.woken.set()

    def _hand_over(self, *, served: int) -> None:
        with self._lock:
            self._company = served + len(self._waiting)
            if len(self._waiting) < self._size_max:
                self._is_whole.clear()
            self._is_led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].woken.set()

    def _serve(self, members: Sequence[Member[J]]) -> None:
        try:
            with db.alongside(lambda results: _accompany(members, results)):
                results = self._act(members)
        except (db.OutcomeUnknown, db.Busy) as refusal:
            for each in members:
                each.error = copy(refusal)
        except Exception as error:  # noqa: BLE001 - whoever is to blame is found out alone
            log.warning("group_failed", size=len(members), error=f"{type(error).__name__}: {error}"[:500])
            for each in members:
                each.error = NotTogether()
        else:
            for each, result in zip(members, results, strict=True):
                if isinstance(result, (Refusal, NotTogether)):
                    each.error = result
                else:
                    each.answer = result


def _accompany(members: Sequence[Member[Any]], results: Sequence[Any]) -> None:
    for each, result in zip(members, results, strict=True):
        if not isinstance(result, (Refusal, NotTogether)):
            each.accompany(result)
