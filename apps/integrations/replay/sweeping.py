"""Deadlines on the clock of an order: what is due is fired, also where a sweeper was killed that had claimed it."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from tradecore import clock, timers

_PAUSE_S: Final = 1.0


def fire_due(handlers: Mapping[str, timers.TimerHandler], *, count: int, now: datetime) -> None:
    """Fire so many timers of the running clock. What is claimed by nobody who lives is free after its lease."""
    waiting = count
    for _ in range(int(timers.LEASE / timedelta(seconds=_PAUSE_S)) + 1):
        waiting -= timers.sweep(handlers=handlers, now=now, clock_name=clock.clock_name())
        if waiting <= 0:
            return
        time.sleep(_PAUSE_S)
