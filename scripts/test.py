"""Run the tests, on a private MariaDB and Redis where they can be had. Arguments go to pytest.

Brings what it needs (see "On a bare machine" in the README), starts a private MariaDB and Redis, and ends them. What
cannot be had is left out and named above the summary; with CI=true a left-out database or browser test is a failure.
"""

import os
import sys

from machine import entry, needs, venv
from machine.needs import Machine
from machine.runs import Run, run

WORKERS_MAX = 8


def main() -> int:
    venv.sync("base", "development")
    machine = needs.prepare()
    with run("test") as the_run:
        pytest = ("-m", "pytest", *_parallel(sys.argv[1:]), *sys.argv[1:])
        return the_run.call(venv.PYTHON, *pytest, variables=_variables(the_run, machine))


def _parallel(arguments: list[str]) -> list[str]:
    """A worker per core, each taking whole files in their order; none for a debugger, which wants the terminal.

    Whole files, because those that start servers start them once a file. (Groups do not hold: xdist 3.8 writes their
    names where pytest 9.2 no longer reads them.)
    """
    if "--pdb" in arguments or "--trace" in arguments:
        return []
    workers = str(min(os.cpu_count() or 1, WORKERS_MAX))
    return ["--numprocesses", workers, "--dist", "loadfile", "--no-loadscope-reorder"]


def _variables(the_run: Run, machine: Machine) -> dict[str, str]:
    """What tests/conftest.py reads. Whatever names a server that already runs is overruled: it is never touched."""
    return {
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        **(the_run.start_servers(machine.servers) if machine.servers else {}),
        "TRADECORE_BROWSER": str(machine.browser or ""),
        "TRADECORE_LEFT_OUT": "\n".join(f"{name}: {why}" for name, why in machine.left_out.items()),
    }


if __name__ == "__main__":
    entry.leave_with(main)
