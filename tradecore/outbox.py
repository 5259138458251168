"""Facts, published in the transaction that makes them true and delivered at least once, in order per aggregate.

# Note [Outbox]
`publish` adds a row to the running transaction. The relay claims due rows with SKIP LOCKED under a lease, commits,
hands each to the handlers of its kind and marks it delivered: a crash repeats a delivery and never loses one. A
cursor `id > last` would lose what commits late, so rows are claimed by their state. An event waits for the earlier
events of its aggregate; one that fails backs off, and after too many failures is parked, with those behind it, until
a replay.

# Note [Backlogs]
A claim costs the same however much is waiting: it reads the index from one of its ends, and no more rows than it takes.
Half of a claim are the events that have waited longest, and half, where there are more, the newest: after an outage
nobody is to wait for what was bought just now until everything older is through. What was delivered is marked together,
twice a second and at the end of a round; whoever dies in between has its events delivered again, as ever. A round that
takes long gives back what it has not begun before its lease is over, so that no two relays have the same event.

# Note [Batches]
Of what was claimed, the events of one kind are delivered together, each of another aggregate: first the first of each
aggregate, then the second. A `BatchHandler` gets all of them at once, to write what follows from them in one
transaction, in which its inbox says which of them are new. Where that fails, nothing of it was written, and each event
is delivered alone: so the bad one is found, and backs off alone. Handlers that take many come before the others of
their kind, and what they do for several events carries no request's id; so they publish nothing.
"""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter, or_
from typing import Any, ClassVar

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tradecore import clock, db, ids, metrics, wire
from tradecore.models import EventPosition, OutboxEvent
from tradecore.origins import origin_now, working_on
from tradecore.prepared import Select, Update

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
BACKOFF_FIRST_S = 1
BACKOFF_LIMIT_S = 600
ATTEMPTS_LIMIT = 12
#: Few, because what comes next waits for the end of a round.
BATCH = 50

#: For how long an event is left alone that was given back: another relay has just taken what must go first, or there is
#: no time left.
GIVEN_BACK_FOR = timedelta(milliseconds=100)

#: How long a delivery may be unmarked, and how long a round may begin with more of its claim.
MARK_EVERY_S = 0.5
ROUND_LIMIT_S = LEASE.total_seconds() / 2


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the past tense. Subclasses are frozen dataclasses with a `kind` that never changes."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class DeliveredEvent:
    """An event as its handlers get it: the row's facts and the payload in its JSON form."""

    id: int
    kind: str
    aggregate: str
    aggregate_id: int
    sequence: int
    shop_id: int | None
    payload: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events wait for their delivery, and how many were parked."""

    waiting: int
    dead: int


Handler = Callable[[DeliveredEvent], None]


class BatchHandler:
    """A handler of several events of a kind, made of a function that does what is due for all of them, or nothing.

    See Note [Batches].
    """

    def __init__(self, handle_many: Callable[[Sequence[DeliveredEvent]], None]) -> None:
        functools.update_wrapper(self, handle_many)
        self.handle_many = handle_many

    def __call__(self, event: DeliveredEvent) -> None:
        self.handle_many((event,))


@db.transaction_required
def publish(
    event: Event, *, aggregate: str, aggregate_id: int, sequence: int, now: datetime, shop_id: int | None = None
) -> None:
    """Publish one fact about one aggregate; `sequence` is the aggregate's version after the change."""
    db.insert_later(
        OutboxEvent(
            kind=event.kind,
            aggregate=aggregate,
            aggregate_id=aggregate_id,
            sequence=sequence,
            shop_id=shop_id,
            payload=wire.to_json(event),
            request_id=origin_now(),
            occurred_at=now,
            next_attempt_at=clock.real_now(),
        )
    )


def relay(*, subscriptions: Mapping[str, Sequence[Handler]], limit: int = BATCH) -> int:
    """Deliver up to `limit` due events. Returns how many were delivered."""
    claimed = _claim(limit=limit)
    outcome = _Round(_list_undelivered(claimed))
    try:
        for batch in _batches(claimed):
            _deliver_batch(batch, subscriptions.get(batch[0].kind, ()), outcome)
    finally:
        outcome.write()
    return outcome.delivered


