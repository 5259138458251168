"""What only processes themselves can see, and what they switch off for it, by themselves and within two seconds.

# Note [Alarms]
A trigger (Note [Degradation]) asks the tables, and a worker asks for it. That nobody finds a thread, that the database
takes no writes, that providers are silent: that stands in no table. So each process that serves looks at its alarms as
often as at the revisions, and a look costs next to nothing while nothing is wrong. A cause must be seen at every look
for as long as a live setting says; then its plan is on for `lasts`, and again before that ends as long as the cause is
seen. It ends by itself, and that it lasts on for a while is what keeps it from going off and on.

The switch is a row, as if a trigger had pulled it: every process hears of it, and what a person has ended of it is left
alone. Where the cause is that no row can be written, the process holds the plan in its own memory, and writes down what
was when it can. Each process holds it for itself: each meets the same database.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db import DatabaseError

from tradecore import clock, db, degradation, refused_writes, revisions
from tradecore.extensions import ExtensionPoint
from tradecore.live_settings import LiveSetting

log = structlog.get_logger()

#: A revision that nobody watches, counted up to see whether anything can be written.
_PROBE: Final = "write_probe"

#: An alarm of a plan that is of all markets sees its cause there, or nowhere.
EVERYWHERE: Final = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Switches `plan` on for as long as `lasts`, once its cause was seen for `after` seconds without a break; 0: never.

    sees: the markets where the cause is there, or EVERYWHERE, or nothing; asked twice a second, so it must ask nobody
    while nothing is wrong. is_held: no row can be written for this cause.
    """

    name: str
    plan: str
    cause: str
    sees: Callable[[], Collection[str]]
    after: LiveSetting[int]
    lasts: timedelta
    is_held: bool = False


#: Name -> alarm: a table of `config/degradation.py`.
ALARMS: ExtensionPoint[Alarm] = ExtensionPoint("alarms")

#: Alarm and market -> since when its cause is seen, on the monotonic clock. Of one thread, that which looks.
_seen_since: dict[tuple[str, str], float] = {}


def look() -> None:
    """Look at every alarm of this process, and pull those whose cause was seen for long enough."""
    # Those first that need no row: the others fail where none can be written.
    for alarm in sorted(map(ALARMS.get, ALARMS.names()), key=lambda each: (not each.is_held, each.name)):
        _look_at(alarm)
    if not refused_writes.were_noticed():
        degradation.record_held(now=clock.real_now())


def forget() -> None:
    """Begin anew: for tests."""
    _seen_since.clear()
    refused_writes.forget()


def sees_refused_writes() -> Collection[str]:
    """Whether a write was refused, and one more still is. Asks the database only after the first of them."""
    if refused_writes.were_noticed() and _can_write():
        refused_writes.forget()
    return EVERYWHERE if refused_writes.were_noticed() else ()


def _look_at(alarm: Alarm) -> None:
    after, markets = alarm.after.read(), alarm.sees()
    for name, market in list(_seen_since):
        if name == alarm.name and market not in markets:
            del _seen_since[name, market]
    for market in markets:
        seen_for = time.monotonic() - _seen_since.setdefault((alarm.name, market), time.monotonic())
        if after and seen_for >= after:
            _pull(alarm, market, seen_for=seen_for)


def _pull(alarm: Alarm, market: str, *, seen_for: float) -> None:
    pull = degradation.hold if alarm.is_held else degradation.pull
    is_new = pull(
        alarm.name,
        plan=alarm.plan,
        market=market,
        lasts=alarm.lasts,
        reason=f"{alarm.cause}, for {seen_for:.0f} s",
        now=clock.real_now(),
    )
    if is_new:
        log.warning("alarm_pulled", alarm=alarm.name, plan=alarm.plan, market=market, seen_for_s=round(seen_for, 1))


def _can_write() -> bool:
    try:
        _probe()
    except DatabaseError as error:
        if not refused_writes.are_meant(error):
            raise
        return False
    return True


@db.use_case
def _probe() -> None:
    """Locks: a revision of its own."""
    revisions.count_up(_PROBE)
