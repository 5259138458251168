"""Marks: how a request of a stress test says that it is one, and is answered in the shadow.

# Note [Marked requests]
`manage.py stress` sends `X-Stress-Mark` with everything that it asks: the name of its run, signed with STRESS_KEY, good
for MARK_S. A marked request takes its place among all others, at the gate, in a thread, on the wire, and is then served
in the shadow (Note [The shadow] of `tradecore.worlds`), for exactly as long as it takes. What is not marked never gets
there; what is marked wrongly, or while no stress test is allowed, or asks for what no shopper asks for, is refused and
counted, and never served in the real world. Whether one is allowed is a live setting with an end.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.core import signing
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse

from tradecore import clock, worlds
from tradecore.errors import Kind, Refusal
from tradecore.http.problems import plain_refusal
from tradecore.live_settings import LiveSetting

log = structlog.get_logger()

HEADER: Final = "X-Stress-Mark"
#: A mark is good for so many seconds.
MARK_S: Final = 60
#: An end that is further away is none.
ALLOWED_AT_MOST: Final = timedelta(hours=24)

_SALT: Final = "tradecore.http.marks"


@dataclass
class MarkRefused(Refusal):
    """The request says that it is of a stress test, and is of none that is allowed now. Nothing was done."""

    code = "stress.mark_refused"
    kind = Kind.FORBIDDEN
    title = "This mark of a stress test is not taken."


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of ISO 8601 with its zone, as text."""

    def read(self, value: Any) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError(str(self)) from None
        if moment.tzinfo is None:
            raise ValueError(str(self))
        return str(value)

    def __str__(self) -> str:
        return "a moment with its zone, such as 2026-03-11T12:00Z"


STRESS_UNTIL = LiveSetting(
    name="stress.until",
    meaning="Until when requests of a stress test are served in production, in the shadow; a day away at most.",
    schema=Moment(),
    default=lambda: "2025-01-01T00:00Z",
)

_refused = itertools.count(1)


def make_mark(run: str) -> str:
    """The mark of a run, good from now on. Raises ValueError without a key."""
    if not settings.STRESS_KEY:
        raise ValueError("STRESS_KEY is not set")
    return _signer().sign(run)


def is_allowed(*, now: datetime) -> bool:
    """Whether stress tests are allowed now: in production somebody has said until when, elsewhere nobody has to."""
    until = datetime.fromisoformat(STRESS_UNTIL.read())
    return not settings.IN_PRODUCTION or now < until <= now + ALLOWED_AT_MOST


class ShadowMiddleware:
    """Serves marked requests in the shadow, and all others as if there were none. See Note [Marked requests]."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mark = request.headers.get(HEADER)
        if mark is None:
            return self.get_response(request)
        try:
            run = _read(mark, path=request.path)
        except MarkRefused as refusal:
            return self._refuse(refusal)
        with structlog.contextvars.bound_contextvars(stress=run), worlds.shadow(run):
            if not _is_there():
                return self._refuse(MarkRefused())
            return self.get_response(request)

    def _refuse(self, refusal: MarkRefused) -> HttpResponse:
        log.warning("mark_refused", so_far=next(_refused))
        return plain_refusal(refusal)


def _read(mark: str, *, path: str) -> str:
    """The run that a mark is of. Refuses: MarkRefused."""
    if not settings.STRESS_KEY or not path.startswith(settings.STRESS_PATHS):
        raise MarkRefused
    try:
        run = _signer().unsign(mark, max_age=MARK_S)
    except signing.BadSignature:
        raise MarkRefused from None
    if not is_allowed(now=clock.real_now()):
        raise MarkRefused
    return run


def _is_there() -> bool:
    """Whether there is a shadow to live in. SQLite would make an empty one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not Path(name).exists():
        return False
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(key=settings.STRESS_KEY, salt=_SALT, fallback_keys=[])
