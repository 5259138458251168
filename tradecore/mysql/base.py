"""The connection to MariaDB or MySQL: Django's own, but for what it says to the server around the statements.

# Note [Round trips]
Django begins a transaction by switching autocommit off, and switches it on again after the end: three round trips for
each, where BEGIN and COMMIT are two. Autocommit stays on, so what comes after a transaction that the server has
discarded (Note [Retries] of `tradecore/db.py`) would be committed at once, as it would have been committed at the end:
nothing may come, which is why no use case goes on after such an error.

Django also asks at each request whether a connection that was kept is still there. Here it asks one that it has not
asked for CHECKED_EVERY_S. Whatever was lost since then fails with its first statement: a use case begins again on a
new connection, a read is answered 503, and the next request connects anew, because an error has Django ask.
"""

import time

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction

CHECKED_EVERY_S = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """See Note [Round trips]."""

    health_check_done: bool
    _checked_at = 0.0

    def _start_transaction_under_autocommit(self) -> None:
        """Django calls it to begin a transaction on a connection that has it, and leaves autocommit alone."""
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.query("BEGIN")

    def close_if_health_check_failed(self) -> None:
        """Ask whether the server is still there, once in a while."""
        if self.health_check_done:
            return
        if time.monotonic() - self._checked_at >= CHECKED_EVERY_S:
            super().close_if_health_check_failed()
            self._checked_at = time.monotonic()
        self.health_check_done = True
