"""gunicorn's worker of threads, which notes how long a request has waited for one, and refuses some without any."""

import socket
import time
from contextlib import suppress
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from tradecore.http.gate import waiting_since

#: So much of a connection's buffer is looked at: a purchase has about two thousand bytes.
PEEKED_BYTES: Final = 8192


class WaitingThreadWorker(ThreadWorker):
    """The queue of requests is that of the pool of threads. See Note [How long a request has waited].

    A request on a kept connection for which there is no thread is refused here, in the loop that waits for connections,
    which does nothing else. See Note [Shedding].
    """

    def enqueue_req(self, conn: Any) -> None:
        conn.waiting_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        # A new connection is given to a thread before anything came on it: it has not waited for more than that thread.
        waiting_since.set(conn.waiting_since)
        return super().handle(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if not self._refuse(conn):
            super().on_client_socket_readable(conn, client)

    def _refuse(self, conn: Any) -> bool:
        """Answer the request that waits on the connection, if it is refused, and keep the connection as it is."""
        if not self.alive or self.cfg.is_ssl or conn.is_http2:
            return False
        try:
            refused = self.wsgi.refuse_early(conn.sock.recv(PEEKED_BYTES, socket.MSG_PEEK))
        except OSError:
            return False  # reset: a thread finds out
        if refused is None:
            return False
        length, answer = refused
        conn.sock.recv(length)
        with suppress(OSError):  # who does not read what is answered gets no more of it
            if conn.sock.send(answer) < len(answer):
                conn.sock.shutdown(socket.SHUT_RDWR)
        self.keepalived_conns.remove(conn)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        return True
