"""The sandbox as a process of its own (`manage.py sandbox_provider`), seen from here.

# Note [No answer]
An answer counts when it is a JSON document that can be read as a statement about the call. Everything else (refused,
reset, too slow, 500, 429, HTML, half a document, the answer to another question) tells nothing of the money, and is
ProviderUnreachable: the call is asked for later. A definite refusal is a 400, 402 or 422 with a code in a document: the
provider has not taken the call and never will. A 401, 403 or 404 is none: a key or an address is wrong here, and an
operator mends it. Neither is a 409: the reference has been used before, and what for is a question to ask.
"""

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from apps.payments.provider import Call, ProviderSettlement, ProviderUnreachable, Said, Statement
from apps.payments.sandbox.desk import EVIDENCE_TIME
from apps.payments.sandbox.entries import ACCOUNT
from apps.payments.sandbox.errors import NotCompletable, NotDisputable, Unreadable
from apps.payments.sandbox.messages import read_object, read_statement, write_call
from apps.payments.sandbox.settlement_file import read_settlements
from apps.payments.sandbox.webhooks import Secrets, read_webhook
from tradecore import wire
from tradecore.db import assert_no_transaction
from tradecore.deadlines import time_left
from tradecore.errors import NotFound, Refusal
from tradecore.money import Money

CONNECT_TIMEOUT_S: Final = 1.0
ANSWER_TIMEOUT_S: Final = 3.0
#: Whoever waits for us may have less time than that; a call that is sent at all is listened to for so long.
ANSWER_TIMEOUT_MIN_S: Final = 0.5

