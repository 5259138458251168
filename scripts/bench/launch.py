"""Start MariaDB and Redis for a measuring program, and it; both end with it."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from machine import needs, servers, venv
from machine.runs import run

# Statements are counted by user and never timed: what counting costs stands in docs/performance.md. The buffer holds
# all that is sold in a run, as a shop's would.
MARIADB_OPTIONS: Final = (
    "--performance-schema=ON",
    "--performance-schema-instrument=%=OFF",
    "--performance-schema-instrument=statement/%=COUNTED",
    "--performance-schema-consumer-events-statements-current=OFF",
    "--performance-schema-consumer-events-transactions-current=OFF",
    "--performance-schema-consumer-statements-digest=OFF",
    "--innodb-buffer-pool-size=512M",
    "--innodb-log-file-size=256M",
)


def launch(module: str, arguments: Sequence[str], *, data: str, options: Sequence[str] = ()) -> int:
    """Run `python -m module` with these arguments, on servers of its own. Returns its exit code.

    data: where MariaDB's files lie, on "disk" or in "memory". options: more of mariadbd's, which win.
    """
    venv.sync("base")
    machine = needs.prepare(browser=False)
    if machine.servers is None:
        print("\n".join(f"{name}: {why}" for name, why in machine.left_out.items()), file=sys.stderr)
        return 1
    with run(module, on_disk=data == "disk") as the_run:
        mariadb = the_run.start_mariadb(machine.servers, options=(*MARIADB_OPTIONS, *options))
        redis = the_run.start_redis(machine.servers)
        variables = {
            **servers.as_variables(mariadb, redis),
            "BENCH_MARIADB_PID": str(mariadb.pid),
            "BENCH_FOLDER": str(the_run.folder),
            "PYTHONPATH": os.pathsep.join(("scripts", *filter(None, [os.environ.get("PYTHONPATH")]))),
        }
        return the_run.call(venv.PYTHON, "-m", module, *arguments, variables=variables)