@dataclass
class _Round:
    """What became of the claimed events of one round, until it is written. See Note [Backlogs].

    waiting: for each aggregate of theirs, the sequences that are not delivered yet, whoever has them.
    """

    waiting: dict[tuple[str, int], set[int]]
    delivered: int = 0
    _begun_s: float = field(default_factory=time.monotonic)
    _written_s: float = field(default_factory=time.monotonic)
    _marked: list[int] = field(default_factory=list)
    _released: list[int] = field(default_factory=list)

    def may_begin(self, row: OutboxEvent) -> bool:
        """Whether the event may be delivered now; what may not is given back.

        An earlier event of its aggregate must go first, or there is no time left before the lease ends.
        """
        is_behind = min(self.waiting[row.aggregate, row.aggregate_id], default=row.sequence) < row.sequence
        if is_behind or time.monotonic() - self._begun_s > ROUND_LIMIT_S:
            self._released.append(row.pk)
            return False
        return True

    def mark(self, row: OutboxEvent) -> None:
        """The event was delivered."""
        metrics.EVENTS.add(row.kind, "delivered")
        metrics.EVENT_DELAY.observe(seconds=max(0.0, (clock.real_now() - ids.moment_of(row.id)).total_seconds()))
        self.delivered += 1
        self.waiting[row.aggregate, row.aggregate_id].discard(row.sequence)
        self._marked.append(row.pk)
        if time.monotonic() - self._written_s > MARK_EVERY_S:
            self.write()

    def write(self) -> None:
        now = clock.real_now()
        _DELIVERED(events=tuple(self._marked), now=now)
        if self._released:
            OutboxEvent.objects.filter(pk__in=self._released, delivered_at=None).update(
                next_attempt_at=now + GIVEN_BACK_FOR, attempts=F("attempts") - 1
            )
        self._marked, self._released, self._written_s = [], [], time.monotonic()


_DELIVERED = Update(lambda events, now: (OutboxEvent.objects.filter(pk__in=events), {"delivered_at": now}))


def stamp_positions(*, limit: int = 1000) -> int:
    """Give positions to committed events that have none: gapless, and in order per aggregate. Returns how many.

    The row of EventPosition is the lease: of several stampers one works, and the others have nothing to do.
    """
    return _stamp(limit)


@db.use_case
def _stamp(limit: int) -> int:
    EventPosition.objects.get_or_create(id=1)
    last = EventPosition.objects.select_for_update(skip_locked=True).filter(id=1).first()
    if last is None:
        return 0
    unstamped = OutboxEvent.objects.filter(position=None).order_by("id")
    rows = list(unstamped.only("id", "aggregate", "aggregate_id", "sequence")[:limit])
    if not rows:
        return 0
    for row in _in_aggregate_order(rows):
        last.last += 1
        row.position = last.last
    OutboxEvent.objects.bulk_update(rows, ["position"], batch_size=200)
    last.save(update_fields=["last"])
    return len(rows)


def _in_aggregate_order(rows: Sequence[OutboxEvent]) -> list[OutboxEvent]:
    """The rows in the order given, except that those of one aggregate take its places by sequence."""
    queues: dict[tuple[str, int], list[OutboxEvent]] = {}
    for row in sorted(rows, key=lambda row: row.sequence, reverse=True):
        queues.setdefault((row.aggregate, row.aggregate_id), []).append(row)
    return [queues[(row.aggregate, row.aggregate_id)].pop() for row in rows]


@db.use_case
def _claim(*, limit: int) -> list[OutboxEvent]:
    """Take what waits longest, and of what is left the newest, in the order in which it was written."""
    now, kinds = clock.real_now(), _known_kinds()
    oldest = limit - limit // 2
    rows = _take(_oldest(oldest), now, kinds)
    if len(rows) == oldest:
        rows += _take(_newest(limit - oldest), now, kinds)
    return sorted(rows, key=lambda row: (row.next_attempt_at, row.pk))


def _take(due: Select[OutboxEvent], now: datetime, kinds: tuple[str, ...]) -> list[OutboxEvent]:
    """Claim due events from one end of the index, past those that are blocked."""
    rows = due(now=now, kinds=kinds)
    _CLAIMED(events=tuple(row.pk for row in rows), lease_ends=now + LEASE)
    return rows


