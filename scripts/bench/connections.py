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
    looked for anew each time, because one that has served its number of requests makes room for another. Whoever no
    worker has any more, because nothing came from them for too long, connects again as well.
    """
    ports, workers = list(ports), children(web_pid)
    for _ in range(ATTEMPTS):
        workers = children(web_pid)
        share = -(-len(ports) // len(workers))
        owners = _owners(workers, web_port, ports)
        had = Counter(owners)
        lost = [index for index, owner in enumerate(owners) if owner is None]
        crowded = [index for index, owner in enumerate(owners) if had[owner] > share]
        if not lost and not crowded:
            break
        for index in lost or crowded[:1]:
            ports[index] = reconnect(index)
    had = Counter(_owners(workers, web_port, ports))
    return sorted(had[worker] for worker in workers)


def _owners(workers: Sequence[int], web_port: int, ports: Sequence[int]) -> list[int | None]:
    """The workers that hold the connections from these ports; None where nobody has accepted one."""
    end = time.monotonic() + ACCEPT_TIMEOUT_S
    while True:
        inodes = _inodes(web_port)
        holders = {socket: worker for worker in workers for socket in _open_files(worker)}
        owners = [holders.get(f"socket:[{inodes.get(port)}]") for port in ports]
        if None not in owners or time.monotonic() > end:
            return owners
        time.sleep(0.005)


def _inodes(web_port: int) -> dict[int, str]:
    """Of the server's ends of the connections to this port, by the other port; "0" while nobody has accepted one."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {int(row[2][-4:], 16): row[9] for row in rows if row[1].endswith(f":{web_port:04X}")}


def _open_files(pid: int) -> set[str]:
    """What the descriptors of a process are; of one that was closed meanwhile, or of a process that ended, nothing."""
    names = set()
    with suppress(FileNotFoundError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.add(str(entry.readlink()))
    return names
