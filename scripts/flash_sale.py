"""Hold a flash sale: so many attempts on so few pieces, and look whether the books agree afterwards.

Brings MariaDB and Redis as `make test` does, and ends them. Arguments: make flash_sale ARGS="--attempts 5000
--wipe-redis-every 2"; `python scripts/flash_sale.py --help` lists them. Ends with 1 when anything is not as promised.
"""

import os
import sys

from machine import entry, needs, servers, venv
from machine.runs import run
from sale.options import read_options


def main() -> int:
    options = read_options(sys.argv[1:])
    venv.sync("base")
    machine = needs.prepare(browser=False)
    if machine.servers is None:
        print("\n".join(f"{name}: {why}" for name, why in machine.left_out.items()), file=sys.stderr)
        return 1
    with run("flash_sale", on_disk=options.data == "disk") as the_run:
        mariadb = the_run.start_mariadb(machine.servers, options=("--innodb-buffer-pool-size=256M",))
        redis = the_run.start_redis(machine.servers)
        variables = {
            **servers.as_variables(mariadb, redis),
            "BENCH_MARIADB_PID": str(mariadb.pid),
            "BENCH_FOLDER": str(the_run.folder),
            "PYTHONPATH": os.pathsep.join(("scripts", *filter(None, [os.environ.get("PYTHONPATH")]))),
        }
        return the_run.call(venv.PYTHON, "-m", "sale", *sys.argv[1:], variables=variables)


if __name__ == "__main__":
    entry.leave_with(main)
