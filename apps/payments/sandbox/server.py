"""The sandbox as a process of its own: HTTP on this machine only, without keys, because there is no money behind it."""

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog

from apps.payments.provider import Statement
from apps.payments.sandbox.behaviour import NOT_TAKEN, Behaviour, Conduct, Fault, read_behaviour
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.courier import Courier
from apps.payments.sandbox.desk import Desk, Reply
from apps.payments.sandbox.entries import ACCOUNT, Dispute, Entry, add_up, make_dispute_statement, make_event
from apps.payments.sandbox.errors import Unreadable
from apps.payments.sandbox.messages import (
    read_call,
    read_money,
    read_object,
    read_reason_code,
    read_reference,
    write_call,
    write_statement,
)
from apps.payments.sandbox.pages import challenge_page, outcome_page
from apps.payments.sandbox.webhooks import Secrets
from tradecore import wire
from tradecore.errors import NotFound, Refusal

log = structlog.get_logger()

HOST: Final = "127.0.0.1"

_JSON: Final = "application/json"
_CSV: Final = "text/csv; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"

_LENGTH: Final = re.compile(r"[0-9]{1,8}", re.ASCII)
_BODY_BYTES_MAX: Final = 64 * 1024
_IDLE_TIMEOUT_S: Final = 60
#: How long a connection stays open on which nothing will be said.
_SILENCE_S: Final = 30
_TRICKLE_PAUSE_S: Final = 0.1
#: How often it looks whether it is to stop.
_POLL_S: Final = 0.02

_OUTCOMES: Final[Mapping[str, bool]] = {"ok": True, "failed": False}
_DECISIONS: Final[Mapping[str, bool]] = {"won": True, "lost": False}
_EVIDENCE_S_MAX: Final = 365 * 24 * 3600


