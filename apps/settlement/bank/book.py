"""The bank's own book: a SQLite file beside our database, never in it.

# Note [Bank's book]
An instruction is written before it is answered, under our reference, together with the movements that it leads to, and
what the bank says of it is read from there ever after. A movement has its moment: one that lies ahead is not booked
yet, so that a payout which takes a while, or comes back after a while, needs nobody who would remember it. A decision
is made inside one `BEGIN IMMEDIATE` transaction, so any number of threads and processes may share a file, and each
question opens the file anew, so that no connection crosses a fork. Nothing is ever deleted.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from apps.settlement.bank.port import (
    BankAnswer,
    BankMovement,
    BankSaid,
    BankUnreachable,
    MovementKind,
    PayoutInstruction,
)
from tradecore.money import Money

IN_MEMORY: Final = ":memory:"

#: How long a process waits for another one that is deciding.
_BUSY_TIMEOUT_S: Final = 5.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS instruction (
    reference INTEGER PRIMARY KEY,
    account_token TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    execute_on TEXT NOT NULL,
    rejection TEXT NOT NULL,
    return_code TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS movement (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    booked_on TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (kind, reference)
);
CREATE INDEX IF NOT EXISTS movement_day ON movement (booked_on);
"""
_INSERT: Final = "INSERT INTO instruction VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT * FROM instruction WHERE reference = ?"
_BOOK: Final = "INSERT OR IGNORE INTO movement VALUES (NULL, ?, ?, ?, ?, ?, ?)"
_BOOKED: Final = "SELECT kind FROM movement WHERE reference = ? AND at_ms <= ? AND kind IN ('payout', 'return')"
_OF_DAY: Final = """
    SELECT number, kind, reference, amount_minor, currency FROM movement
    WHERE booked_on = ? AND at_ms <= ? ORDER BY number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of an instruction: it is rejected with a code, or carried out after so long, and with a return code
    comes back after so long again.
    """

    rejection: str = ""
    carried_out_after_ms: int = 0
    return_code: str = ""
    returned_after_ms: int = 0


class Book:
    """See Note [Bank's book]. `now_ms` is its clock, in milliseconds of the epoch."""

    def __init__(self, path: str | Path, *, now_ms: Callable[[], int]) -> None:
        self._path = str(path)
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._in_memory = _open(IN_MEMORY) if self._path == IN_MEMORY else None

    def take(self, instruction: PayoutInstruction, fate: Fate) -> bool:
        """Write an instruction down, with what becomes of it. False if it was there before, which changes nothing.

        Raises BankUnreachable for a reference that was used for another one: asking tells what became of that.
        """
        amount, reference = instruction.amount, instruction.reference
        row = (
            reference,
            instruction.account_token,
            amount.minor,
            amount.currency,
            instruction.execute_on.isoformat(),
            fate.rejection,
            fate.return_code,
        )
        with self._deciding() as connection:
            known = connection.execute(_SELECT, (reference,)).fetchone()
            if known is not None:
                if known[1:4] != row[1:4]:
                    raise BankUnreachable(f"reference {reference} belongs to another instruction")
                return False
            connection.execute(_INSERT, row)
            if not fate.rejection:
                self._carry_out(connection, instruction, fate)
            return True

    def answer(self, reference: int, *, at_first: bool = False) -> BankAnswer | None:
        """What the bank says of an instruction now, or said when it took it; None if it never came."""
        with self._reading() as connection:
            row = connection.execute(_SELECT, (reference,)).fetchone()
            booked = {kind for (kind,) in connection.execute(_BOOKED, (str(reference), self._now_ms()))}
        if row is None:
            return None
        _, _, minor, currency, _, rejection, return_code = row
        is_returned = MovementKind.RETURN in booked and not at_first
        said = BankSaid.RETURNED if is_returned else BankSaid.CONFIRMED if booked else BankSaid.ACCEPTED
        return BankAnswer(
            said=BankSaid.REJECTED if rejection else said,
            reference=reference,
            bank_ref=f"bk_{reference}",
            amount=Money(minor, currency),
            code=rejection or (return_code if is_returned else ""),
        )

    def book_transfer(self, *, reference: str, amount: Money, on: date) -> None:
        """Book money that came in, or was taken, under that reference; the same again changes nothing."""
        with self._deciding() as connection:
            row = (reference, amount.minor, amount.currency, on.isoformat(), self._now_ms())
            connection.execute(_BOOK, (MovementKind.TRANSFER.value, *row))

    def list_movements(self, *, on: date) -> list[BankMovement]:
        """What was booked on a day, in that order."""
        with self._reading() as connection:
            rows = connection.execute(_OF_DAY, (on.isoformat(), self._now_ms())).fetchall()
        return [
            BankMovement(
                kind=MovementKind(kind),
                reference=reference,
                bank_ref=f"mv_{number}",
                amount=Money(minor, currency),
                booked_on=on,
            )
            for number, kind, reference, minor, currency in rows
        ]

    def _carry_out(self, connection: sqlite3.Connection, instruction: PayoutInstruction, fate: Fate) -> None:
        """Book the payment, and its return where it comes back."""
        amount, at_ms = instruction.amount, self._now_ms() + fate.carried_out_after_ms
        planned: Sequence[tuple[MovementKind, int, int]] = [(MovementKind.PAYOUT, -amount.minor, at_ms)]
        if fate.return_code:
            planned = [*planned, (MovementKind.RETURN, amount.minor, at_ms + fate.returned_after_ms)]
        for kind, minor, booked_ms in planned:
            row = (kind.value, str(instruction.reference), minor, amount.currency, instruction.execute_on.isoformat())
            connection.execute(_BOOK, (*row, booked_ms))

    @contextmanager
    def _deciding(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._in_memory is not None:
                with self._lock:
                    yield self._in_memory
            else:
                with closing(_open(self._path)) as connection:
                    yield connection
        except sqlite3.OperationalError as error:
            raise BankUnreachable(str(error)) from error


def _open(path: str) -> sqlite3.Connection:
    connection: Any = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.executescript(_SCHEMA)
    return connection  # type: ignore[no-any-return]
