"""The driver. Started by scripts/benchmark.py, which has started MariaDB and Redis."""

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.acts import SCENARIOS, Acts
from bench.checks import compare, reconcile, work_off
from bench.counters import Meter
from bench.crew import BuyerFailed, Crew, open_crew
from bench.floor.statements import make_tables
from bench.options import Options, read_options
from bench.place import FLOOR_DATABASE, HTTP_FLOOR, SQL_FLOOR, WEB, Place, PlaceFailed, Web
from bench.report import disturbance, document, faults, table
from bench.rounds import Contest, play_round
from bench.scenarios.shopper import open_account
from bench.stage import Stage
from machine.entry import INTERRUPTED

#: How many guests want each piece of a flash sale.
GUESTS_A_PIECE: Final = 3

#: What of the server's settings a reader will want to see. (MariaDB calls its isolation tx_isolation until 11.1.)
_REPORTED: Final = (
    "version",
    "innodb_flush_log_at_trx_commit",
    "tx_isolation",
    "transaction_isolation",
    "innodb_buffer_pool_size",
)


def main() -> int:
    options = read_options(sys.argv[1:])
    place = Place.of_environment(workers=options.workers, buyers=options.buyers, settings=options.settings)
    _say("the tables, and what is for sale")
    place.prepare()
    stage = _set_stage(place, options)
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
        _say(f"gunicorn is process {store.pid}, MariaDB {place.mariadb_pid}; warm-up")
        _measure(crew, contests, options)
    return _report(place, contests, options)


def _set_stage(place: Place, options: Options) -> Stage:
    arguments = (options.sku_count, options.repeat + 1, options.pieces)
    stage = Stage.read(place.run(sys.executable, "-m", "bench.build_stage", *map(str, arguments)))
    with place.connect(database=FLOOR_DATABASE) as connection:
        make_tables(connection, [ware.sku_id for shelf in stage.shelves for ware in shelf])
    return stage


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
        _say(f"round {number} of {options.repeat}")
        for contest in contests:
            contest.rounds.append(play_round(crew, contest, seconds=options.seconds))


def _report(place: Place, contests: Sequence[Contest], options: Options) -> int:
    """Print and write what came of it. Returns the exit code: 1 when something does not hold."""
    _say("what workers would have done")
    work_off(place)
    _say("reconciliation")
    checks = [*compare(place, contests, pieces=options.pieces), reconcile(place)]
    measured = document(contests, checks, about=_about(place, options))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2) + "\n")
    print("", table(measured), "", *faults(measured), disturbance(measured), sep="\n")
    for check in checks:
        print(f"{'holds' if check.holds else 'BROKEN':<7} {check.text}")
    print(f"written to {options.json}")
    return 0 if measured["holds"] else 1


def _about(place: Place, options: Options) -> dict[str, Any]:
    with place.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES WHERE variable_name IN %s", [_REPORTED])
        server = {name.lower(): value for name, value in cursor.fetchall()}
    chosen = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    return {"options": chosen, "cores": os.cpu_count(), "python": platform.python_version(), "server": server}


def _say(text: str) -> None:
    print(f"{text} ...", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (PlaceFailed, BuyerFailed) as failed:
        sys.exit(str(failed))
