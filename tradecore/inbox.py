"""Consumers are idempotent by a row: one per event and consumer, in the transaction of the effect."""

from collections.abc import Collection
from datetime import datetime

from tradecore import db
from tradecore.models import InboxEntry
from tradecore.prepared import Select, insert_if_new, insert_those_new


@db.transaction_required
def first_time(*, consumer: str, event_id: int, now: datetime) -> bool:
    """Whether this consumer sees the event for the first time; says so once, and never again after the commit."""
    return insert_if_new(InboxEntry(consumer=consumer, event_id=event_id, handled_at=now))


@db.transaction_required
def first_times(*, consumer: str, event_ids: Collection[int], now: datetime) -> set[int]:
    """Those of the events that this consumer sees for the first time, as `first_time` says it of one."""
    entries = [InboxEntry(consumer=consumer, event_id=event_id, handled_at=now) for event_id in sorted(event_ids)]
    if insert_those_new(entries) == len(entries):
        return set(event_ids)
    return set(_INSERTED(entries=tuple(entry.pk for entry in entries)))


_INSERTED = Select(lambda entries: InboxEntry.objects.filter(pk__in=entries).values_list("event_id", flat=True))


def list_handled(*, event_ids: Collection[int]) -> dict[int, list[InboxEntry]]:
    """What consumers have made of the events, by event, in the order in which they did."""
    handled: dict[int, list[InboxEntry]] = {}
    for entry in InboxEntry.objects.filter(event_id__in=event_ids).order_by("id"):
        handled.setdefault(entry.event_id, []).append(entry)
    return handled


def is_handled(*, consumer: str, event_id: int) -> bool:
    """Whether the consumer has handled the event: for consumers whose effect is outside the database."""
    return bool(_HANDLED(consumer=consumer, event=event_id))


_HANDLED = Select(
    lambda consumer, event: InboxEntry.objects.filter(consumer=consumer, event_id=event).values_list("pk", flat=True)
)
