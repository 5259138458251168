"""What the database server has counted of a user's statements, and what processes have cost."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")

#: What is counted by its own name; everything else that a session sends (SET, BEGIN, a ping) is `other`.
KINDS: Final = ("select", "insert", "update", "delete", "commit", "rollback")

_COUNTS_SQL: Final = """
    SELECT event_name, count_star FROM performance_schema.events_statements_summary_by_user_by_event_name
    WHERE user = %s AND count_star > 0
"""

#: `statement/com/Query` and the like are the packets that carried what is counted by its own name.
_SQL: Final = "statement/sql/"


@dataclass(frozen=True)
class Cost:
    """What had been spent at a moment. Seconds of CPU; `busy_s` of the whole machine. statements: by kind. at_s:
    the moment, by a clock that only runs.
    """

    at_s: float
    web_s: float
    database_s: float
    busy_s: float
    statements: Mapping[str, int]

    def since(self, earlier: "Cost") -> "Cost":
        """What was spent since then, and in what time."""
        return Cost(
            at_s=self.at_s - earlier.at_s,
            web_s=self.web_s - earlier.web_s,
            database_s=self.database_s - earlier.database_s,
            busy_s=self.busy_s - earlier.busy_s,
            statements={kind: count - earlier.statements[kind] for kind, count in self.statements.items()},
        )


@dataclass(frozen=True)
class Meter:
    """Reads what one web and its database user have cost. `web_pid`: gunicorn's own; None where there is no web."""

    connection: Any
    user: str
    database_pid: int
    web_pid: int | None

    def read(self) -> Cost:
        return Cost(
            at_s=time.monotonic(),
            web_s=_cpu_of_family(self.web_pid) if self.web_pid else 0.0,
            database_s=_cpu_of(self.database_pid),
            busy_s=_busy(),
            statements=self._statements(),
        )

    def _statements(self) -> dict[str, int]:
        with self.connection.cursor() as cursor:
            cursor.execute(_COUNTS_SQL, [self.user])
            counted = {name.removeprefix(_SQL): count for name, count in cursor.fetchall() if name.startswith(_SQL)}
        self.connection.commit()
        counts = {kind: counted.pop(kind, 0) for kind in KINDS}
        return counts | {"other": sum(counted.values())}


def _cpu_of_family(pid: int) -> float:
    """Of a process, of its children, and of those of them that have ended and were waited for."""
    return _cpu_of(pid, with_ended=True) + sum(_cpu_of(child) for child in children(pid))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@dataclass(frozen=True)
class Memory:
    """What a process has in memory, in MB: all of it, and with its part only of what it shares with others."""

    resident_mb: float
    proportional_mb: float


def memory_of_workers(web_pid: int) -> list[Memory]:
    """Of each worker of a gunicorn, as the kernel has it now."""
    return [_memory_of(worker) for worker in children(web_pid)]


def _memory_of(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name: int(size) for name, size, *_ in map(str.split, lines)}
    return Memory(kilobytes["Rss:"] / 1_024, kilobytes["Pss:"] / 1_024)


def _cpu_of(pid: int, *, with_ended: bool = False) -> float:
    # The name may hold spaces and brackets; what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, ended_user, ended_system = (int(field) for field in fields[11:15])
    return (user + system + (ended_user + ended_system if with_ended else 0)) / _TICKS_A_SECOND


def _busy() -> float:
    """Seconds that the machine's cores have worked: all but idle and waiting, and without what was stolen."""
    user, nice, system, _idle, _waiting, irq, softirq, *_ = (
        int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / _TICKS_A_SECOND
