"""What /proc says of the processes of this machine. Where it says nothing, nothing is measured."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_LISTENING: Final = "0A"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
#: Of /proc/stat: the fields of idle time, and of time waited for a disk.
_IDLE, _IO_WAIT = 3, 4


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What the machine's processors have done so far, in ticks: in all, idle, and waiting for a disk."""

    total: int
    idle: int
    io_wait: int

    def since(self, before: "Clockwork") -> tuple[float, float]:
        """The share of the time since then that was busy, and that waited for a disk."""
        total = self.total - before.total
        if total <= 0:
            return 0.0, 0.0
        io_wait = self.io_wait - before.io_wait
        return 1 - (self.idle - before.idle + io_wait) / total, io_wait / total


def core_count() -> int:
    return os.cpu_count() or 1


def read_clockwork() -> Clockwork:
    """Of a machine without /proc: one that stands still."""
    try:
        first = (PROC / "stat").read_text().split("\n", 1)[0]
    except OSError:
        return Clockwork(0, 0, 0)
    ticks = [int(field) for field in first.split()[1:9]]
    return Clockwork(sum(ticks), ticks[_IDLE], ticks[_IO_WAIT])


def cpu_s(pids: Collection[int]) -> float:
    """The processor time that processes have taken so far, in seconds; of one that is gone, none."""
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def listeners_on(port: int) -> frozenset[int]:
    """The processes that listen on a port of this machine, as far as this user may see."""
    inodes = _listening_inodes(port)
    return frozenset(pid for pid in _pids() if inodes & _sockets_of(pid)) if inodes else frozenset()


def _ticks(pid: int) -> int:
    try:
        # After the name, which may hold anything, in brackets: user and system time are the 12th and 13th.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _pids() -> list[int]:
    try:
        return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        rows = [line.split() for line in lines]
        found |= {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    return found


def _sockets_of(pid: int) -> set[str]:
    try:
        targets = [str(entry.readlink()) for entry in (PROC / str(pid) / "fd").iterdir()]
    except OSError:  # of another user, or gone
        return set()
    return {match[1] for target in targets if (match := _SOCKET.fullmatch(target))}
