"""One at a time: what two runs that start together must not both do."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from machine.paths import LOCAL


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Wait for the lock of that name in this checkout. A killed holder frees it."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
