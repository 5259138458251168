"""What a sweep reads beside few and many pending timers, and how late timers fire that fall due all the time."""

import json
import sys
import time
from math import ceil
from typing import Any, Final

from bench.checks import Check, work_off
from bench.figures import percentile
from bench.growth.fill import multiply
from bench.growth.findings import Findings, Ratio
from bench.growth.siblings import id_at
from bench.growth.world import World
from bench.place import WEB

#: When the first one does, unless the sweepers bring it forward once they are awake.
LEAD_S: Final = 3_600

#: How late a timer may fire: 99 of 100.
LAG_S: Final = 2.0

#: Kinds that stand in the tables by the million: those of orders that wait for weeks.
_PENDING_SQL: Final = """
    INSERT INTO kernel_timer (id, kind, subject, clock, due_at, version, attempts, last_error)
    SELECT seq, ELT(1 + seq %% 3, 'complete_order', 'settle_order', 'cancel_unshipped'), seq, 'real',
           UTC_TIMESTAMP(6) + INTERVAL 1 DAY + INTERVAL seq SECOND, 1, 0, ''
    FROM seq_1_to_10000000 WHERE seq <= %s
"""
_GONE_SQL: Final = "DELETE FROM kernel_timer WHERE id <= %s"

#: A payment's time is up that was made long ago: the use case looks, and finds nothing left to do.
_DUE_SQL: Final = """
    INSERT INTO kernel_timer (id, kind, subject, clock, due_at, version, attempts, last_error)
    SELECT -number, 'expire_purchase', id, 'real',
           UTC_TIMESTAMP(6) + INTERVAL %s SECOND + INTERVAL number * 1000000 DIV %s MICROSECOND, 1, 0, ''
    FROM (
        SELECT id, ROW_NUMBER() OVER (ORDER BY id DESC) AS number FROM orders_purchase
        WHERE paid_at IS NOT NULL ORDER BY id DESC LIMIT %s
    ) AS paid
"""
_FIRED_SQL: Final = "SELECT COUNT(*) FROM kernel_timer WHERE id < 0 AND fired_at IS NOT NULL"
_PAID_SQL: Final = "SELECT COUNT(*) FROM orders_purchase WHERE paid_at IS NOT NULL AND id >= %s"


def measure(world: World) -> Findings:
    """See the module. What is brought here is taken away again: subjects of the pending ones do not exist."""
    options = world.options
    due = options.timers_a_second * options.timers_for_seconds
    _have_paid(world, due)
    little = _sweep(world, "read")["rows"]
    _change(world, _PENDING_SQL, options.timers)
    much = _sweep(world, "read")["rows"]
    _change(world, _DUE_SQL, LEAD_S, options.timers_a_second, due)
    lags = _sweep(world, "fire", due)["lags"]
    fired = world.ask(_FIRED_SQL)
    _change(world, _GONE_SQL, options.timers)
    return Findings(
        ratios=[
            Ratio("sweep, nothing due", "index rows", little, much, 1.2),
            Ratio("timers fire late by, p99", "seconds", LAG_S, percentile(lags, 99), 1.0),
        ],
        measured={
            "timers": {
                "pending": options.timers,
                "due": due,
                "due a second": options.timers_a_second,
                "late p50 s": percentile(lags, 50),
                "late p99 s": percentile(lags, 99),
            }
        },
        contests={},
        checks=[Check(f"of {due} timers that fell due {fired} have fired", holds=fired == due == len(lags))],
    )


def _have_paid(world: World, count: int) -> None:
    """See that so many purchases are paid: those of the other parts, or else some that are lived here, and copies."""
    if not world.ask(_PAID_SQL, 0):
        with world.crew() as crew:
            world.live(crew)
        work_off(world.place)
    missing, paid = count - world.ask(_PAID_SQL, 0), world.ask(_PAID_SQL, world.since)
    if missing > 0:
        multiply(world.place.connect, since=world.since, until=id_at(time.time()), copies=ceil(missing / paid))


def _sweep(world: World, *arguments: Any) -> dict[str, Any]:
    """See sweep.py: as a worker, with its rights and its settings."""
    place = world.place
    said = place.run(
        sys.executable,
        "-m",
        "bench.growth.sweep",
        *map(str, arguments),
        TRADECORE_PROCESS="batch",
        DATABASE_URL=place.url_of(WEB),
    )
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def _change(world: World, sql: str, *arguments: Any) -> None:
    with world.meters.cursor() as cursor:
        cursor.execute(sql, arguments)
    world.meters.commit()
