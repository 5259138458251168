"""What crosses the door of ledger. Amounts are signed: a debit is positive, a credit negative."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from apps.ledger.chart import Account, Side
from apps.ledger.errors import PostingUnbalanced
from tradecore.money import MAX_MINOR, Money


class Outcome(StrEnum):
    """How a pending posting ended. EXPIRED: nobody has used it in time, and whoever held the money has let it go."""

    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting. `about_ref` is what the amount is about: a capture, an order, a refund, a payout.

    Clearing accounts come back to nothing for each thing that they are about.
    """

    account: Account
    amount: Money
    about_ref: int


class Sheet:
    """Collects the entries of a posting in one currency; amounts of nothing are left out."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self.entries: list[Entry] = []

    def debit(self, code: str, minor: int, *, about: int, owner: int = 0) -> Self:
        """What we have or have spent grows, what we owe or have earned shrinks; a negative amount is a credit."""
        if minor:
            self.entries.append(Entry(Account(code, owner), Money(minor, self._currency), about))
        return self

    def credit(self, code: str, minor: int, *, about: int, owner: int = 0) -> Self:
        """What we owe or have earned grows, what we have or have spent shrinks; a negative amount is a debit."""
        return self.debit(code, -minor, about=about, owner=owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A money event as it is to be written: balanced, in one currency. At most once per (kind, reference).

    `order_ref` is the order or purchase that it belongs to, if any. Raises PostingUnbalanced.
    """

    kind: str
    reference: int
    entries: tuple[Entry, ...]
    order_ref: int | None = None
    reason: str = ""
    actor: str = ""

    def __post_init__(self) -> None:
        check_balanced(self.kind, [entry.amount for entry in self.entries])


def check_balanced(what: object, amounts: Iterable[Money]) -> None:
    """Raise PostingUnbalanced unless the amounts are two or more, none of them nothing, and add up to nothing."""
    sums: Counter[str] = Counter()
    count = 0
    for amount in amounts:
        if not 0 < abs(amount.minor) <= MAX_MINOR:
            raise PostingUnbalanced(f"{what}: an entry of {amount}")
        sums[amount.currency] += amount.minor
        count += 1
    if count < 2 or len(sums) != 1 or any(sums.values()):  # noqa: PLR2004 - double entry
        raise PostingUnbalanced(f"{what}: {count} entries add up to {dict(sums)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as it stands, with the posting that it belongs to."""

    id: int
    posting_id: int
    kind: str
    reference: int
    account: str
    owner_ref: int
    amount: Money
    is_pending: bool
    about_ref: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """An entry of an account, and what the account's posted entries come to with it."""

    entry: EntryView
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingView:
    """A posting as it stands. `outcome` says how it resolved `resolves_id`; `seal` is its number in the chain."""

    id: int
    kind: str
    reference: int
    order_ref: int | None
    outcome: Outcome | None
    resolves_id: int | None
    reverses_id: int | None
    reason: str
    actor: str
    occurred_at: datetime
    seal: int | None
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """What one account comes to. `pending` is what is promised and not posted yet."""

    account: Account
    posted: Money
    pending: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalanceLine:
    """One account of the trial balance, owners together, in one currency; `balance` is positive on its own side."""

    account: str
    side: Side
    balance: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was sealed on one day (UTC), signed: whoever keeps a copy can prove later that nothing was changed since.

    `totals` are the sums of all amounts without their sign, in minor units by currency. `previous_digest` is that of
    the manifest before, so that manifests are a chain of their own.
    """

    day: date
    first_seal: int
    last_seal: int
    posting_count: int
    totals: Mapping[str, str]
    last_hash: str
    previous_digest: str
    digest: str
    key_id: str
    signature: str
