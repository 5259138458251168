"""gunicorn's worker of threads, whose loop waits for connections, and says no to some of them without any thread."""

import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from tradecore.http.early import EarlyRefusal, WholeRequest
from tradecore.http.gate import Ticket, promised
from tradecore.http.waiting import waiting_since

#: So much of a connection's buffer is looked at: a purchase has about two thousand bytes.
PEEKED_BYTES: Final = 8192
#: A thread that computes lets others have the interpreter after so many seconds; Python's own are five times as many.
#: The loop waits for it at each turn, and so does a thread that has an answer of the database in hand.
SWITCH_S: Final = 0.001
#: So long, and for so many bytes, whoever has been answered for the last time on a connection may take to go.
PARTING_S: Final = 2.0
PARTING_BYTES: Final = 65_536
#: So long a thread that has answered waits for what its client has not said yet: the gate counts it as free already.
DRAINING_S: Final = 0.05


class WaitingThreadWorker(ThreadWorker):
    """The queue of requests is that of the pool of threads. See Note [How long a request has waited].

    What a connection brings first, and what comes on a kept one, is looked at here, in the loop that waits for
    connections and does nothing else: where there is no thread for it, it is refused, and otherwise its thread is
    promised to it. See Note [Shedding]. A crowd is seen by the porter first (Note [The porter]).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parting: deque[Any] = deque()

    def init_process(self) -> None:
        sys.setswitchinterval(SWITCH_S)
        super().init_process()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout)
        if self.wsgi.porter is not None:
            self.wsgi.porter.begin(leave=self._leave_porter)

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

    def finish_request(self, conn: Any, fs: Any) -> None:
        """After the last answer of a connection the loop goes on: gunicorn's waits for each client to close."""
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:  # noqa: FBT001 - gunicorn's
        """Whether the connection is good for another request: what nobody has read of this one must be gone."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + DRAINING_S))

    def murder_pending(self) -> None:
        super().murder_pending()
        while self._parting and self._parting[0].timeout <= time.monotonic():
            self._close(self._parting[0])

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        self._meet(conn, client, self.pending_conns, super().on_pending_socket_readable)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        self._meet(conn, client, self.keepalived_conns, super().on_client_socket_readable)

    def _meet(self, conn: Any, client: Any, among: "deque[Any]", serve: Callable[[Any, Any], None]) -> None:
        """Something has come on a connection: it is refused, goes to the porter, or gets its thread."""
        decided = self._decide(conn)
        if isinstance(decided, EarlyRefusal):
            among.remove(conn)
            self.poller.modify(client, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
            _answer(conn, decided)
            self._keep(conn)
        elif isinstance(decided, WholeRequest):
            among.remove(conn)
            self.poller.unregister(client)
            conn.waiting_since = time.monotonic()
            self.wsgi.porter.bring(conn, decided)
        else:
            conn.ticket = decided
            serve(conn, client)

    def _leave_porter(self, visitors: Sequence[tuple[Any, EarlyRefusal | None]]) -> None:
        """Answer those who have an answer, and let the loop have all of them back. Called in the porter's thread."""
        for conn, refusal in visitors:
            if refusal is not None:
                _answer(conn, refusal)
        self.method_queue.defer(self._take_back, visitors)

    def _take_back(self, visitors: Sequence[tuple[Any, EarlyRefusal | None]]) -> None:
        for conn, refusal in visitors:
            decided = refusal if refusal is not None else self._decide(conn, ask_porter=False)
            if isinstance(decided, EarlyRefusal):
                if refusal is None:
                    _answer(conn, decided)
                self._keep(conn)
                self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
            else:
                conn.ticket, conn.data_ready = decided, True
                super().enqueue_req(conn)  # it has waited since it came

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

    def _part(self, conn: Any) -> None:
        """Say that nothing more comes, and close once the client has, so that no answer is lost on its way."""
        conn.timeout, conn.bytes_heard = time.monotonic() + PARTING_S, 0
        self._parting.append(conn)
        try:
            conn.sock.setblocking(False)  # noqa: FBT003 - it takes no name
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._hear_out, conn))
        except (OSError, ValueError):  # it is closed already
            self._close(conn)

    def _hear_out(self, conn: Any, client: Any) -> None:
        heard = b""
        with suppress(OSError):  # reset
            heard = client.recv(PEEKED_BYTES)
        conn.bytes_heard += len(heard)
        if not heard or conn.bytes_heard >= PARTING_BYTES:
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self._parting.remove(conn)
        with suppress(OSError, KeyError, ValueError):  # it was never waited for
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _decide(self, conn: Any, *, ask_porter: bool = True) -> EarlyRefusal | WholeRequest | Ticket | None:
        """What becomes of the request that waits on the connection; None where a thread finds out."""
        if not self.alive or self.cfg.is_ssl or conn.is_http2:
            return None
        try:
            buffer = conn.sock.recv(PEEKED_BYTES, socket.MSG_PEEK)
        except OSError:  # reset
            return None
        decided: EarlyRefusal | WholeRequest | Ticket | None = self.wsgi.decide_early(buffer, ask_porter=ask_porter)
        return decided


def _answer(conn: Any, refusal: EarlyRefusal) -> None:
    with suppress(OSError):  # who does not read what is answered gets no more of it
        conn.sock.recv(refusal.length)
        if conn.sock.send(refusal.answer) < len(refusal.answer):
            conn.sock.shutdown(socket.SHUT_RDWR)
