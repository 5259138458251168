"""Which request, or which piece of background work, did it: one id on log lines, events, audit entries and postings.

# Note [Origins]
A request brings its id or gets one. What a worker does has an id as well, made of what it works on: `timer.1234`,
`call.1234`, `answer.1234`, `payout.1234`. Delivering an event keeps the id that the event was published under, so
whatever follows from a request carries its id, however many events later; an event of nobody's is `event.1234`, and
events that are delivered together are `batch.1234` after the first of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog


def origin_now() -> str:
    """The id of what runs; empty where nobody has said."""
    found: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return found


def origin_of(kind: str, number: int) -> str:
    """The id of the work on one thing."""
    return f"{kind}.{number}"


@contextmanager
def working_on(kind: str, number: int, *, origin: str = "") -> Iterator[None]:
    """Mark the block as the work on one thing: what it writes carries `origin`, or an id of its own.

    Log lines name the thing as well: `timer_id`, `event_id`.
    """
    bound = {"request_id": origin or origin_of(kind, number), f"{kind}_id": number}
    with structlog.contextvars.bound_contextvars(**bound):
        yield
