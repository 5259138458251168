"""A fixed limit on guesses: sign-ins, coupon codes, a guest's order number. And on guests, who are free to have.

Counted in the database, because a limit that a restarted cache forgets protects nobody. Who guesses right is not
counted; who has used up the window waits for the next one.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import F

from tradecore import db
from tradecore.errors import Kind, Refusal
from tradecore.models import AttemptWindow


@dataclass
class TooManyAttempts(Refusal):
    """The limit of this window is used up."""

    code = "attempts.too_many"
    kind = Kind.TOO_MANY
    title = "Too many attempts. Wait before the next one."

    retry_after: int


@dataclass(frozen=True, slots=True)
class Limit:
    """How many wrong guesses a subject has per window."""

    scope: str
    count: int
    window: timedelta


def check_attempts(*, limit: Limit, subject: str, now: datetime) -> None:
    """Refuses: TooManyAttempts."""
    window = _window(limit, now)
    row = AttemptWindow.objects.filter(
        scope=limit.scope, subject_hash=_hash(subject), window_started_at=window, count__gte=limit.count
    )
    if row.exists():
        raise TooManyAttempts(retry_after=int((window + limit.window - now).total_seconds()) + 1)


@db.use_case
def count_attempts(*, limit: Limit, subject: str, now: datetime, number: int = 1) -> None:
    """Count wrong guesses, all that one request made."""
    key = {"scope": limit.scope, "subject_hash": _hash(subject), "window_started_at": _window(limit, now)}
    if AttemptWindow.objects.filter(**key).update(count=F("count") + number):
        return
    try:
        with db.savepoint():
            AttemptWindow.objects.create(**key, count=number)
    except IntegrityError:
        AttemptWindow.objects.filter(**key).update(count=F("count") + number)


def _window(limit: Limit, now: datetime) -> datetime:
    seconds = int(limit.window.total_seconds())
    return now.replace(microsecond=0) - timedelta(seconds=int(now.timestamp()) % seconds)


def _hash(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
