"""One order's whole trace: everything that happened to it, in one line of time.

# Note [Traces]
Nothing is written for a trace: it is read off the rows that say what happened, each app's by a tracer of its own
(`trace.py`), which `config/extensions.py` registers. A step says what it is `about` (`package:1234`); so the kernel
knows whose events, timers and audit entries belong to the order, also of apps that are yet to come.

Which request did it stands on events, audit entries and postings. One use case has one `now`, which every row that it
writes carries to the microsecond; so a step without an id of its own has that of the event, entry or posting of its
moment.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tradecore import audit, inbox, outbox, timers
from tradecore.extensions import ExtensionPoint
from tradecore.origins import origin_of

#: So many audit entries are shown; the rest is found in the audit itself.
AUDIT_ENTRIES_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What is traced: an order with its lines, and the purchase that it is of."""

    order_id: int
    purchase_id: int
    shop_id: int
    line_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `about` names a row, such as `order:1234`; `source` is the app that says so."""

    at: datetime
    what: str
    about: str
    detail: str = ""
    request_id: str = ""
    source: str = ""


Tracer = Callable[[Traced], Iterable[Step]]

#: Name of an app -> what it has to say of an order, in the order of the story: the table of `config/extensions.py`.
TRACERS: Final[ExtensionPoint[Tracer]] = ExtensionPoint("tracers")


def trace(traced: Traced) -> list[Step]:
    """Every step, earliest first; those of one moment in the order in which the apps tell the story."""
    steps = [replace(step, source=name) for name in TRACERS.list_names() for step in TRACERS.get(name)(traced)]
    abouts = dict.fromkeys([f"order:{traced.order_id}", f"purchase:{traced.purchase_id}"])
    abouts |= dict.fromkeys(step.about for step in steps)
    steps += [*_events(abouts), *_timers(abouts), *_audit(abouts)]
    return sorted(_with_request_ids(steps), key=lambda step: step.at)


def _events(abouts: Iterable[str]) -> Iterator[Step]:
    """Every event when it happened, when it was delivered, and what each consumer made of it."""
    events = outbox.list_events_of(aggregates=[(kind, int(number)) for kind, _, number in map(_split, abouts)])
    handled = inbox.list_handled(event_ids=[event.id for event in events])
    for event in events:
        about = f"{event.aggregate}:{event.aggregate_id}"
        origin = event.request_id or origin_of("event", event.id)
        state = "" if event.delivered_at else ", parked: " if event.dead_at else ", not delivered yet: "
        detail = f"event {event.id}, number {event.sequence} of its aggregate{state}{event.last_error}"
        yield Step(
            at=event.occurred_at,
            what=event.kind,
            about=about,
            detail=detail.rstrip(": "),
            request_id=event.request_id,
            source="outbox",
        )
        if event.delivered_at is not None:
            detail = f"event {event.id}, at its attempt {event.attempts}, position {event.position}"
            yield Step(
                at=event.delivered_at,
                what=f"{event.kind} delivered",
                about=about,
                detail=detail,
                request_id=origin,
                source="outbox",
            )
        for entry in handled.get(event.id, ()):
            detail = f"by {entry.consumer}, event {event.id}"
            yield Step(
                at=entry.handled_at,
                what=f"{event.kind} handled",
                about=about,
                detail=detail,
                request_id=origin,
                source="inbox",
            )


def _timers(abouts: Iterable[str]) -> Iterator[Step]:
    """Every timer: when it was due, and when it fired."""
    named = {int(number): about for about in abouts for _, _, number in [_split(about)]}
    for timer in timers.list_timers(subjects=named):
        about = named[timer.subject]
        state = "parked" if timer.dead_at else ("fired" if timer.fired_at else "waits")
        detail = f"timer {timer.id}, {state}, version {timer.version}, by the clock {timer.clock}"
        yield Step(at=timer.due_at, what=f"{timer.kind} due", about=about, detail=detail, source="timers")
        if timer.fired_at is not None:
            yield Step(
                at=timer.fired_at,
                what=f"{timer.kind} fired",
                about=about,
                detail=f"timer {timer.id}, at its attempt {timer.attempts}",
                request_id=origin_of("timer", timer.id),
                source="timers",
            )


def _audit(abouts: Iterable[str]) -> Iterator[Step]:
    for entry in audit.list_entries(subjects=abouts, limit=AUDIT_ENTRIES_MAX):
        yield Step(
            at=entry.occurred_at,
            what=entry.action,
            about=entry.subject,
            detail=f"{entry.actor}: {entry.reason}".rstrip(": "),
            request_id=entry.request_id,
            source="audit",
        )


def _with_request_ids(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, each with the id of the request of its moment. See Note [Traces]."""
    steps = list(steps)
    known = {step.at: step.request_id for step in steps if step.request_id}
    for step in steps:
        yield step if step.request_id else replace(step, request_id=known.get(step.at, ""))


def _split(about: str) -> tuple[str, str, str]:
    return about.partition(":")
