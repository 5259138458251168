"""The driver. Started by scripts/flash_sale.py, which has started MariaDB and Redis."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from bench.checks import work_off
from bench.crew import Act, BuyerFailed, Stint, open_crew
from bench.place import WEB, Place, PlaceFailed
from bench.stage import Stage, Ware
from machine.entry import INTERRUPTED
from sale.crowd import Visitors
from sale.options import Options, read_options
from sale.verdict import judge
from sale.wiping import wiped

SALE: Final = "sale"
#: The stage is the benchmark's, as small as it can be.
SKU_COUNT, ROUND_COUNT = 20, 1
#: A sale ends with its attempts; this is for one that does not.
LONGEST_S: Final = 3_600.0


def main() -> int:
    options = read_options(sys.argv[1:])
    place = Place.of_environment(workers=options.workers, buyers=options.buyers, settings={})
    _say("the tables, and what is for sale")
    place.prepare()
    arguments = map(str, (SKU_COUNT, ROUND_COUNT, options.pieces))
    ware = Stage.read(place.run(sys.executable, "-m", "bench.build_stage", *arguments)).rushes[0]
    if options.plain:
        _unmark(place)
    with ExitStack() as stack:
        store = stack.enter_context(place.web(WEB))
        store.wait()
        crew = stack.enter_context(open_crew(options.buyers, partial(_visitors, store.port, ware, options)))
        _say("everybody comes, and is told the price")
        crew.connect(SALE)
        crew.fill(SALE, 0)
        crew.connect(SALE)
        wipes = stack.enter_context(wiped(place.redis_url, every_s=options.wipe_redis_every))
        _say(f"{options.attempts} attempts on {options.pieces} pieces")
        begun_at, stints = crew.run(SALE, LONGEST_S)
    _show(stints, begun_at, wipes[0])
    _say("what workers would have done, and reconciliation")
    work_off(place)
    checks = judge(place, ware, stints, options)
    for check in checks:
        print(f"{'holds' if check.holds else 'BROKEN':<7} {check.text}")
    return 0 if all(check.holds for check in checks) else 1


def _unmark(place: Place) -> None:
    """Nobody has asked yet: no process has heard that the SKU is hot."""
    with place.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_hot_sku")
        connection.commit()


def _visitors(port: int, ware: Ware, options: Options, number: int) -> dict[str, Act]:
    """Those of one connection; the first ones share out what does not divide."""
    attempts = options.attempts // options.buyers + (number < options.attempts % options.buyers)
    return {SALE: Visitors(port=port, number=number, ware=ware, guests=options.guests, attempts=attempts)}


def _show(stints: Sequence[Stint], begun_at: float, wipes: int) -> None:
    """How fast it went: until the last piece was sold, and from then on."""
    sold = [moment for stint in stints for moment in stint.notes.times["sold"]]
    again = sum(stint.notes.counts["asked again"] for stint in stints)
    refused = sum(stint.notes.counts["refused"] for stint in stints)
    gone_at, ended_at = max(sold, default=begun_at), max(stint.ended_at for stint in stints)
    if sold:
        print(f"{len(sold)} sold in {gone_at - begun_at:.1f} s: {len(sold) / (gone_at - begun_at):.1f} a second")
    if ended_at > gone_at:
        seconds = ended_at - gone_at
        print(f"{refused} refused, nearly all in the {seconds:.1f} s after that: {refused / seconds:.1f} a second")
    print(f"{again} requests were sent again because the store was busy; Redis was wiped {wipes} times", flush=True)


def _say(text: str) -> None:
    print(f"{text} ...", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (PlaceFailed, BuyerFailed) as failed:
        sys.exit(str(failed))