class SandboxServer(ThreadingHTTPServer):
    """Serves one book on one port; port 0 takes a free one. Webhooks go to `webhook_url`, if there is one.

    Raises sqlite3.OperationalError for a book that cannot be opened, ValueError for secrets or a URL of no use, OSError
    for a port that is taken.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, port: int, book: Book, secrets: Sequence[str], webhook_url: str = "") -> None:
        book.open()
        self.book = book
        self.conduct = Conduct(Behaviour())
        self.courier = Courier(url=webhook_url, secrets=Secrets(secrets), conduct=self.conduct) if webhook_url else None
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__((HOST, port), _Handler)
        self.url = f"http://{HOST}:{self.server_port}"
        self.desk = Desk(book=book, pages_url=self.url)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": _POLL_S}, name="sandbox")

    def start(self) -> None:
        """Serve from a thread of its own."""
        if self.courier is not None:
            self.courier.start()
        self._thread.start()

    def stop(self) -> None:
        """Take no more calls, hang up, let go of the port and of the book."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in list(self._connections):
            with suppress(OSError):  # its client was faster
                connection.shutdown(socket.SHUT_RDWR)
        if self.courier is not None:
            self.courier.stop()
        self.book.close()

    def tell(self, event: Statement, *, at_once: bool = False) -> None:
        """Send the webhook of an event, if webhooks go anywhere."""
        if self.courier is not None:
            (self.courier.deliver if at_once else self.courier.post)(event)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that `stop` can end it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is no error; of anything else the log has the traceback."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            log.error("sandbox_failed", client=client_address, exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    """One connection of one client."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_TIMEOUT_S
    # An answer leaves in one packet: head and body in two would wait for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_PUT(self) -> None:
        self._dispatch()

    def log_message(self, pattern: str, *args: Any) -> None:
        log.debug("sandbox_request", line=pattern % args)

    def _dispatch(self) -> None:
        try:
            self._body = self._read_body()
            for method, pattern, action in _ROUTES:
                found = re.fullmatch(pattern, urlsplit(self.path).path)
                if method == self.command and found:
                    action(self, *found.groups())
                    return
            self._write_json(404, {"code": "route_unknown"})
        except Refusal as refusal:
            self._write_json(refusal.kind.value, {"code": refusal.code, **wire.to_json(refusal.facts())})

    def take_call(self) -> None:
        """POST /v1/calls: a call, answered with a statement."""
        conduct = self.server.conduct
        call, fault = read_call(read_object(self._body)), conduct.draw_fault()
        reply = None if fault in NOT_TAKEN else self.server.desk.take(call)
        event = make_event(reply.statement) if reply and reply.is_new and reply.statement else None
        comes_first = conduct.happens(conduct.behaviour.webhook_first_bp)
        if event and comes_first:
            self.server.tell(event, at_once=True)
        try:
            self._answer(reply, fault, reference=call.reference)
        finally:
            if event and not comes_first:
                self.server.tell(event)

    def answer_question(self, reference: str) -> None:
        """GET /v1/calls/{reference}: the statement about a call."""
        fault = self.server.conduct.draw_fault()
        number = read_reference(reference)
        reply = self.server.desk.ask(number)
        if reply is None and fault is None:
            raise NotFound(what="call")
        self._answer(reply, fault, reference=number)

    def complete_call(self, reference: str) -> None:
        """POST /v1/calls/{reference}/complete: {"outcome": "ok" | "failed"} ends a call that waits."""
        statement = self._complete(read_reference(reference), read_object(self._body).get("outcome"))
        self._write_json(200, write_statement(statement))

    def export_book(self) -> None:
        """GET /v1/book: every call and what they come to, as at one moment."""
        entries = self.server.book.list_entries()
        balances = {currency: wire.to_json(balance) for currency, balance in add_up(entries).items()}
        calls = [_export_entry(entry) for entry in entries]
        disputes = [_export_dispute(dispute) for dispute in self.server.book.list_disputes()]
        self._write_json(200, {"account": ACCOUNT, "balances": balances, "calls": calls, "disputes": disputes})

    def open_dispute(self, reference: str) -> None:
        """POST /v1/calls/{reference}/disputes: the buyer's bank takes money back, `amount` of it or all."""
        document = read_object(self._body)
        amount = document.get("amount")
        statement = self.server.desk.open_dispute(
            reference=read_reference(reference),
            amount_minor=None if amount is None else read_money(amount).minor,
            reason_code=read_reason_code(document),
            time=timedelta(seconds=_read_seconds(document.get("evidence_seconds"))),
        )
        self.server.tell(make_event(statement))
        self._write_json(200, write_statement(statement))

    def answer_about_dispute(self, provider_ref: str) -> None:
        """GET /v1/disputes/{provider_ref}: the statement about a chargeback."""
        reply, fault = self.server.desk.ask_dispute(provider_ref), self.server.conduct.draw_fault()
        if reply is None:
            raise NotFound(what="dispute")
        assert reply.statement is not None, "where a chargeback stands is known"
        self._answer(reply, fault, reference=reply.statement.reference)

    def decide_dispute(self, provider_ref: str) -> None:
        """POST /v1/disputes/{provider_ref}/decide: {"outcome": "won" | "lost"}."""
        outcome = read_object(self._body).get("outcome")
        if not isinstance(outcome, str) or outcome not in _DECISIONS:
            raise Unreadable(reason="outcome")
        statement = self.server.desk.decide_dispute(provider_ref=provider_ref, is_won=_DECISIONS[outcome])
        self.server.tell(make_event(statement))
        self._write_json(200, write_statement(statement))

    def publish_settlements(self, day: str) -> None:
        """GET /v1/settlements/{day}: the file of a day."""
        try:
            on = date.fromisoformat(day)
        except ValueError as error:
            raise Unreadable(reason="day") from error
        self._write(200, self.server.desk.settlement_file(on), _CSV)

    def settle_now(self) -> None:
        """POST /v1/settlements: settle what is not settled yet, before its day is over."""
        self._write_json(200, {"transfers": self.server.desk.settle_now()})

    def show_behaviour(self) -> None:
        """GET /v1/behaviour."""
        self._write_json(200, asdict(self.server.conduct.behaviour))

    def change_behaviour(self) -> None:
        """PUT /v1/behaviour: behave so from now on; what is not named is as by default."""
        self.server.conduct.change(read_behaviour(read_object(self._body)))
        self.show_behaviour()

    def show_challenge(self, reference: str) -> None:
        """GET /3ds/{reference}: the page on which a buyer authenticates, or does not."""
        reply = self.server.desk.ask(read_reference(reference))
        if reply is None or reply.statement is None:
            raise NotFound(what="call")
        self._write(200, challenge_page(reply.statement).encode(), _HTML)

    def take_challenge(self, reference: str) -> None:
        """POST /3ds/{reference}: what the buyer chose on that page."""
        chosen = parse_qs(self._body.decode(errors="replace")).get("outcome", [""])
        statement = self._complete(read_reference(reference), chosen[0])
        self._write(200, outcome_page(statement).encode(), _HTML)

    def _complete(self, reference: int, outcome: Any) -> Statement:
        if not isinstance(outcome, str) or outcome not in _OUTCOMES:
            raise Unreadable(reason="outcome")
        statement = self.server.desk.complete(reference=reference, succeeds=_OUTCOMES[outcome])
        self.server.tell(make_event(statement))
        return statement

    def _read_body(self) -> bytes:
        """The body, read in any case: what is left of it would be taken for the next request."""
        length = self.headers.get("Content-Length", "0")
        is_short = _LENGTH.fullmatch(length) is not None and int(length) <= _BODY_BYTES_MAX
        if not is_short or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Unreadable(reason="length of the body")
        return self.rfile.read(int(length))

    def _answer(self, reply: Reply | None, fault: Fault | None, *, reference: int) -> None:
        """Answer as the reply and the fault have it."""
        conduct, stopping = self.server.conduct, self.server.stopping
        if conduct.happens(conduct.behaviour.slow_bp):
            stopping.wait(conduct.behaviour.slow_ms / 1000)
        document = self._document(reply, reference)
        if fault in {Fault.DEAF, Fault.MUTE}:
            stopping.wait(_SILENCE_S)
            self.close_connection = True
        elif fault is Fault.TRICKLE:
            self._trickle(json.dumps(document).encode())
        elif fault is not None:
            status, content_type, spoil = _GARBAGE[fault]
            self._write(status, spoil(json.dumps(document).encode()), content_type)
        elif reply is None or not reply.is_answered:
            self.close_connection = True
        else:
            self._write_json(200, document)

    def _document(self, reply: Reply | None, reference: int) -> dict[str, Any]:
        if reply is None or reply.statement is None:
            return {"reference": str(reference), "said": "unknown"}
        return write_statement(self.server.conduct.bend(reply.statement))

    def _trickle(self, body: bytes) -> None:
        self._write(200, b"", _JSON, length=len(body))
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            self.server.stopping.wait(_TRICKLE_PAUSE_S)

    def _write_json(self, status: int, document: Mapping[str, Any]) -> None:
        self._write(status, json.dumps(document).encode(), _JSON)

    def _write(self, status: int, body: bytes, content_type: str, *, length: int | None = None) -> None:
        self.send_response(HTTPStatus(status))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()  # now: what is told after an answer is told after this


