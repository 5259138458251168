"""The driver. Started by scripts/growth.py, which has started MariaDB and Redis."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from bench.about import describe, say
from bench.checks import reconcile, work_off
from bench.counters import memory_of_workers
from bench.crew import BuyerFailed
from bench.growth import promotions, purchases, relay, timers
from bench.growth.findings import Findings, Ratio, gather
from bench.growth.options import Options, read_options
from bench.growth.world import World, open_world
from bench.place import Place, PlaceFailed
from machine.entry import INTERRUPTED

#: What a worker of the web may have in memory at most.
WORKER_MB_MAX: Final = 200.0

_PARTS: Final[Mapping[str, Callable[[World], Findings]]] = {
    "purchases": purchases.measure,
    "relay": relay.measure,
    "promotions": promotions.measure,
    "timers": timers.measure,
}


def main() -> int:
    options = read_options(sys.argv[1:])
    place = Place.of_environment(workers=options.workers, buyers=options.buyers, settings=options.settings)
    say("the tables, and what is for sale")
    with open_world(place, options) as world:
        parts = [_measure(name, world) for name in options.parts]
        memory = _memory(world)
    say("what workers would have done")
    work_off(place)
    say("reconciliation")
    books = Findings(ratios=[], measured={}, contests={}, checks=[reconcile(place)])
    return _report(gather([*parts, memory, books]), describe(place, options), options)


def _measure(name: str, world: World) -> Findings:
    """One part; a run takes long, so what came of it is said at once."""
    say(name)
    findings = _PARTS[name](world)
    print(*findings.lines(), sep="\n", flush=True)
    return findings


def _memory(world: World) -> Findings:
    """What the workers have in memory after all of it."""
    workers = memory_of_workers(world.store.pid)
    return Findings(
        ratios=[
            Ratio("MB of a worker, of those allowed", "resident", WORKER_MB_MAX, worker.resident_mb, 1.0)
            for worker in workers
        ],
        measured={"memory": {"workers": [asdict(worker) for worker in workers]}},
        contests={},
        checks=[],
    )


def _report(findings: Findings, about: Mapping[str, Any], options: Options) -> int:
    """Print and write what came of it. Returns the exit code: 1 when something does not hold."""
    document = findings.document(about)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=2) + "\n")
    print("", *findings.lines(), f"written to {options.json}", sep="\n")
    return 0 if document["holds"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (PlaceFailed, BuyerFailed) as failed:
        sys.exit(str(failed))
