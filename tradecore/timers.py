"""Deadlines are rows. Whatever wakes a sweeper, the table says what is due.

# Note [Timers]
A timer has a kind, a subject and a clock (see `tradecore.clock`). Sweepers claim due rows under a lease with SKIP
LOCKED, so any number of them may run; each firing is one use case whose transaction also marks the timer fired. A
firing that comes late, twice or for a deadline that has moved finds its row no longer pending under its version, and
changes nothing. A use case may set the timer anew that it is fired by: what is due is always one deadline, and the next
one takes its place; then there is nothing to mark.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F, Q, QuerySet

from tradecore import clock, db, metrics
from tradecore.models import Timer
from tradecore.origins import working_on
from tradecore.prepared import Delete, Select, Statement, Update, send

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
BACKOFF_FIRST_S = 1
BACKOFF_LIMIT_S = 300
ATTEMPTS_LIMIT = 20
#: Few, so that several sweepers share what is due.
BATCH = 50


@dataclass
class _Firing:
    """The timer that the running use case is fired by, as it was claimed; and which attempt has set it anew, if any."""

    timer_id: int = 0
    version: int = 0
    set_anew_in: object = None


_firing: ContextVar[_Firing] = ContextVar("firing_timer", default=_Firing())  # noqa: B039 - never changed


@dataclass
class TimerMoved(Exception):
    """The timer was fired, cancelled or set anew by somebody else: this firing rolls back and is forgotten."""

    timer_id: int


@dataclass(frozen=True, slots=True)
class Deadline:
    """What to fire, for whom, when."""

    kind: str
    subject: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many timers are due and have not fired, and how many were parked."""

    due: int
    parked: int


#: A use case that takes the subject and the moment. It decides by the subject's own state whether there is work left.
TimerHandler = Callable[[int, datetime], Any]


@db.transaction_required
def set_timers(deadlines: Iterable[Deadline]) -> None:
    """Set timers of subjects that are new in this transaction, so that no earlier one can stand."""
    name = clock.clock_name()
    db.insert_later(*(Timer(kind=d.kind, subject=d.subject, due_at=d.due_at, clock=name) for d in deadlines))


@db.transaction_required
def reset_timer(deadline: Deadline) -> None:
    """Set a timer, or move the one that stands, fired or not; also the one that is just firing here.

    Raises TimerMoved where that was moved by somebody else meanwhile.
    """
    standing = Timer.objects.filter(subject=deadline.subject, kind=deadline.kind)
    if _is_firing(standing):
        standing = _claim_anew(standing)
    moved = standing.update(
        due_at=deadline.due_at,
        clock=clock.clock_name(),
        version=F("version") + 1,
        claimed_until=None,
        attempts=0,
        fired_at=None,
        dead_at=None,
    )
    if not moved:
        set_timers([deadline])


@db.transaction_required
def cancel_timers(*, subjects: Iterable[int], kinds: Iterable[str]) -> None:
    """Take pending timers away, but not the one that is just firing here: it is marked fired with its effect.

    One that is just firing elsewhere finds itself gone and rolls back.
    """
    send(cancelling(subjects=subjects, kinds=kinds))


@db.transaction_required
def cancelling(*, subjects: Iterable[int], kinds: Iterable[str]) -> Statement:
    """What cancels timers, for `db.insert_pending`."""
    return _CANCEL.of(subjects=set(subjects), kinds=set(kinds), firing=_firing.get().timer_id)


_CANCEL = Delete(
    lambda subjects, kinds, firing: Timer.objects.filter(subject__in=subjects, kind__in=kinds, fired_at=None).exclude(
        pk=firing
    )
)


def sweep(
    *, handlers: Mapping[str, TimerHandler], now: datetime, clock_name: str = clock.REAL, limit: int = BATCH
) -> int:
    """Fire up to `limit` timers of one clock that are due at `now`, earliest first. Returns how many fired.

    Kinds without a handler are left alone: they are those of a newer release, and fired by its own sweepers.
    """
    fired = 0
    with clock.use_clock(clock_name):
        for timer in _claim(kinds=handlers, now=now, clock_name=clock_name, limit=limit):
            fired += _fire(timer, handlers[timer.kind], now=now)
    return fired


@db.use_case
def _claim(*, kinds: Iterable[str], now: datetime, clock_name: str, limit: int) -> list[Timer]:
    real_now = clock.real_now()
    rows = _due(limit)(kinds=tuple(kinds), clock_name=clock_name, now=now, real_now=real_now)
    _CLAIMED(timers=tuple(row.pk for row in rows), lease_ends=real_now + LEASE)
    return rows


@functools.cache
def _due(limit: int) -> Select[Timer]:
    """So many timers that are due and not claimed, earliest first, to be locked."""
    return Select(
        lambda kinds, clock_name, now, real_now: (
            Timer.objects.filter(
                Q(claimed_until=None) | Q(claimed_until__lt=real_now),
                kind__in=kinds,
                clock=clock_name,
                fired_at=None,
                dead_at=None,
                due_at__lte=now,
            )
            .order_by("due_at", "id")
            .select_for_update(skip_locked=True)[:limit]
        )
    )


