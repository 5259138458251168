"""Consumers are idempotent by a row: one per event and consumer, in the transaction of the effect."""

from datetime import datetime

from django.db import IntegrityError

from tradecore import db
from tradecore.models import InboxEntry


@db.transaction_required
def first_time(*, consumer: str, event_id: int, now: datetime) -> bool:
    """Whether this consumer sees the event for the first time; says so once, and never again after the commit."""
    try:
        with db.savepoint():
            InboxEntry.objects.create(consumer=consumer, event_id=event_id, handled_at=now)
    except IntegrityError:
        return False
    return True


def is_handled(*, consumer: str, event_id: int) -> bool:
    """Whether the consumer has handled the event: for consumers whose effect is outside the database."""
    return InboxEntry.objects.filter(consumer=consumer, event_id=event_id).exists()
