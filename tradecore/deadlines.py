"""Until when somebody waits for what is being done.

# Note [Deadlines]
A request comes with a deadline: so long after it was sent its caller has gone, and whatever is done for it then is done
for nobody while others wait. The deadline goes with the request through everything that waits on its behalf: a
transaction is not begun again after it, and an outsider is not waited for longer than to it. What has been committed is
committed; a call that was not answered in time is asked about later. Work that nobody waits for has no deadline.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let the block, and whatever it calls, end so many seconds from now; earlier, where it had less time already."""
    ends_at, outer = time.monotonic() + seconds, _ends_at.get()
    token = _ends_at.set(ends_at if outer is None else min(ends_at, outer))
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left(*, at_most: float, at_least: float = 0.0) -> float:
    """How many seconds may still be waited: `at_most`, and `at_least` even where nobody waits any more."""
    ends_at = _ends_at.get()
    if ends_at is None:
        return at_most
    return min(at_most, max(at_least, ends_at - time.monotonic()))
