"""The sandbox bank as a process of its own: HTTP on this machine only, without keys: there is no money behind it."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from apps.settlement.bank.http_bank import NOT_HAD, UNUSABLE
from apps.settlement.bank.messages import (
    Unreadable,
    read_day,
    read_instruction,
    read_money,
    read_object,
    read_reference,
    read_text,
    write_answer,
    write_movement,
)
from apps.settlement.bank.port import AccountUnusable, BankUnreachable
from apps.settlement.bank.sandbox import SandboxBank

log = structlog.get_logger()

HOST: Final = "127.0.0.1"

_BODY_BYTES_MAX: Final = 64 * 1024
_IDLE_TIMEOUT_S: Final = 60
_POLL_S: Final = 0.02


class SandboxBankServer(ThreadingHTTPServer):
    """Serves one bank on one port; port 0 takes a free one. Raises OSError for a port that is taken."""

    daemon_threads = True

    def __init__(self, *, port: int, bank: SandboxBank) -> None:
        self.bank = bank
        super().__init__((HOST, port), _Handler)
        self.url = f"http://{HOST}:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": _POLL_S}, name="bank")

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more calls, and let go of the port."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One question of one client."""

    server: SandboxBankServer
    timeout = _IDLE_TIMEOUT_S

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def log_message(self, pattern: str, *args: Any) -> None:
        log.debug("sandbox_bank_request", line=pattern % args)

    def _dispatch(self) -> None:
        try:
            for method, pattern, action in _ROUTES:
                found = re.fullmatch(pattern, urlsplit(self.path).path)
                if method == self.command and found:
                    action(self, *found.groups())
                    return
            self._write(404, {"code": "route_unknown"})
        except Unreadable as error:
            self._write(400, {"code": "unreadable", "reason": str(error)})
        except BankUnreachable:
            self.close_connection = True  # nothing is said

    def open_account(self) -> None:
        """POST /v1/accounts"""
        form = self._read()
        try:
            opened = self.server.bank.open_account(
                **{name: read_text(form, name) for name in ("holder_name", "account_number", "currency")}
            )
        except AccountUnusable:
            self._write(422, {"code": UNUSABLE})
            return
        self._write(200, {"token": opened.token, "masked": opened.masked})

    def take_payment(self) -> None:
        """POST /v1/payments"""
        self._write(200, write_answer(self.server.bank.send(read_instruction(self._read()))))

    def answer_question(self, reference: str) -> None:
        """GET /v1/payments/{reference}"""
        answer = self.server.bank.ask(read_reference(reference))
        self._write(*((404, {"code": NOT_HAD}) if answer is None else (200, write_answer(answer))))

    def list_movements(self, day: str) -> None:
        """GET /v1/movements/{day}"""
        movements = self.server.bank.list_movements(on=read_day(day))
        self._write(200, {"movements": [write_movement(movement) for movement in movements]})

    def book_transfer(self) -> None:
        """POST /v1/transfers"""
        form = self._read()
        self.server.bank.book_transfer(
            reference=read_text(form, "reference"), amount=read_money(form.get("amount")), on=read_day(form.get("on"))
        )
        self._write(200, {})

    def _read(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or int(length) > _BODY_BYTES_MAX:
            raise Unreadable("length")
        return read_object(self.rfile.read(int(length)))

    def _write(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


_ROUTES: Final[Sequence[tuple[str, str, Callable[..., None]]]] = (
    ("POST", r"/v1/accounts", _Handler.open_account),
    ("POST", r"/v1/payments", _Handler.take_payment),
    ("GET", r"/v1/payments/([^/]+)", _Handler.answer_question),
    ("GET", r"/v1/movements/([^/]+)", _Handler.list_movements),
    ("POST", r"/v1/transfers", _Handler.book_transfer),
)
