"""The sandbox bank as a process of its own (`manage.py sandbox_bank`), seen from here.

# Note [No answer of a bank]
An answer counts when it is a JSON document that can be read, about what was asked. Everything else (refused, reset, too
slow, 500, half a document, the answer to another question) tells nothing of the money, and is BankUnreachable: the
payout is asked about later. Only the bank itself says with a 404 and its code that it never had an instruction, and
with a 422 that it cannot pay to an account; it rejects an instruction by an answer.
"""

import http.client
import json
from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from apps.settlement.bank.messages import (
    Unreadable,
    read_answer,
    read_movement,
    read_object,
    read_text,
    write_instruction,
)
from apps.settlement.bank.port import (
    AccountUnusable,
    BankAnswer,
    BankMovement,
    BankUnreachable,
    OpenedAccount,
    PayoutInstruction,
)
from tradecore import wire
from tradecore.db import assert_no_transaction
from tradecore.money import Money

#: How long the bank has to take a connection, and for each part of its answer.
TIMEOUT_S: Final = 3.0

NOT_HAD: Final = "not_had"
UNUSABLE: Final = "account_unusable"

_ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024


class HttpSandboxBank:
    """A client of the sandbox bank's process, for any number of threads. `url` is http://host:port."""

    def __init__(self, *, url: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the sandbox bank is at http://host:port, not at {url!r}")
        self._host, self._port, self._timeout_s = parts.hostname, parts.port, timeout_s

    def open_account(self, *, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
        """Make an account known to the bank. Raises AccountUnusable, BankUnreachable."""
        body = {"holder_name": holder_name, "account_number": account_number, "currency": currency}
        status, document = self._request("POST", "/v1/accounts", body)
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and document.get("code") == UNUSABLE:
            raise AccountUnusable
        try:
            opened = OpenedAccount(token=read_text(document, "token"), masked=read_text(document, "masked"))
        except Unreadable as error:
            raise BankUnreachable(f"said nothing that we know: {error}") from error
        return opened

    def send(self, instruction: PayoutInstruction) -> BankAnswer:
        """Have money sent. Raises BankUnreachable."""
        status, document = self._request("POST", "/v1/payments", write_instruction(instruction))
        return _read(status, document, reference=instruction.reference)

    def ask(self, reference: int) -> BankAnswer | None:
        """What became of an instruction; None if the bank never had it. Raises BankUnreachable."""
        status, document = self._request("GET", f"/v1/payments/{reference}")
        if status == HTTPStatus.NOT_FOUND and document.get("code") == NOT_HAD:
            return None
        return _read(status, document, reference=reference)

    def list_movements(self, *, on: date) -> Sequence[BankMovement]:
        """Our account's statement of a day. Raises BankUnreachable."""
        status, document = self._request("GET", f"/v1/movements/{on.isoformat()}")
        movements = document.get("movements")
        if status != HTTPStatus.OK or not isinstance(movements, list):
            raise BankUnreachable(f"answered {status}")
        try:
            return [read_movement(movement) for movement in movements]
        except Unreadable as error:
            raise BankUnreachable(f"said nothing that we know: {error}") from error

    def book_transfer(self, *, reference: str, amount: Money, on: date) -> None:
        """A provider of payments sends money to our account, or takes it. Raises BankUnreachable."""
        body = {"reference": reference, "amount": wire.to_json(amount), "on": on.isoformat()}
        status, _ = self._request("POST", "/v1/transfers", body)
        if status != HTTPStatus.OK:
            raise BankUnreachable(f"answered {status}")

    def _request(
        self, method: str, path: str, document: Mapping[str, Any] | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """One question and its answer, once. Raises BankUnreachable."""
        assert_no_transaction()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            body = None if document is None else json.dumps(document).encode()
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, read_object(response.read(_ANSWER_BYTES_MAX))
        except (OSError, http.client.HTTPException, Unreadable) as error:
            raise BankUnreachable(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()


def _read(status: int, document: Mapping[str, Any], *, reference: int) -> BankAnswer:
    if status != HTTPStatus.OK:
        raise BankUnreachable(f"answered {status}")
    try:
        answer = read_answer(document)
    except Unreadable as error:
        raise BankUnreachable(f"said nothing that we know: {error}") from error
    if answer.reference != reference:
        raise BankUnreachable("answered another question")
    return answer
