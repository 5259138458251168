"""Measure purchases a second, what each costs, and the floors beneath them; see docs/performance.md.

Brings MariaDB and Redis as `make test` does, and ends them. Arguments: make benchmark ARGS="--scenario purchase
--seconds 5 --repeat 3"; `python scripts/benchmark.py --help` lists them. Ends with 1 when the books do not agree.
"""

import os
import sys

from bench.options import read_options
from machine import entry, needs, servers, venv
from machine.runs import run

# Statements are counted by user and never timed: what counting costs stands in docs/performance.md. The buffer holds
# all that is sold in a run, as a shop's would.
MARIADB_OPTIONS = (
    "--performance-schema=ON",
    "--performance-schema-instrument=%=OFF",
    "--performance-schema-instrument=statement/%=COUNTED",
    "--performance-schema-consumer-events-statements-current=OFF",
    "--performance-schema-consumer-events-transactions-current=OFF",
    "--performance-schema-consumer-statements-digest=OFF",
    "--innodb-buffer-pool-size=512M",
    "--innodb-log-file-size=256M",
)


def main() -> int:
    options = read_options(sys.argv[1:])
    venv.sync("base")
    machine = needs.prepare(browser=False)
    if machine.servers is None:
        print("\n".join(f"{name}: {why}" for name, why in machine.left_out.items()), file=sys.stderr)
        return 1
    with run("benchmark", on_disk=options.data == "disk") as the_run:
        mariadb = the_run.start_mariadb(machine.servers, options=MARIADB_OPTIONS)
        redis = the_run.start_redis(machine.servers)
        variables = {
            **servers.as_variables(mariadb, redis),
            "BENCH_MARIADB_PID": str(mariadb.pid),
            "BENCH_FOLDER": str(the_run.folder),
            "PYTHONPATH": os.pathsep.join(("scripts", *filter(None, [os.environ.get("PYTHONPATH")]))),
        }
        return the_run.call(venv.PYTHON, "-m", "bench", *sys.argv[1:], variables=variables)


if __name__ == "__main__":
    entry.leave_with(main)
