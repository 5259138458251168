"""What a bank is to us. Whoever adds one implements `Bank` and names it in config/extensions.py.

A bank is told with `send`, under our own reference, which is also its idempotency key: the same instruction sent twice
moves money once. The numbers of accounts are the bank's: we hand one over once, get a token for it, and keep no more of
it than its last four characters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from tradecore.breakers import Circuits
from tradecore.extensions import ExtensionPoint
from tradecore.money import Money


class BankSaid(StrEnum):
    """What a bank may say of an instruction."""

    ACCEPTED = "accepted"  # it has it, and has not carried it out
    CONFIRMED = "confirmed"  # the money has left our account
    REJECTED = "rejected"  # it has not, and never will
    RETURNED = "returned"  # it had left, and came back


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutInstruction:
    """One payment out of our account. `execute_on` is the day on which the bank is to book it."""

    reference: int
    bank: str
    account_token: str
    amount: Money
    execute_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """What a bank says of one instruction. `code` is why it was rejected or came back."""

    said: BankSaid
    reference: int
    bank_ref: str
    amount: Money
    code: str = ""


class MovementKind(StrEnum):
    """What a line of our account at the bank may be."""

    TRANSFER = "transfer"  # from or to a provider of payments
    PAYOUT = "payout"  # to a seller
    RETURN = "return"  # a payout that came back


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMovement:
    """One line of the bank's statement of our account. What is positive came in.

    `reference` is that of whoever sent it: ours of a payout, which its return carries too; a provider's of a transfer.
    """

    kind: MovementKind
    reference: str
    bank_ref: str
    amount: Money
    booked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAccount:
    """An account that the bank can pay to: its token, and what people may see of its number."""

    token: str
    masked: str


class BankUnreachable(Exception):
    """No answer came, or none that can be read. The outcome is unknown; it is asked for later."""


class AccountUnusable(Exception):
    """The bank cannot pay to an account of this number."""


class Bank(Protocol):
    """A bank. Every method may take as long as its own timeouts allow and holds nothing of ours."""

    def open_account(self, *, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
        """Make an account known to the bank, and get a token for it. Raises AccountUnusable, BankUnreachable."""

    def send(self, instruction: PayoutInstruction) -> BankAnswer:
        """Have money sent; the same reference again has no second effect. Raises BankUnreachable."""

    def ask(self, reference: int) -> BankAnswer | None:
        """What became of an instruction; None if the bank never had it. Raises BankUnreachable."""

    def list_movements(self, *, on: date) -> Sequence[BankMovement]:
        """Our account's statement of a day, in the order in which it was booked. Raises BankUnreachable."""


BANKS: ExtensionPoint[Bank] = ExtensionPoint("banks", leads_outside=True)

#: A bank that does not answer is left alone for a while, as if it had not answered again.
BANK_CIRCUITS = Circuits("bank", failures=5, rest_s=10.0)
