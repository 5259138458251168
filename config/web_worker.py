"""gunicorn's worker of threads, whose loop waits for connections, and says no to some of them without any thread."""

import selectors
import socket
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from tradecore.http.gate import EarlyRefusal, Ticket, promised, waiting_since

#: So much of a connection's buffer is looked at: a purchase has about two thousand bytes.
PEEKED_BYTES: Final = 8192
#: A thread that computes lets others have the interpreter after so many seconds; Python's own are five times as many.
#: The loop waits for it at each turn, and so does a thread that has an answer of the database in hand.
SWITCH_S: Final = 0.001


class WaitingThreadWorker(ThreadWorker):
    """The queue of requests is that of the pool of threads. See Note [How long a request has waited].

    What a connection brings first, and what comes on a kept one, is looked at here, in the loop that waits for
    connections and does nothing else: where there is no thread for it, it is refused, and otherwise its thread is
    promised to it. See Note [Shedding].
    """

    def init_process(self) -> None:
        sys.setswitchinterval(SWITCH_S)
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        if not (conn.initialized or conn.data_ready):
            self._wait_for_first(conn)
            return
        conn.waiting_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        ticket: Ticket | None = conn.__dict__.pop("ticket", None)
        waiting_since.set(conn.waiting_since)
        promised.set(ticket)
        try:
            return super().handle(conn)
        finally:
            if ticket is not None:
                ticket.give_back()

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if self._look(conn):
            self.pending_conns.remove(conn)
            self.poller.modify(client, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
            self._keep(conn)
        else:
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        if self._look(conn):
            self.keepalived_conns.remove(conn)
            self._keep(conn)
        else:
            super().on_client_socket_readable(conn, client)

    def _wait_for_first(self, conn: Any) -> None:
        """Let the loop wait for what a new connection brings: gunicorn lets a thread do so."""
        conn.sock.setblocking(False)  # noqa: FBT003 - it takes no name
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _keep(self, conn: Any) -> None:
        conn.data_ready = True  # whatever comes next is announced by the loop
        conn.set_timeout()
        self.keepalived_conns.append(conn)

    def _look(self, conn: Any) -> bool:
        """Whether the request that waits on the connection was refused, and answered. Else it may have its thread."""
        if not self.alive or self.cfg.is_ssl or conn.is_http2:
            return False
        try:
            decided = self.wsgi.decide_early(conn.sock.recv(PEEKED_BYTES, socket.MSG_PEEK))
        except OSError:
            return False  # reset: a thread finds out
        if not isinstance(decided, EarlyRefusal):
            conn.ticket = decided
            return False
        self._answer(conn, decided)
        return True

    def _answer(self, conn: Any, refusal: EarlyRefusal) -> None:
        conn.sock.recv(refusal.length)
        with suppress(OSError):  # who does not read what is answered gets no more of it
            if conn.sock.send(refusal.answer) < len(refusal.answer):
                conn.sock.shutdown(socket.SHUT_RDWR)
