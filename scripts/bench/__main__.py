"""The driver. Started by scripts/benchmark.py, which has started MariaDB and Redis."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

from bench.about import describe, say
from bench.acts import SCENARIOS, Acts
from bench.checks import compare, reconcile, work_off
from bench.counters import Memory, Meter, memory_of_workers
from bench.crew import BuyerFailed, Crew, open_crew
from bench.options import Options, read_options
from bench.place import FLOOR_DATABASE, HTTP_FLOOR, SQL_FLOOR, WEB, Place, PlaceFailed, Web
from bench.report import disturbance, document, faults, memory_line, table
from bench.rounds import Contest, play_round
from bench.scenarios.shopper import open_account
from bench.stage import build_stage
from machine.entry import INTERRUPTED

#: How many guests want each piece of a flash sale.
GUESTS_A_PIECE: Final = 3


def main() -> int:
    options = read_options(sys.argv[1:])
    place = Place.of_environment(workers=options.workers, buyers=options.buyers, settings=options.settings)
    say("the tables, and what is for sale")
    place.prepare()
    stage = build_stage(place, sku_count=options.sku_count, round_count=options.repeat + 1, pieces=options.pieces)
    guest_count = -(-GUESTS_A_PIECE * options.pieces // options.buyers)
    with ExitStack() as stack:
        store = stack.enter_context(place.web(WEB))
        floor = stack.enter_context(
            place.web(HTTP_FLOOR, FLOOR_DATABASE, DJANGO_SETTINGS_MODULE="bench.floor.settings")
        )
        for web in (store, floor):
            web.wait()
        accounts = [open_account(store.port, number) for number in range(options.buyers)]
        acts = Acts(place, stage, store, floor, accounts, guest_count)
        crew = stack.enter_context(open_crew(options.buyers, acts))
        meters = stack.enter_context(place.connect())
        contests = list(_contests(meters, place, store, floor, options.scenarios))
        say(f"gunicorn is process {store.pid}, MariaDB {place.mariadb_pid}; warm-up")
        _measure(crew, contests, options)
        memory = memory_of_workers(store.pid)
    return _report(place, contests, memory, options)


def _contests(connection: Any, place: Place, store: Web, floor: Web, scenarios: Sequence[str]) -> Iterator[Contest]:
    """The floors first, then the scenarios in their order."""
    yield Contest(SQL_FLOOR, Meter(connection, SQL_FLOOR, place.mariadb_pid, None), web=None)
    yield Contest(HTTP_FLOOR, Meter(connection, HTTP_FLOOR, place.mariadb_pid, floor.pid), web=floor)
    for name in scenarios:
        meter = Meter(connection, WEB, place.mariadb_pid, store.pid)
        yield Contest(name, meter, web=store, until_done=SCENARIOS[name].until_done)


def _measure(crew: Crew, contests: Sequence[Contest], options: Options) -> None:
    """One round of each after the other, so that whatever changes on the machine meanwhile meets all of them."""
    for contest in contests:
        contest.warm = play_round(crew, contest, seconds=options.warm_up_seconds)
    for number in range(1, options.repeat + 1):
        say(f"round {number} of {options.repeat}")
        for contest in contests:
            contest.rounds.append(play_round(crew, contest, seconds=options.seconds))


def _report(place: Place, contests: Sequence[Contest], memory: Sequence[Memory], options: Options) -> int:
    """Print and write what came of it. Returns the exit code: 1 when something does not hold."""
    say("what workers would have done")
    work_off(place)
    say("reconciliation")
    checks = [*compare(place, contests, pieces=options.pieces), reconcile(place)]
    measured = document(contests, checks, memory, about=describe(place, options))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2) + "\n")
    print("", table(measured), "", *faults(measured), memory_line(measured), disturbance(measured), sep="\n")
    for check in checks:
        print(f"{'holds' if check.holds else 'BROKEN':<7} {check.text}")
    print(f"written to {options.json}")
    return 0 if measured["holds"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (PlaceFailed, BuyerFailed) as failed:
        sys.exit(str(failed))
