"""The sandbox bank: it moves no money, and does what a real one does; by its token an account has its days.

What an account is like is in its token, `acct_ok` or `acct_ok_` and whatever makes it another one; `open_account` reads
it off the last four characters of the number (SPECIAL_NUMBERS), and is `acct_ok` for any other.
"""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

from apps.settlement.bank.book import IN_MEMORY, Book, Fate
from apps.settlement.bank.port import (
    AccountUnusable,
    BankAnswer,
    BankMovement,
    BankUnreachable,
    OpenedAccount,
    PayoutInstruction,
)
from tradecore.db import assert_no_transaction
from tradecore.money import Money


class Behaviour(StrEnum):
    """What the bank does with what is sent to an account."""

    OK = "ok"  # carried out at once
    REJECTED = "rejected"  # refused at once
    RETURNED = "returned"  # carried out at once, and returned a moment later
    SILENT = "silent"  # carried out, but the answer to the first sending is lost
    LOST = "lost"  # never arrives, however often it is sent
    SLOW = "slow"  # accepted, and carried out a moment later


#: The last four characters of a number -> what its account is like.
SPECIAL_NUMBERS: Final[Mapping[str, Behaviour]] = {
    "0001": Behaviour.REJECTED,
    "0002": Behaviour.RETURNED,
    "0003": Behaviour.SILENT,
    "0004": Behaviour.LOST,
    "0005": Behaviour.SLOW,
}

#: How long a moment is.
MOMENT_MS: Final = 2_000

_NUMBER: Final = re.compile(r"[A-Z0-9]{6,34}", re.ASCII)
_TOKEN: Final = re.compile(rf"acct_({'|'.join(Behaviour)})(_[a-z0-9]{{1,40}})?", re.ASCII)
_SHOWN: Final = 4


class SandboxBank:
    """A bank without a network. `moment_ms` is how long slow things take."""

    def __init__(self, *, book: str | Path = IN_MEMORY, moment_ms: int = MOMENT_MS) -> None:
        self._book = Book(book, now_ms=_now_ms)
        self._moment_ms = moment_ms

    def open_account(self, *, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
        """A new token each time. Raises AccountUnusable."""
        assert_no_transaction()
        number = account_number.replace(" ", "").upper()
        if not holder_name.strip() or not _NUMBER.fullmatch(number):
            raise AccountUnusable
        shown = number[-_SHOWN:]
        behaviour = SPECIAL_NUMBERS.get(shown, Behaviour.OK)
        return OpenedAccount(token=f"acct_{behaviour}_{secrets.token_hex(8)}", masked=f"…{shown}")

    def send(self, instruction: PayoutInstruction) -> BankAnswer:
        """Have money sent. Raises BankUnreachable when the token says that no answer comes."""
        assert_no_transaction()
        token = _TOKEN.fullmatch(instruction.account_token)
        behaviour = None if token is None else Behaviour(token[1])
        if behaviour is Behaviour.LOST:
            raise BankUnreachable("no answer")
        is_new = self._book.take(instruction, self._fate(behaviour))
        if behaviour is Behaviour.SILENT and is_new:
            raise BankUnreachable("no answer")
        answer = self._book.answer(instruction.reference, at_first=is_new)
        assert answer is not None, "taken above"
        return answer

    def ask(self, reference: int) -> BankAnswer | None:
        """What became of an instruction; None if it never came."""
        assert_no_transaction()
        return self._book.answer(reference)

    def list_movements(self, *, on: date) -> Sequence[BankMovement]:
        """Our account's statement of a day."""
        assert_no_transaction()
        return self._book.list_movements(on=on)

    def book_transfer(self, *, reference: str, amount: Money, on: date) -> None:
        """A provider of payments sends money to our account, or takes a negative amount from it, under its own
        reference; the same again changes nothing.
        """
        self._book.book_transfer(reference=reference, amount=amount, on=on)

    def _fate(self, behaviour: Behaviour | None) -> Fate:
        match behaviour:
            case None:
                return Fate(rejection="account_unknown")
            case Behaviour.REJECTED:
                return Fate(rejection="account_closed")
            case Behaviour.RETURNED:
                return Fate(return_code="account_closed_since", returned_after_ms=self._moment_ms)
            case Behaviour.SLOW:
                return Fate(carried_out_after_ms=self._moment_ms)
        return Fate()


def _now_ms() -> int:
    """The bank is an outsider and has a clock of its own."""
    return time.time_ns() // 1_000_000