_CLAIMED = Update(
    lambda timers, lease_ends: (
        Timer.objects.filter(pk__in=timers),
        {"claimed_until": lease_ends, "attempts": F("attempts") + 1},
    )
)


def _fire(timer: Timer, handler: TimerHandler, *, now: datetime) -> bool:
    firing = _Firing(timer.pk, timer.version)

    def mark_fired(_result: Any) -> None:
        if firing.set_anew_in is db.current_attempt():
            return
        if not _MARK_FIRED(pk=timer.pk, version=timer.version, now=now):
            raise TimerMoved(timer.pk)

    token = _firing.set(firing)
    with working_on("timer", timer.pk):
        try:
            with db.alongside(mark_fired):
                handler(timer.subject, now)
        except TimerMoved:
            metrics.TIMERS.add(timer.kind, "moved")
            return False
        except Exception as error:
            log.exception("timer_failed", kind=timer.kind, subject=timer.subject)
            _back_off(timer, error)
            return False
        finally:
            _firing.reset(token)
    metrics.TIMERS.add(timer.kind, "fired")
    metrics.TIMER_DELAY.observe(seconds=max(0.0, (now - timer.due_at).total_seconds()))
    return True


_MARK_FIRED = Update(
    lambda pk, version, now: (
        Timer.objects.filter(pk=pk, version=version, fired_at=None),
        {"fired_at": now, "claimed_until": None},
    )
)


def _is_firing(standing: QuerySet[Timer]) -> bool:
    """Whether the use case that runs is fired by the timer."""
    firing = _firing.get()
    return bool(firing.timer_id) and standing.filter(pk=firing.timer_id).exists()


def _claim_anew(standing: QuerySet[Timer]) -> QuerySet[Timer]:
    """The timer that is just firing, if nobody else has moved it. Raises TimerMoved.

    Once this attempt has set it anew, nobody else can.
    """
    firing, attempt = _firing.get(), db.current_attempt()
    if firing.set_anew_in is attempt:
        return standing
    as_claimed = Timer.objects.select_for_update().filter(pk=firing.timer_id, version=firing.version, fired_at=None)
    if not as_claimed.exists():
        raise TimerMoved(firing.timer_id)
    firing.set_anew_in = attempt
    return standing


def _back_off(timer: Timer, error: Exception) -> None:
    attempts = timer.attempts + 1
    now = clock.real_now()
    pause_s = min(BACKOFF_FIRST_S << (attempts - 1), BACKOFF_LIMIT_S)
    metrics.TIMERS.add(timer.kind, "parked" if attempts >= ATTEMPTS_LIMIT else "failed")
    Timer.objects.filter(pk=timer.pk, version=timer.version).update(
        claimed_until=now + timedelta(seconds=pause_s),
        dead_at=now if attempts >= ATTEMPTS_LIMIT else None,
        last_error=f"{type(error).__name__}: {error}"[:500],
    )


def list_pending(*, limit: int, kind: str | None = None, clock_name: str | None = None) -> list[Timer]:
    """Timers that have not fired, parked ones included, earliest first."""
    wanted = {name: value for name, value in (("kind", kind), ("clock", clock_name)) if value is not None}
    return list(Timer.objects.filter(fired_at=None, **wanted).order_by("due_at", "id")[:limit])


def list_timers(*, subjects: Iterable[int]) -> list[Timer]:
    """Every timer of the subjects, fired ones included, earliest first."""
    return list(Timer.objects.filter(subject__in=list(subjects)).order_by("due_at", "id"))


def count_backlog(*, now: datetime) -> Backlog:
    """What the sweepers of the running clock have not done yet."""
    pending = Timer.objects.filter(clock=clock.clock_name(), fired_at=None)
    return Backlog(
        due=pending.filter(dead_at=None, due_at__lte=now).count(), parked=pending.exclude(dead_at=None).count()
    )


def read_age(*, now: datetime) -> timedelta:
    """How late the timer of the running clock is that is due for longest and not parked; nothing where none is due."""
    pending = Timer.objects.filter(clock=clock.clock_name(), fired_at=None, dead_at=None, due_at__lte=now)
    earliest = pending.order_by("due_at").values_list("due_at", flat=True).first()
    return timedelta() if earliest is None else now - earliest


def revive_dead(*, ids: Iterable[int] | None = None) -> int:
    """Give parked timers (all, or those named) another round of attempts. Returns how many."""
    dead = Timer.objects.exclude(dead_at=None).filter(fired_at=None)
    if ids is not None:
        dead = dead.filter(pk__in=list(ids))
    return dead.update(dead_at=None, attempts=0, claimed_until=None)
