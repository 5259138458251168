"""What the drill lives in: who answers to events and timers, and a provider and a bank that do as they are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from apps.checkout import api as checkout
from apps.payments import api as payments
from apps.reconciliation.contracts import Source
from apps.reconciliation.files.compare import compare_lines
from apps.reconciliation.files.fetch import fetch_days
from apps.settlement import api as settlement
from tradecore import outbox, timers
from tradecore.money import Money
from tradecore.outbox import Handler
from tradecore.timers import TimerHandler

PROVIDER = BANK = "sandbox"

_AT_ONCE = 50


class Desk(payments.PaymentProvider, Protocol):
    """A provider whose buyers' banks, and whose days, can be played."""

    def open_dispute(self, reference: int, *, amount: Money | None = None, reason_code: str) -> payments.Statement:
        """Take money of a charge back."""

    def decide_dispute(self, provider_ref: str, outcome: Literal["won", "lost"]) -> payments.Statement:
        """Decide about that."""

    def settle_now(self) -> list[str]:
        """Settle what is not settled yet."""


class DoctoredDesk:
    """The provider, whose file may tell what is not in its book: see `tells_also`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.account = desk.account
        self.tells_also: list[payments.ProviderSettlement] = []
        self.send, self.ask, self.ask_dispute, self.read_webhook = (
            desk.send,
            desk.ask,
            desk.ask_dispute,
            desk.read_webhook,
        )

    def list_settlements(self, *, on: date) -> Sequence[payments.ProviderSettlement]:
        told = [settled for settled in self.tells_also if settled.on == on]
        return [*self._desk.list_settlements(on=on), *told]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`desk` plays the provider, as which `provider` is asked; `now` is the moment at which it is looked at."""

    events: Mapping[str, Sequence[Handler]]
    timers: Mapping[str, TimerHandler]
    desk: Desk
    provider: DoctoredDesk
    now: datetime

    def let_time_pass(self, until: datetime) -> None:
        """Fire every timer that is due by then, and those that these set in their turn; tell of it all."""
        while timers.sweep(handlers=self.timers, now=until):
            self.tell()
        self.tell()

    def tell(self) -> None:
        """Deliver every event that waits."""
        while outbox.relay(subscriptions=self.events):
            continue

    def hear(self, statement: payments.Statement) -> None:
        """The provider tells of something by webhook."""
        payments.store_webhook(provider=PROVIDER, statement=statement, now=self.now)
        self._until_idle(lambda: checkout.apply_stored_answers(limit=_AT_ONCE, now=self.now))
        self.tell()

    def call_providers(self) -> None:
        """Send what waits to be sent: refunds and voids."""
        self._until_idle(lambda: checkout.poll_provider_calls(limit=_AT_ONCE, now=self.now))
        self.tell()

    def call_bank(self, payout_ids: Sequence[int]) -> None:
        """Have payouts sent, and ask what became of them."""
        for _ in range(3):
            settlement.send_payouts(limit=_AT_ONCE, now=self.now, payout_ids=payout_ids)
        self.tell()

    def read_files(self, *, since: date, until: date) -> None:
        """Fetch and compare what provider and bank tell of these days, as if the last of them were over."""
        read_at = self.now + timedelta(days=(until - self.now.date()).days + 1)
        for source in Source:
            for on in (since, until):
                fetch_days(source=source, name=PROVIDER if source is Source.PROVIDER else BANK, on=on, real_now=read_at)
        compare_lines(real_now=self.now)

    def _until_idle(self, step: Callable[[], int]) -> None:
        while step():
            continue