_CLAIMED = Update(
    lambda events, lease_ends: (
        OutboxEvent.objects.filter(pk__in=events),
        {"next_attempt_at": lease_ends, "attempts": F("attempts") + 1},
    )
)


@functools.cache
def _oldest(limit: int) -> Select[OutboxEvent]:
    """So many of those that have waited longest."""
    return Select(lambda now, kinds: _due(now, kinds, _blockers(now, kinds)).order_by("next_attempt_at", "id")[:limit])


@functools.cache
def _newest(limit: int) -> Select[OutboxEvent]:
    """So many of those that were written last."""
    return Select(lambda now, kinds: _due(now, kinds, _earlier()).order_by("-next_attempt_at", "-id")[:limit])


def _due(now: Any, kinds: Any, blockers: QuerySet[OutboxEvent]) -> QuerySet[OutboxEvent]:
    """Due events that nobody else is just claiming, to be locked."""
    due = OutboxEvent.objects.filter(
        ~Exists(blockers), kind__in=kinds, delivered_at=None, dead_at=None, next_attempt_at__lte=now
    )
    return due.select_for_update(skip_locked=True)


def _blockers(now: Any, kinds: Any) -> QuerySet[OutboxEvent]:
    """Earlier events of the same aggregate that are parked, backing off, in somebody's hands, or of a newer release.

    What waits behind them is not claimed at all: a claim that is only given back would be made again and again, before
    everything that is newer.
    """
    return _earlier().filter(Q(dead_at__isnull=False) | Q(next_attempt_at__gt=now) | ~Q(kind__in=kinds))


def _earlier() -> QuerySet[OutboxEvent]:
    """Earlier events of the same aggregate that were not delivered: from the new end, nothing overtakes them."""
    return OutboxEvent.objects.filter(
        aggregate=OuterRef("aggregate"),
        aggregate_id=OuterRef("aggregate_id"),
        sequence__lt=OuterRef("sequence"),
        delivered_at=None,
    )


def _known_kinds() -> tuple[str, ...]:
    """The kinds of this release. An event of a newer one waits for a relay that knows who is to have it."""
    return tuple(sorted({kind for event in _subclasses(Event) if (kind := getattr(event, "kind", None))}))


def _subclasses(event: type[Event]) -> Iterator[type[Event]]:
    for subclass in event.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _list_undelivered(batch: Sequence[OutboxEvent]) -> dict[tuple[str, int], set[int]]:
    """For each aggregate of the batch, the sequences that are not delivered yet, wherever they are."""
    undelivered = _UNDELIVERED(
        aggregates={row.aggregate for row in batch},  # with it, the index of the aggregates is read
        ids={row.aggregate_id for row in batch},
    )
    sequences: dict[tuple[str, int], set[int]] = {(row.aggregate, row.aggregate_id): set() for row in batch}
    for aggregate, aggregate_id, sequence in undelivered:
        sequences.setdefault((aggregate, aggregate_id), set()).add(sequence)
    return sequences


_UNDELIVERED = Select(
    lambda aggregates, ids: OutboxEvent.objects.filter(
        delivered_at=None, aggregate__in=aggregates, aggregate_id__in=ids
    ).values_list("aggregate", "aggregate_id", "sequence")
)


def _batches(rows: Sequence[OutboxEvent]) -> list[list[OutboxEvent]]:
    """The rows by kind, each of a batch of another aggregate, and each aggregate's in the order given."""
    depths: Counter[tuple[str, int]] = Counter()
    batches: dict[tuple[int, str], list[OutboxEvent]] = {}
    for row in rows:
        aggregate = (row.aggregate, row.aggregate_id)
        batches.setdefault((depths[aggregate], row.kind), []).append(row)
        depths[aggregate] += 1
    return [batches[key] for key in sorted(batches, key=itemgetter(0))]


def _deliver_batch(batch: Sequence[OutboxEvent], handlers: Sequence[Handler], outcome: _Round) -> None:
    """Deliver events of one kind: together to the handlers that take many, then one by one to those that are left."""
    rows = [row for row in batch if outcome.may_begin(row)]
    left = [handler for handler in handlers if not _deliver_together(rows, handler)]
    for row in rows:
        if outcome.may_begin(row) and _deliver(row, left):
            outcome.mark(row)


