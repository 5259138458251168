"""Keep a private MariaDB and Redis up while you work: make services ARGS=start, env or stop.

`start` brings them up once and prints what to export (again and again, it only prints); `env` prints it; `stop` ends
them and throws their data away. Use it as `eval "$(python scripts/services.py start)"`.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from machine import entry, packages, servers
from machine.locks import exclusive
from machine.paths import LOCAL
from machine.reaper import VARIABLE, Process, end_all
from machine.scratch import make_scratch_folder

STATE = LOCAL / "services.json"

# What these processes carry instead of the mark of a run, which would end with it.
MARK = f"services-of-{LOCAL.parent}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["start", "env", "stop"])
    action = parser.parse_args().action
    with exclusive("services"):
        if action == "stop":
            _stop()
            return 0
        state = _running()
        if state is None and action == "start":
            state = _start()
        if state is None:
            print("nothing runs: python scripts/services.py start", file=sys.stderr)
            return 1
        for name, value in state["environment"].items():
            print(f"export {name}={value}")
        return 0


def _running() -> dict[str, Any] | None:
    if not STATE.exists():
        return None
    state: dict[str, Any] = json.loads(STATE.read_text())
    if all(Process(**process).is_running() for process in state["processes"]):
        return state
    _stop()
    return None


def _start() -> dict[str, Any]:
    programs = packages.find_servers()
    if programs is None:
        sys.exit("MariaDB or Redis is not here: `python scripts/test.py` brings them")
    folder = make_scratch_folder("services")
    environment = {**os.environ, VARIABLE: MARK}
    mariadb = servers.start_mariadb(programs, folder, environment)
    redis = servers.start_redis(programs, folder, environment)
    state = {
        "folder": str(folder),
        "processes": [asdict(Process.of(server.pid)) for server in (mariadb, redis)],
        "environment": servers.as_variables(mariadb, redis),
    }
    STATE.touch(mode=0o600)
    STATE.write_text(json.dumps(state, indent=2))
    return state


def _stop() -> None:
    if not STATE.exists():
        return
    state = json.loads(STATE.read_text())
    end_all(MARK, [Process(**process) for process in state["processes"]])
    shutil.rmtree(Path(state["folder"]), ignore_errors=True)
    STATE.unlink()


if __name__ == "__main__":
    entry.leave_with(main)
