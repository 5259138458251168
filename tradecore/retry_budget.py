"""How often anything may be tried again: a little of what is done at all, so that retries never become the load.

# Note [Retry budgets]
What fails now and then is tried again, once for each ten times that it is done at all, and ten times a second in any
case. What fails always is not: tried three times more it would be four times the load, on a database that has too much
of it already. Only one layer tries again (`tradecore.db`, a whole use case). Calls to outsiders are made once; what was
not answered is asked about later, by back-off (Note [Sent or not] of `apps.payments.services.calls`).
"""

import threading
import time


class RetryBudget:
    """One process's retries, for any number of threads.

    share: how many each first try earns. per_second: how many time earns. reserve: how many are kept at most.
    """

    def __init__(self, *, share: float, per_second: float, reserve: float) -> None:
        self._share = share
        self._per_second = per_second
        self._reserve = reserve
        self._lock = threading.Lock()
        self.refill()

    def refill(self) -> None:
        """Begin again with the whole reserve."""
        self._left, self._counted_at = self._reserve, time.monotonic()

    def earn(self) -> None:
        """Something is done for the first time."""
        with self._lock:
            self._left = min(self._reserve, self._left + self._share)

    def left(self) -> float:
        """How many there are now."""
        with self._lock:
            self._earn_by_time()
            return self._left

    def spend(self) -> bool:
        """Take one retry, if there is one."""
        with self._lock:
            self._earn_by_time()
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def _earn_by_time(self) -> None:
        now = time.monotonic()
        self._left = min(self._reserve, self._left + (now - self._counted_at) * self._per_second)
        self._counted_at = now
