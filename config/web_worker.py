"""gunicorn's worker of threads, which also notes how long a request has waited for one of them."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from tradecore.http.gate import waiting_since


class WaitingThreadWorker(ThreadWorker):
    """The queue of requests is that of the pool of threads. See Note [How long a request has waited]."""

    def enqueue_req(self, conn: Any) -> None:
        conn.waiting_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        # A new connection is given to a thread before anything came on it: it has not waited for more than that thread.
        waiting_since.set(conn.waiting_since)
        return super().handle(conn)
