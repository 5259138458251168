"""What becomes of a call that reaches the provider, whichever way it came."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from apps.payments.provider import Call, Statement
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.entries import make_dispute_statement, make_statement
from apps.payments.sandbox.settlement_file import write_settlements
from apps.payments.sandbox.tokens import treatment_of

#: How long a network listens to us, where nothing else is said.
EVIDENCE_TIME: Final = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider has to say: no statement, if it does not know the outcome itself.

    `is_new` if the call had not been there before; `is_answered` unless this very answer gets lost.
    """

    statement: Statement | None
    is_new: bool
    is_answered: bool


class Desk:
    """Takes calls and questions, lets the book decide, and says what stands there."""

    def __init__(self, *, book: Book, pages_url: str) -> None:
        self._book = book
        self._pages_url = pages_url

    def take(self, call: Call) -> Reply | None:
        """Take a call; None if its token lets it get lost on the way. Refuses: ReferenceReused."""
        treatment = treatment_of(call.operation, call.method_token)
        if not treatment.is_heard:
            return None
        taken = self._book.take(call)
        return Reply(
            statement=make_statement(taken.entry, pages_url=self._pages_url),
            is_new=taken.is_new,
            is_answered=treatment.is_answered or not taken.is_new,
        )

    def ask(self, reference: int) -> Reply | None:
        """What became of a call; None if it never came."""
        entry = self._book.find(reference)
        if entry is None:
            return None
        statement = make_statement(entry, pages_url=self._pages_url)
        return Reply(statement=statement, is_new=False, is_answered=True)

    def complete(self, *, reference: int, succeeds: bool) -> Statement:
        """End a call that waits: the buyer has authenticated or paid, or will not.

        Refuses what `Book.complete` refuses, in its order.
        """
        entry = self._book.complete(reference=reference, succeeds=succeeds)
        statement = make_statement(entry, pages_url=self._pages_url)
        assert statement is not None, "what has ended is known"
        return statement

    def open_dispute(self, *, reference: int, amount_minor: int | None, reason_code: str, time: timedelta) -> Statement:
        """Play a buyer's bank: take the money of a charge back, so much of it or all. There is `time` for evidence.

        Refuses what `Book.open_dispute` refuses, in its order.
        """
        evidence_ms = time // timedelta(milliseconds=1)
        dispute = self._book.open_dispute(
            reference=reference, amount_minor=amount_minor, reason_code=reason_code, evidence_ms=evidence_ms
        )
        return make_dispute_statement(dispute)

    def ask_dispute(self, provider_ref: str) -> Reply | None:
        """Where a chargeback stands; None if there is none of that name."""
        dispute = self._book.find_dispute(provider_ref)
        if dispute is None:
            return None
        return Reply(statement=make_dispute_statement(dispute), is_new=False, is_answered=True)

    def decide_dispute(self, *, provider_ref: str, is_won: bool) -> Statement:
        """Play the network: a chargeback is won, or lost. Refuses what `Book.decide_dispute` refuses, in its order."""
        return make_dispute_statement(self._book.decide_dispute(provider_ref=provider_ref, is_won=is_won))

    def settlement_file(self, on: date) -> bytes:
        """The file of a day; without a transfer where none was made of that day, or not yet."""
        return write_settlements(self._book.list_settlements(on=on))

    def settle_now(self) -> list[str]:
        """Play the end of a day, for whatever is not settled yet. Returns the names of the transfers."""
        return self._book.settle_now()