_DEFINITE_REFUSALS: Final = frozenset({400, 402, 422})
_ANSWER_BYTES_MAX: Final = 64 * 1024
#: A settlement file has about 150 bytes a line.
_FILE_BYTES_MAX: Final = 256 * 1024 * 1024
_FILE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that could be read."""

    status: int
    document: Mapping[str, Any]


class HttpSandboxProvider:
    """A client of the sandbox process, for any number of threads; each keeps a connection.

    `url` is http://host:port; `secrets` are the live secrets of its webhooks, `whsec_...` each.
    """

    def __init__(
        self,
        *,
        url: str,
        secrets: Sequence[str],
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.account = ACCOUNT
        self._secrets = Secrets(secrets)
        self._line = _Line(url, connect_timeout_s=connect_timeout_s, answer_timeout_s=answer_timeout_s)

    def send(self, call: Call) -> Statement:
        """Ask for the call. Raises ProviderUnreachable, by Note [No answer]."""
        assert_no_transaction()
        answer = self._line.request("POST", "/v1/calls", write_call(call))
        if answer.status in _DEFINITE_REFUSALS:
            return _declined(call, answer.document)
        return _read_answer(answer, reference=call.reference)

    def ask(self, reference: int) -> Statement | None:
        """What became of a call; None if the provider never had it. Raises ProviderUnreachable."""
        assert_no_transaction()
        answer = self._line.request("GET", f"/v1/calls/{reference}")
        if _has_code(answer, NotFound):
            return None
        return _read_answer(answer, reference=reference)

    def complete_action(self, reference: int, outcome: Literal["ok", "failed"]) -> Statement:
        """Play the buyer or the bank: end a call that waits. The provider tells it by webhook.

        Refuses, in this order: NotFound, NotCompletable. Raises ProviderUnreachable.
        """
        assert_no_transaction()
        answer = self._line.request("POST", f"/v1/calls/{reference}/complete", {"outcome": outcome})
        if _has_code(answer, NotFound):
            raise NotFound(what="call")
        if _has_code(answer, NotCompletable):
            raise NotCompletable(standing=str(answer.document.get("standing")))
        return _read_answer(answer, reference=reference)

    def ask_dispute(self, provider_ref: str) -> Statement | None:
        """Where a chargeback stands; None if there is none of that name. Raises ProviderUnreachable."""
        assert_no_transaction()
        answer = self._line.request("GET", f"/v1/disputes/{quote(provider_ref, safe='')}")
        if _has_code(answer, NotFound):
            return None
        return _read_dispute(answer, provider_ref=provider_ref)

    def open_dispute(
        self, reference: int, *, amount: Money | None = None, reason_code: str, time: timedelta = EVIDENCE_TIME
    ) -> Statement:
        """Play a buyer's bank: the money that a call captured goes back, so much of it or all. It is told by webhook.

        Refuses, in this order: NotFound, NotDisputable. Raises ProviderUnreachable.
        """
        assert_no_transaction()
        seconds = time // timedelta(seconds=1)
        document = {"reason_code": reason_code, "amount": wire.to_json(amount), "evidence_seconds": seconds}
        answer = self._line.request("POST", f"/v1/calls/{reference}/disputes", document)
        if _has_code(answer, NotFound):
            raise NotFound(what="call")
        if _has_code(answer, NotDisputable):
            raise NotDisputable(standing=str(answer.document.get("standing")))
        return _read_answer(answer, reference=reference)

    def decide_dispute(self, provider_ref: str, outcome: Literal["won", "lost"]) -> Statement:
        """Play the network. The provider tells it by webhook.

        Refuses, in this order: NotFound, NotCompletable. Raises ProviderUnreachable.
        """
        assert_no_transaction()
        path = f"/v1/disputes/{quote(provider_ref, safe='')}/decide"
        answer = self._line.request("POST", path, {"outcome": outcome})
        if _has_code(answer, NotFound):
            raise NotFound(what="dispute")
        if _has_code(answer, NotCompletable):
            raise NotCompletable(standing=str(answer.document.get("standing")))
        return _read_dispute(answer, provider_ref=provider_ref)

    def list_settlements(self, *, on: date) -> Sequence[ProviderSettlement]:
        """What was settled of a day, from the file that is published of it. Raises ProviderUnreachable."""
        assert_no_transaction()
        body = self._line.fetch(f"/v1/settlements/{on.isoformat()}")
        try:
            return read_settlements(body)
        except Unreadable as error:
            raise ProviderUnreachable(f"published nothing that we can read: {error.reason}") from error

    def settle_now(self) -> list[str]:
        """Play the end of a day: settle what is not settled yet. Returns the references of the transfers.

        Raises ProviderUnreachable.
        """
        assert_no_transaction()
        answer = self._line.request("POST", "/v1/settlements", {})
        transfers = answer.document.get("transfers")
        if answer.status != HTTPStatus.OK or not isinstance(transfers, list):
            raise ProviderUnreachable(f"answered {answer.status}")
        return [str(transfer) for transfer in transfers]

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Statement:
        """The statement in a webhook. Refuses: WebhookRefused."""
        return read_webhook(headers=headers, body=body, now=now, secrets=self._secrets)


def _read_answer(answer: _Answer, *, reference: int) -> Statement:
    statement = _read_statement(answer)
    if statement.reference != reference:
        raise ProviderUnreachable("answered another question")
    return statement


def _read_dispute(answer: _Answer, *, provider_ref: str) -> Statement:
    statement = _read_statement(answer)
    if statement.dispute is None or statement.provider_ref != provider_ref:
        raise ProviderUnreachable("answered another question")
    return statement


def _read_statement(answer: _Answer) -> Statement:
    if answer.status != HTTPStatus.OK:
        raise ProviderUnreachable(f"answered {answer.status} {answer.document.get('code', '')}")
    try:
        return read_statement(answer.document)
    except Unreadable as error:
        raise ProviderUnreachable(f"said nothing that we know: {error.reason}") from error


def _has_code(answer: _Answer, refusal: type[Refusal]) -> bool:
    """Whether the provider itself refused so: any server at all answers 404, ours says what it does not know."""
    return answer.status == refusal.kind.value and answer.document.get("code") == refusal.code


def _declined(call: Call, document: Mapping[str, Any]) -> Statement:
    """The provider will not have the call: there is nothing to wait for. It then speaks for nobody but our account."""
    code = document.get("code")
    if not isinstance(code, str):
        raise ProviderUnreachable("refused without a reason")
    return Statement(
        said=Said.DECLINED,
        reference=call.reference,
        provider_ref="",
        amount=call.amount,
        account=ACCOUNT,
        decline_code=code[:40],
    )


class _Line:
    """Connections to one provider: one per thread, kept open, and replaced as soon as anything goes wrong on it."""

    def __init__(self, url: str, *, connect_timeout_s: float, answer_timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the sandbox provider is at http://host:port, not at {url!r}")
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._connect_timeout_s = connect_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._kept = threading.local()

    def request(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> _Answer:
        """One question and its answer, once: nothing is sent twice. Raises ProviderUnreachable."""
        connection = self._take_connection()
        body = None if document is None else json.dumps(document).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            connection.begin(seconds=time_left(at_most=self._answer_timeout_s, at_least=ANSWER_TIMEOUT_MIN_S))
            connection.request(method, self._path + path, body, headers)
            response = connection.getresponse()
            answer = _Answer(response.status, _read_document(response))
        except (OSError, http.client.HTTPException, Unreadable) as error:
            connection.close()
            raise ProviderUnreachable(f"{type(error).__name__}: {error}") from error
        self._kept.connection = connection
        return answer

    def fetch(self, path: str) -> bytes:
        """A file, whole, over a connection of its own. Raises ProviderUnreachable."""
        connection = _Connection(self._host, self._port, timeout=self._connect_timeout_s)
        try:
            connection.begin(seconds=_FILE_TIMEOUT_S)
            connection.request("GET", self._path + path, headers={"Accept": "text/csv"})
            response = connection.getresponse()
            body = _read_body(response, bytes_max=_FILE_BYTES_MAX)
        except (OSError, http.client.HTTPException, Unreadable) as error:
            raise ProviderUnreachable(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if response.status != HTTPStatus.OK:
            raise ProviderUnreachable(f"answered {response.status}")
        return body

    def _take_connection(self) -> "_Connection":
        """The connection that this thread has kept, if it is still good; it is kept again once it has served."""
        kept: _Connection | None = self._kept.__dict__.pop("connection", None)
        if kept is not None and kept.is_usable():
            return kept
        if kept is not None:
            kept.close()
        return _Connection(self._host, self._port, timeout=self._connect_timeout_s)


class _Connection(http.client.HTTPConnection):
    """A connection whose whole answer must be there by one moment, however slowly its bytes come."""

    _owner_pid = 0

    def connect(self) -> None:
        super().connect()
        self._owner_pid = os.getpid()
        self._bounded = _BoundedSocket(fileno=self.sock.detach())
        self.sock = self._bounded

    def begin(self, *, seconds: float) -> None:
        """Connect if need be, and let the next answer take so long at most."""
        if self.sock is None:
            self.connect()
        self._bounded.settimeout(seconds)
        self._bounded.ends_at = time.monotonic() + seconds

    def is_usable(self) -> bool:
        """Whether nobody has closed it, nothing is left to be read on it, and it did not come through a fork."""
        if self.sock is None or self._owner_pid != os.getpid():
            return False
        try:
            self.sock.settimeout(0)
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


class _BoundedSocket(socket.socket):
    """Each read waits for what is left of the time, so that a byte now and then does not prolong it."""

    ends_at = 0.0

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(max(self.ends_at - time.monotonic(), 0.001))
        return super().recv_into(*args, **kwargs)


def _read_document(response: http.client.HTTPResponse) -> dict[str, Any]:
    """The JSON object of an answer, whatever its status. Refuses: Unreadable."""
    return read_object(_read_body(response, bytes_max=_ANSWER_BYTES_MAX))


def _read_body(response: http.client.HTTPResponse, *, bytes_max: int) -> bytes:
    body = response.read(bytes_max + 1)
    if len(body) > bytes_max:
        raise Unreadable(reason="too long")
    if response.length:
        raise Unreadable(reason="cut off")
    return body
