"""Every table that only grows has an age, and is purged of what is older in bounded batches.

What is money, stock or an order's history is kept for good and is not in this table: orders and their transitions,
payments and their transitions, captures, refunds, stock movements, the audit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from tradecore import clock
from tradecore.models import AttemptWindow, IdempotencyRecord, InboxEntry, OutboxEvent, Timer

BATCH = 1000
BATCHES_MAX = 20


@dataclass(frozen=True, slots=True)
class Retention:
    """Those of the rows that match `only` are purged once `moment`, a column, is older than `age`."""

    rows: QuerySet[Any]
    moment: str
    age: timedelta
    only: Mapping[str, Any]


RETENTIONS: tuple[Retention, ...] = (
    # Readers of /events/v1 may be away for a month.
    Retention(OutboxEvent.objects.all(), "delivered_at", timedelta(days=30), {"position__isnull": False}),
    # Longer than the outbox: no event that could still be delivered again loses its inbox entry.
    Retention(InboxEntry.objects.all(), "handled_at", timedelta(days=45), {}),
    Retention(Timer.objects.all(), "fired_at", timedelta(days=30), {}),
    # A client that repeats a request after three days meets the natural unique keys below.
    Retention(IdempotencyRecord.objects.all(), "created_at", timedelta(hours=72), {}),
    Retention(AttemptWindow.objects.all(), "window_started_at", timedelta(days=1), {}),
)


def purge_old_rows() -> int:
    """Purge one bounded round of every table. Returns how many rows went."""
    return sum(_purge(retention) for retention in RETENTIONS)


def _purge(retention: Retention) -> int:
    before = clock.real_now() - retention.age
    old = retention.rows.filter(**{f"{retention.moment}__lt": before}, **retention.only)
    purged = 0
    for _ in range(BATCHES_MAX):
        keys = list(old.order_by(retention.moment).values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        purged += retention.rows.filter(pk__in=keys).delete()[0]
    return purged
