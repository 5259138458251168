"""What the books say: of one order, and of everything. Gathered through the door of ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.ledger import api as ledger
from tradecore.money import Money

#: The longest bar of a chart, in per cent of its column.
_FULL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One entry as a book shows it: in the column that it belongs to, the other one empty."""

    account: str
    owner_ref: int
    debit: Money | None
    credit: Money | None
    is_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRow:
    """A posting with its entries."""

    posting: ledger.PostingView
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """What all postings together moved on one account, and what is left of it on the side that the account grows on."""

    account: str
    owner_ref: int
    debit: Money
    credit: Money

    @property
    def left(self) -> Money:
        grows_by_debit = ledger.CHART[self.account.partition(".")[0]].side is ledger.Side.DEBIT
        return self.debit - self.credit if grows_by_debit else self.credit - self.debit


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Every posting of some orders or purchases, oldest first, and the accounts that they moved."""

    postings: tuple[PostingRow, ...]
    accounts: tuple[AccountRow, ...]
    debit: Money
    credit: Money

    @property
    def is_balanced(self) -> bool:
        return self.debit == self.credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One account of a trial balance, and how long its bar is in per cent of the longest one of its currency."""

    line: ledger.TrialBalanceLine
    meaning: str
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyBooks:
    """The trial balance of one currency. `difference` is nothing, or the books are broken."""

    currency: str
    bars: tuple[Bar, ...]
    debit: Money
    credit: Money
    difference: Money


def read_books(*, order_refs: Iterable[int], currency: str) -> Books:
    """The books of one purchase and its order, in two statements."""
    postings = ledger.list_postings(order_refs=order_refs)
    posted = [entry for posting in postings for entry in posting.entries if not entry.is_pending]
    accounts = _account_rows(posted, currency=currency)
    zero = Money.zero(currency)
    return Books(
        postings=tuple(
            PostingRow(posting=posting, sides=tuple(_side(entry) for entry in posting.entries)) for posting in postings
        ),
        accounts=accounts,
        debit=sum((row.debit for row in accounts), start=zero),
        credit=sum((row.credit for row in accounts), start=zero),
    )


def read_trial_balance() -> list[CurrencyBooks]:
    """The trial balance of every currency that was ever booked, by currency; in one statement."""
    lines: dict[str, list[ledger.TrialBalanceLine]] = defaultdict(list)
    for line in ledger.trial_balance():
        lines[line.balance.currency].append(line)
    return [_currency_books(currency, of_currency) for currency, of_currency in lines.items()]


def _account_rows(entries: Iterable[ledger.EntryView], *, currency: str) -> tuple[AccountRow, ...]:
    debited: Counter[tuple[str, int]] = Counter()
    credited: Counter[tuple[str, int]] = Counter()
    for entry in entries:
        side = debited if entry.amount.minor > 0 else credited
        side[entry.account, entry.owner_ref] += abs(entry.amount.minor)
    return tuple(
        AccountRow(
            account=account,
            owner_ref=owner_ref,
            debit=Money(debited[account, owner_ref], currency),
            credit=Money(credited[account, owner_ref], currency),
        )
        for account, owner_ref in sorted(debited.keys() | credited.keys())
    )


def _side(entry: ledger.EntryView) -> Side:
    is_debit = entry.amount.minor > 0
    return Side(
        account=entry.account,
        owner_ref=entry.owner_ref,
        debit=entry.amount if is_debit else None,
        credit=None if is_debit else -entry.amount,
        is_pending=entry.is_pending,
    )


def _currency_books(currency: str, lines: Sequence[ledger.TrialBalanceLine]) -> CurrencyBooks:
    longest = max(abs(line.balance.minor) for line in lines) or 1
    sides: Counter[ledger.Side] = Counter()
    for line in lines:
        sides[line.side] += line.balance.minor
    debit, credit = Money(sides[ledger.Side.DEBIT], currency), Money(sides[ledger.Side.CREDIT], currency)
    return CurrencyBooks(
        currency=currency,
        bars=tuple(
            Bar(
                line=line,
                meaning=ledger.CHART[line.account.partition(".")[0]].meaning,
                percent=abs(line.balance.minor) * _FULL // longest,
            )
            for line in lines
        ),
        debit=debit,
        credit=credit,
        difference=debit - credit,
    )
