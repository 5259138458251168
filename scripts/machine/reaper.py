"""Ends what a run left behind. A process of its own, so that it outlives a run that is killed.

The run holds the other end of this process's standard input. When the run ends, however it ends, the pipe closes, and
every process of the run is ended: politely, and after a moment not. Those are the ones that it named on the pipe, one
pid a line, and (where there is /proc) whatever else carries the run's mark in its environment.

Run as: python reaper.py MARK [FOLDER ...]; the folders are removed at last.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "TRADECORE_RUN"
GRACE_S = 5.0


def main() -> None:
    mark, folders = sys.argv[1], sys.argv[2:]
    # Ctrl-C is for the run; this process ends when the run has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    named = [Process.of(int(line)) for line in sys.stdin]
    end_all(mark, named)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Process:
    """A process, told apart from a later one that got the same pid."""

    pid: int
    begun: str

    @classmethod
    def of(cls, pid: int) -> "Process":
        return cls(pid=pid, begun=begun(pid))

    def is_running(self) -> bool:
        return bool(self.begun) and begun(self.pid) == self.begun


def begun(pid: int) -> str:
    """When the process was started, in the kernel's words; empty when it is gone, or ended and not yet collected."""
    try:
        # The name may hold spaces and brackets; what follows it does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self").exists() else _begun_by_ps(pid)
    return "" if fields[0] == "Z" else fields[19]


def _begun_by_ps(pid: int) -> str:
    """The same where there is no /proc."""
    return subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()


def end_all(mark: str, named: list[Process]) -> None:
    """End every process of the run, and those that they start meanwhile."""
    end = time.monotonic() + GRACE_S
    asked: set[int] = set()
    while pids := {*marked(mark), *(process.pid for process in named if process.is_running())}:
        for pid in pids:
            if time.monotonic() > end:
                _send(pid, signal.SIGKILL)
            elif pid not in asked:
                _send(pid, signal.SIGTERM)
        asked |= pids
        time.sleep(0.05)


def marked(mark: str) -> set[int]:
    """The processes that were started with the mark in their environment and still live."""
    wanted = f"{VARIABLE}={mark}".encode()
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if wanted in _environment(entry)}


def _environment(entry: Path) -> list[bytes]:
    """Empty for processes of others, and for those that have ended and only wait to be collected."""
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # ended by itself
        os.kill(pid, number)


if __name__ == "__main__":
    main()
