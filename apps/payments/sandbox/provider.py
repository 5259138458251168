"""The sandbox in this process: what the embedded default and the benchmarks pay with."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from apps.payments.provider import Call, ProviderSettlement, ProviderUnreachable, Statement
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.desk import EVIDENCE_TIME, Desk
from apps.payments.sandbox.entries import ACCOUNT, make_event
from apps.payments.sandbox.errors import ReferenceReused
from apps.payments.sandbox.settlement_file import read_settlements
from apps.payments.sandbox.webhooks import Secrets, read_webhook
from tradecore.db import assert_no_transaction
from tradecore.money import Money

#: Where a later event goes: what a webhook is between processes.
Sink = Callable[[Statement], object]


class SandboxProvider:
    """A payment provider without a network.

    `secrets` verify webhooks, should any come. `book` is shared by handing over one with a file; without it, this
    instance has its own, in memory. `sink` is told what happens to a call after it was answered. `pages_url` is where
    buyers are sent for 3-D Secure: whoever serves such a page calls `complete_action` from it.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str] = (),
        book: Book | None = None,
        sink: Sink | None = None,
        pages_url: str = "/sandbox",
    ) -> None:
        self.account = ACCOUNT
        self._desk = Desk(book=Book() if book is None else book, pages_url=pages_url)
        self._secrets = Secrets(secrets)
        self._sink = sink

    def send(self, call: Call) -> Statement:
        """Ask for the call. Raises ProviderUnreachable when its token says that no answer comes.

        Also for a reference that was used for another call: that says nothing of the first one, and asking does.
        """
        assert_no_transaction()
        try:
            reply = self._desk.take(call)
        except (ReferenceReused, sqlite3.OperationalError) as error:
            raise ProviderUnreachable(str(error)) from error
        if reply is None or not reply.is_answered:
            raise ProviderUnreachable("no answer")
        return _known(reply.statement)

    def ask(self, reference: int) -> Statement | None:
        """What became of a call; None if it never came. Raises ProviderUnreachable."""
        assert_no_transaction()
        try:
            reply = self._desk.ask(reference)
        except sqlite3.OperationalError as error:
            raise ProviderUnreachable(str(error)) from error
        return None if reply is None else _known(reply.statement)

    def complete_action(self, reference: int, outcome: Literal["ok", "failed"]) -> Statement:
        """End a call that waits, and tell the sink: 3-D Secure is done, the slip is paid; or neither will be.

        The same outcome again changes nothing and is told again, under the same event id.
        Refuses, in this order: NotFound, NotCompletable.
        """
        assert_no_transaction()
        return self._tell(self._desk.complete(reference=reference, succeeds=outcome == "ok"))

    def ask_dispute(self, provider_ref: str) -> Statement | None:
        """Where a chargeback stands; None if there is none of that name. Raises ProviderUnreachable."""
        assert_no_transaction()
        try:
            reply = self._desk.ask_dispute(provider_ref)
        except sqlite3.OperationalError as error:
            raise ProviderUnreachable(str(error)) from error
        return None if reply is None else _known(reply.statement)

    def open_dispute(
        self, reference: int, *, amount: Money | None = None, reason_code: str, time: timedelta = EVIDENCE_TIME
    ) -> Statement:
        """Play a buyer's bank, and tell the sink: the money that a call captured goes back, so much of it or all.

        Refuses, in this order: NotFound, NotDisputable.
        """
        assert_no_transaction()
        minor = None if amount is None else amount.minor
        return self._tell(
            self._desk.open_dispute(reference=reference, amount_minor=minor, reason_code=reason_code, time=time)
        )

    def decide_dispute(self, provider_ref: str, outcome: Literal["won", "lost"]) -> Statement:
        """Play the network, and tell the sink. The same outcome again changes nothing, and is told again.

        Refuses, in this order: NotFound, NotCompletable.
        """
        assert_no_transaction()
        return self._tell(self._desk.decide_dispute(provider_ref=provider_ref, is_won=outcome == "won"))

    def list_settlements(self, *, on: date) -> Sequence[ProviderSettlement]:
        """What was settled of a day, from the file that is published of it. Raises ProviderUnreachable."""
        assert_no_transaction()
        try:
            return read_settlements(self._desk.settlement_file(on))
        except sqlite3.OperationalError as error:
            raise ProviderUnreachable(str(error)) from error

    def settle_now(self) -> list[str]:
        """Play the end of a day: settle what is not settled yet. Returns the references of the transfers."""
        assert_no_transaction()
        return self._desk.settle_now()

    def _tell(self, statement: Statement) -> Statement:
        event = make_event(statement)
        if self._sink is not None:
            self._sink(event)
        return event

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Statement:
        """The statement in a webhook. Refuses: WebhookRefused."""
        return read_webhook(headers=headers, body=body, now=now, secrets=self._secrets)


def _known(statement: Statement | None) -> Statement:
    if statement is None:
        raise ProviderUnreachable("the provider does not know the outcome")
    return statement