_ROUTES: Final[Sequence[tuple[str, str, Callable[..., None]]]] = (
    ("POST", r"/v1/calls", _Handler.take_call),
    ("GET", r"/v1/calls/([^/]+)", _Handler.answer_question),
    ("POST", r"/v1/calls/([^/]+)/complete", _Handler.complete_call),
    ("POST", r"/v1/calls/([^/]+)/disputes", _Handler.open_dispute),
    ("GET", r"/v1/disputes/([^/]+)", _Handler.answer_about_dispute),
    ("POST", r"/v1/disputes/([^/]+)/decide", _Handler.decide_dispute),
    ("GET", r"/v1/settlements/([^/]+)", _Handler.publish_settlements),
    ("POST", r"/v1/settlements", _Handler.settle_now),
    ("GET", r"/v1/book", _Handler.export_book),
    ("GET", r"/v1/behaviour", _Handler.show_behaviour),
    ("PUT", r"/v1/behaviour", _Handler.change_behaviour),
    ("GET", r"/3ds/([^/]+)", _Handler.show_challenge),
    ("POST", r"/3ds/([^/]+)", _Handler.take_challenge),
)

_GARBAGE: Final[Mapping[Fault, tuple[int, str, Callable[[bytes], bytes]]]] = {
    Fault.ERROR_500: (500, _JSON, lambda _: b'{"code": "internal_error"}'),
    Fault.ERROR_429: (429, _JSON, lambda _: b'{"code": "too_many_requests"}'),
    Fault.HTML: (200, _HTML, lambda _: b"<!doctype html><title>Back soon</title><h1>We are back soon</h1>"),
    Fault.HALF_JSON: (200, _JSON, lambda body: body[: len(body) // 2]),
}


def _export_entry(entry: Entry) -> dict[str, Any]:
    """A line of the book. Token and evidence are left out: they are nobody's business who reads the book."""
    call = write_call(entry.call)
    del call["method_token"]
    call.pop("evidence", None)
    return call | {
        "provider_ref": entry.provider_ref,
        "standing": entry.standing.value,
        "code": entry.code,
        "taken_at_ms": entry.taken_at_ms,
        "changed_at_ms": entry.changed_at_ms,
    }


def _export_dispute(dispute: Dispute) -> dict[str, Any]:
    return write_statement(make_dispute_statement(dispute)) | {
        "opened_at_ms": dispute.opened_at_ms,
        "changed_at_ms": dispute.changed_at_ms,
    }


def _read_seconds(number: Any) -> int:
    if type(number) is not int or not 0 <= number <= _EVIDENCE_S_MAX:
        raise Unreadable(reason="evidence_seconds")
    return number
