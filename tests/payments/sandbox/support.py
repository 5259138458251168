"""Small words that the tests of the sandbox share."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol

from apps.payments.provider import Call, Operation, PaymentProvider, Statement
from apps.payments.sandbox.webhooks import Webhook
from tradecore.ids import new_id
from tradecore.money import Money

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_c2Vjb25kIHNlY3JldCwgYWxzbyBvZiAyNCBieXRlcw=="

PRICE = Money(12_34, "GBP")
#: For what comes in a moment, on a machine that has other things to do.
_WAIT_S = 60.0
_PROCESS_TIMEOUT_S = 60


class Completing(PaymentProvider, Protocol):
    """A provider at which buyer and bank can be played."""

    def complete_action(self, reference: int, outcome: Literal["ok", "failed"]) -> Statement: ...


class Disputing(Completing, Protocol):
    """A provider at which a buyer's bank and the end of a day can be played too."""

    def open_dispute(
        self, reference: int, *, amount: Money | None = None, reason_code: str, time: timedelta = ...
    ) -> Statement: ...

    def decide_dispute(self, provider_ref: str, outcome: Literal["won", "lost"]) -> Statement: ...

    def settle_now(self) -> list[str]: ...


def make_call(
    operation: Operation = Operation.CHARGE,
    *,
    token: str = "tok_ok",
    method: str = "card",
    amount: Money = PRICE,
    instalments: int = 1,
    about: Call | int | None = None,
    reference: int | None = None,
) -> Call:
    return Call(
        reference=new_id() if reference is None else reference,
        operation=operation,
        provider="sandbox",
        method=method,
        method_token=token,
        amount=amount,
        instalments=instalments,
        about=about.reference if isinstance(about, Call) else about,
    )


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, for as long as anything here may take."""
    give_up_at = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < give_up_at, "it never came to that"
        time.sleep(0.005)


def in_processes(count: int, act: Callable[[int], object], *, meanwhile: Callable[[], object] | None = None) -> None:
    """Let so many forked processes act, and this one meanwhile; none may fail, or take for ever."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            signal.alarm(_PROCESS_TIMEOUT_S)
            try:
                act(number)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    try:
        if meanwhile is not None:
            meanwhile()
    finally:
        endings = [os.waitpid(child, 0)[1] for child in children]
    assert endings == [0] * count


class Receiver(ThreadingHTTPServer):
    """Receives webhooks as our own edge would: keeps them, and answers `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ReceiverHandler)
        self.url = f"http://127.0.0.1:{self.server_port}/webhooks"
        self.statuses: list[int] = []
        self.received: list[Webhook] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.005})

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(Webhook(headers=dict(self.headers), body=body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, pattern: str, *args: Any) -> None:
        pass


def forge(webhook: Webhook, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Webhook:
    """The webhook with other headers or another body."""
    return Webhook(headers={**webhook.headers, **(headers or {})}, body=webhook.body if body is None else body)
