"""The rail between the sandboxes: what the provider transfers of a day, the bank books on the next one.

Both are outsiders who know nothing of one another. In the world a clearing house stands between them; here this does.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from apps.payments.api import PROVIDERS, ProviderUnreachable
from apps.settlement.api import (
    Bank,
    BankAnswer,
    BankMovement,
    BankUnreachable,
    OpenedAccount,
    PayoutInstruction,
)
from tradecore.money import Money

PROVIDER = "sandbox"


class BookingBank(Bank, Protocol):
    """A bank to which somebody else can transfer."""

    def book_transfer(self, *, reference: str, amount: Money, on: date) -> None:
        """Book money that came in, or was taken; the same again changes nothing."""


class ConnectedBank:
    """The sandbox bank, with the transfers of the sandbox's provider. They come when the statement is asked for."""

    def __init__(self, bank: BookingBank) -> None:
        self._bank = bank

    def open_account(self, *, holder_name: str, account_number: str, currency: str) -> OpenedAccount:
        """Make an account known to the bank. Raises AccountUnusable, BankUnreachable."""
        return self._bank.open_account(holder_name=holder_name, account_number=account_number, currency=currency)

    def send(self, instruction: PayoutInstruction) -> BankAnswer:
        """Have money sent. Raises BankUnreachable."""
        return self._bank.send(instruction)

    def ask(self, reference: int) -> BankAnswer | None:
        """What became of an instruction; None if the bank never had it. Raises BankUnreachable."""
        return self._bank.ask(reference)

    def list_movements(self, *, on: date) -> Sequence[BankMovement]:
        """Our account's statement of a day. Raises BankUnreachable."""
        try:
            settled = PROVIDERS.get(PROVIDER).list_settlements(on=on - timedelta(days=1))
        except ProviderUnreachable as error:
            raise BankUnreachable(f"the provider is silent: {error}") from error
        for each in settled:
            self._bank.book_transfer(reference=each.provider_ref, amount=each.transfer, on=on)
        return self._bank.list_movements(on=on)
