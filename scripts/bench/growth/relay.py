"""A backlog of events, delivered by the product's relay to the product's handlers, while somebody goes on buying.

What is copied here has not been worked off: each copy of an event is one that no handler has seen, of a purchase of its
own. So everything that follows from a purchase is done for each of them: receipts, letters, inbox rows.
"""

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from bench.checks import Check
from bench.figures import percentile
from bench.growth.fill import GAP_MS, multiply
from bench.growth.findings import Findings, Ratio
from bench.growth.siblings import ID_BITS_BELOW_MS, ID_EPOCH_MS, id_at
from bench.growth.world import World
from bench.place import WEB
from bench.rounds import Contest, play_round

#: Before everything that `purchases.py` has copied.
_BACK_MS: Final = 300 * GAP_MS

#: What the relay is to move in a second.
EVENTS_A_SECOND: Final = 2_000

#: Whether money has moved hangs on these.
MONEY_KINDS: Final = ("orders.purchase_paid", "payments.payment_captured")

_WAITING_SQL: Final = "SELECT COUNT(*) FROM kernel_outbox WHERE delivered_at IS NULL AND id >= %s"
_BACKLOG_SQL: Final = "SELECT COUNT(*) FROM kernel_outbox WHERE delivered_at IS NULL AND dead_at IS NULL"
_AGAIN_SQL: Final = """
    UPDATE kernel_outbox SET delivered_at = NULL, attempts = 0, next_attempt_at = occurred_at WHERE delivered_at >= %s
"""
_OUT_OF_ORDER_SQL: Final = """
    SELECT COUNT(*) FROM kernel_outbox later JOIN kernel_outbox earlier
        ON earlier.aggregate = later.aggregate AND earlier.aggregate_id = later.aggregate_id
        AND earlier.sequence = later.sequence - 1
    WHERE later.delivered_at < earlier.delivered_at
"""
_FRESH_SQL: Final = "SELECT id, delivered_at FROM kernel_outbox WHERE id >= %s AND kind IN %s"

#: How long buyers buy before it is asked whether the backlog is gone.
_STRETCH_S: Final = 2.0


def measure(world: World) -> Findings:
    """See the module."""
    since = id_at(time.time())
    with world.crew() as crew:
        world.live(crew)
        rows_with_little = _rows_read(world)
        undelivered = world.ask(_WAITING_SQL, since)
        copies = max(world.options.backlog // max(undelivered, 1), 1)
        multiply(world.place.connect, since=since, until=id_at(time.time()), copies=copies, back_ms=_BACK_MS)
        rows_with_much = _rows_read(world)
        begun_at = datetime.now(UTC)
        bare = _relay(world, "bare")
        _deliver_again(world, delivered_since=begun_at)
        backlog, fresh_since = world.ask(_BACKLOG_SQL), id_at(time.time())
        with ThreadPoolExecutor(1) as pool:
            drained = pool.submit(_relay, world, "all")
            fresh = _buy_until(drained, world, crew)
    _relay(world, "all")
    moved = drained.result()
    lags = sorted(_lags(world, fresh_since))
    out_of_order = world.ask(_OUT_OF_ORDER_SQL)
    return Findings(
        ratios=[
            Ratio("relay alone, of 2,000 a second", "events", EVENTS_A_SECOND, bare["delivered"] / bare["seconds"]),
            Ratio("and all handlers", "events", EVENTS_A_SECOND, moved["delivered"] / moved["seconds"]),
            Ratio("relay, one event", "index rows", rows_with_little, rows_with_much, 1.2),
        ],
        measured={
            "relay": {
                "backlog": backlog,
                "seconds": moved["seconds"],
                "CPU ms an event, alone": bare["cpu_ms_an_event"],
                "CPU ms an event": moved["cpu_ms_an_event"],
                "fresh money events": len(lags),
                "fresh p50 s": percentile(lags, 50),
                "fresh p99 s": percentile(lags, 99),
            }
        },
        contests={"purchase, beside the relay": fresh},
        checks=[
            Check(f"{out_of_order} events were delivered before an earlier one of their aggregate", not out_of_order),
            Check(f"{world.ask(_BACKLOG_SQL)} events are left", not world.ask(_BACKLOG_SQL)),
        ],
    )


def _rows_read(world: World) -> float:
    """What the server reads for one event of a claim, which waits again afterwards."""
    begun_at = datetime.now(UTC)
    rows: float = _relay(world, "claim")["rows"]
    _deliver_again(world, delivered_since=begun_at)
    return rows


def _deliver_again(world: World, *, delivered_since: datetime) -> None:
    """Let what was delivered to nobody wait again, as it did."""
    with world.meters.cursor() as cursor:
        cursor.execute(_AGAIN_SQL, [delivered_since.replace(tzinfo=None)])
    world.meters.commit()


def _relay(world: World, *arguments: str) -> dict[str, Any]:
    """See drain.py: as a worker, with its rights and its settings."""
    place = world.place
    said = place.run(
        sys.executable,
        "-m",
        "bench.growth.drain",
        *arguments,
        TRADECORE_PROCESS="batch",
        DATABASE_URL=place.url_of(WEB),
    )
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def _buy_until(drained: "Future[Any]", world: World, crew: Any) -> Contest:
    contest = world.contest("trickle")
    while not drained.done():
        contest.rounds.append(play_round(crew, contest, seconds=_STRETCH_S))
    return contest


def _lags(world: World, since: int) -> Iterator[float]:
    """How long each fresh event about money took from being written to being delivered, in seconds."""
    with world.meters.cursor() as cursor:
        cursor.execute(_FRESH_SQL, [since, MONEY_KINDS])
        rows = cursor.fetchall()
    world.meters.commit()
    for an_id, delivered_at in rows:
        written_at = datetime.fromtimestamp(((an_id >> ID_BITS_BELOW_MS) + ID_EPOCH_MS) / 1_000, UTC)
        yield (delivered_at.replace(tzinfo=UTC) - written_at).total_seconds()
