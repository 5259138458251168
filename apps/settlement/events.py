"""The facts that settlement publishes. Aggregate: `settlement`; sequence: the version of its row."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from tradecore.money import Money
from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class OrderSettled(Event):
    """An order has settled: `amount` is its seller's, of which `reserve` is kept back for a time."""

    kind: ClassVar[str] = "settlement.order_settled"

    order_id: int
    shop_id: int
    settlement_id: int
    amount: Money
    reserve: Money


@dataclass(frozen=True, slots=True)
class SettlementChanged(Event):
    """Something of a settled order went back: `amount` (negative) is its seller's loss, part of it `from_reserve`."""

    kind: ClassVar[str] = "settlement.settlement_changed"

    order_id: int
    shop_id: int
    settlement_id: int
    amount: Money
    from_reserve: Money


@dataclass(frozen=True, slots=True)
class ReserveReleased(Event):
    """What was kept back of an order is the seller's to be paid out."""

    kind: ClassVar[str] = "settlement.reserve_released"

    order_id: int
    shop_id: int
    settlement_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class StatementClosed(Event):
    """A shop's day is over, and its statement fixed. Aggregate: `statement`."""

    kind: ClassVar[str] = "settlement.statement_closed"

    statement_id: int
    shop_id: int
    on: date
    settled: Money
    closing: Money


@dataclass(frozen=True, slots=True)
class PayoutSent(Event):
    """A seller's money is handed to the bank: `pays`, for `amount` of their account. Aggregate: `payout`."""

    kind: ClassVar[str] = "settlement.payout_sent"

    payout_id: int
    shop_id: int
    amount: Money
    pays: Money
    account: str


@dataclass(frozen=True, slots=True)
class PayoutConfirmed(Event):
    """The bank has sent it. Aggregate: `payout`."""

    kind: ClassVar[str] = "settlement.payout_confirmed"

    payout_id: int
    shop_id: int
    amount: Money
    pays: Money
    account: str


@dataclass(frozen=True, slots=True)
class PayoutReturned(Event):
    """The bank would not send it, or, where it `was_confirmed`, has it back: `amount` is the seller's to be paid out
    again. Aggregate: `payout`.
    """

    kind: ClassVar[str] = "settlement.payout_returned"

    payout_id: int
    shop_id: int
    amount: Money
    pays: Money
    account: str
    was_confirmed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PayoutSuspected(Event):
    """What the bank says of a payout contradicts what it was told, or what it said before. Nothing was changed.
    Aggregate: `payout`.
    """

    kind: ClassVar[str] = "settlement.payout_suspected"

    payout_id: int
    shop_id: int
    contradiction: str


@dataclass(frozen=True, slots=True)
class PayoutAccountChanged(Event):
    """A shop is paid to another account, or to its first one, from `usable_from` on. Aggregate: `payout_account`."""

    kind: ClassVar[str] = "settlement.payout_account_changed"

    shop_id: int
    account: str
    usable_from: datetime
