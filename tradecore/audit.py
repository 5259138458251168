"""Who did what to what, and why: written in the transaction of the act, and never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tradecore import db, wire
from tradecore.models import AuditEntry
from tradecore.origins import origin_now


@db.transaction_required
def record(
    *, actor: str, action: str, subject: str, now: datetime, reason: str = "", before: Any = None, after: Any = None
) -> None:
    """Write one audit entry. `before` and `after` are contracts or plain JSON, without personal data."""
    db.insert_later(
        AuditEntry(
            actor=actor,
            action=action,
            subject=subject,
            reason=reason,
            before=wire.to_json(before),
            after=wire.to_json(after),
            request_id=origin_now(),
            occurred_at=now,
        )
    )


def list_entries(*, subjects: Iterable[str], limit: int) -> list[AuditEntry]:
    """What was done to the subjects, such as `sku:1234`, the latest first."""
    return list(AuditEntry.objects.filter(subject__in=list(subjects)).order_by("-id")[:limit])
