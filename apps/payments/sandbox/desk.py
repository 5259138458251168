"""What becomes of a call that reaches the provider, whichever way it came."""

from dataclasses import dataclass

from apps.payments.provider import Call, Statement
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.entries import make_statement
from apps.payments.sandbox.tokens import treatment_of


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
