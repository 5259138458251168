"""Which worker of gunicorn has which connection, and how they are spread evenly.

Whoever is first accepts, so eight connections may well end up with one worker while the other has none, and two runs
would differ by that alone. In production a proxy, and many more connections, even it out; here the buyers that a worker
has too many of connect again.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from bench.counters import children

ATTEMPTS = 60
ACCEPT_TIMEOUT_S = 2.0


def spread(web_pid: int, web_port: int, ports: Sequence[int], reconnect: Callable[[int], int]) -> list[int]:
    """Let buyers reconnect (by their index; returns the new port) until no worker has more than its share.

    Returns how many connections each worker has, the fewest first: what luck does not even out is seen. Workers are
    looked for anew each time, because one that has served its number of requests makes room for another.
    """
    ports, workers = list(ports), children(web_pid)
    for _ in range(ATTEMPTS):
        workers = children(web_pid)
        share = -(-len(ports) // len(workers))
        owners = [_owner(workers, web_port, port) for port in ports]
        had = Counter(owners)
        crowded = next((index for index, owner in enumerate(owners) if had[owner] > share), None)
        if crowded is None:
            break
        ports[crowded] = reconnect(crowded)
    had = Counter(_owner(workers, web_port, port) for port in ports)
    return sorted(had[worker] for worker in workers)


def _owner(workers: Sequence[int], web_port: int, port: int) -> int | None:
    """The worker that holds the connection from that port; None while nobody has accepted it."""
    end = time.monotonic() + ACCEPT_TIMEOUT_S
    while time.monotonic() < end:
        socket = f"socket:[{_inode(web_port, port)}]"
        for worker in workers:
            if socket in _open_files(worker):
                return worker
        time.sleep(0.005)
    return None


def _inode(web_port: int, port: int) -> str:
    """Of the server's end of a connection; "0" while nobody has accepted it."""
    ends = f":{web_port:04X}", f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1][-5:], fields[2][-5:]) == ends:
            return fields[9]
    return "0"


def _open_files(pid: int) -> set[str]:
    """What the descriptors of a process are; of one that was closed meanwhile, or of a process that ended, nothing."""
    names = set()
    with suppress(FileNotFoundError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.add(str(entry.readlink()))
    return names
