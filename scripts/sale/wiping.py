"""Redis, emptied again and again: what it is good for is speed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis


@contextmanager
def wiped(url: str, *, every_s: float) -> Iterator[list[int]]:
    """Empty all of Redis every so many seconds of the block; never for 0. Yields how often, as its one item."""
    over, count = threading.Event(), [0]

    def wipe() -> None:
        with Redis.from_url(url) as redis:
            while not over.wait(every_s):
                redis.flushall()
                count[0] += 1

    wiping = threading.Thread(target=wipe)
    if every_s:
        wiping.start()
    try:
        yield count
    finally:
        over.set()
        if every_s:
            wiping.join()