def _deliver_together(rows: Sequence[OutboxEvent], handler: Handler) -> bool:
    """Whether the handler has taken all of them at once."""
    if not isinstance(handler, BatchHandler) or not rows[1:]:
        return False
    with working_on("batch", rows[0].id):
        try:
            handler.handle_many([_event_of(row) for row in rows])
        except Exception:
            log.exception("batch_not_delivered", kind=rows[0].kind, events=[row.id for row in rows])
            return False
    return True


def _event_of(row: OutboxEvent) -> DeliveredEvent:
    return DeliveredEvent(
        id=row.id,
        kind=row.kind,
        aggregate=row.aggregate,
        aggregate_id=row.aggregate_id,
        sequence=row.sequence,
        shop_id=row.shop_id,
        payload=row.payload,
        occurred_at=row.occurred_at,
    )


def _deliver(row: OutboxEvent, handlers: Sequence[Handler]) -> bool:
    """Hand the event to its handlers; each skips what its inbox has. Whatever goes wrong is kept on the row."""
    event = _event_of(row)
    with working_on("event", row.id, origin=row.request_id):
        try:
            for handler in handlers:
                handler(event)
        except Exception as error:
            log.exception("event_not_delivered", kind=row.kind, attempts=row.attempts + 1)
            _back_off(row, error)
            return False
    return True


def _back_off(row: OutboxEvent, error: Exception) -> None:
    attempts = row.attempts + 1
    now = clock.real_now()
    pause_s = min(BACKOFF_FIRST_S << (attempts - 1), BACKOFF_LIMIT_S)
    metrics.EVENTS.add(row.kind, "parked" if attempts >= ATTEMPTS_LIMIT else "failed")
    OutboxEvent.objects.filter(pk=row.pk).update(
        next_attempt_at=now + timedelta(seconds=pause_s),
        dead_at=now if attempts >= ATTEMPTS_LIMIT else None,
        last_error=f"{type(error).__name__}: {error}"[:500],
    )


def replay_dead(*, ids: Sequence[int] | None = None) -> int:
    """Give dead letters (all, or those named) another round of attempts. Returns how many."""
    dead = OutboxEvent.objects.exclude(dead_at=None).filter(delivered_at=None)
    if ids is not None:
        dead = dead.filter(pk__in=ids)
    return dead.update(dead_at=None, attempts=0, next_attempt_at=clock.real_now())


def list_dead(*, limit: int) -> list[OutboxEvent]:
    """The parked events, oldest first."""
    return list(OutboxEvent.objects.exclude(dead_at=None).filter(delivered_at=None).order_by("id")[:limit])


def list_events_of(*, aggregates: Iterable[tuple[str, int]]) -> list[OutboxEvent]:
    """Every event of the aggregates, (name, id), in the order in which they were written."""
    wanted = [Q(aggregate=aggregate, aggregate_id=aggregate_id) for aggregate, aggregate_id in aggregates]
    return list(OutboxEvent.objects.filter(functools.reduce(or_, wanted)).order_by("id")) if wanted else []


def count_backlog() -> Backlog:
    """What the relay has not delivered yet."""
    undelivered = OutboxEvent.objects.filter(delivered_at=None)
    return Backlog(waiting=undelivered.filter(dead_at=None).count(), dead=undelivered.exclude(dead_at=None).count())


def read_age() -> timedelta:
    """For how long the oldest event that is not parked has waited for its delivery; nothing where none waits."""
    waiting = OutboxEvent.objects.filter(delivered_at=None, dead_at=None)
    oldest = waiting.order_by("id").values_list("id", flat=True).first()
    return timedelta() if oldest is None else max(timedelta(), clock.real_now() - ids.moment_of(oldest))


def list_events(*, after: int, limit: int, shop_ids: Sequence[int] | None = None) -> list[OutboxEvent]:
    """Events with a position above `after`, in its order; of the given shops only, or of all when None."""
    scope = Q() if shop_ids is None else Q(shop_id__in=shop_ids)
    return list(OutboxEvent.objects.filter(scope, position__gt=after).order_by("position")[:limit])
