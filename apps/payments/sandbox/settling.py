"""What the provider owes us for, movement by movement, and the days that it has settled.

# Note [Settling]
Whatever moves money is written down as a movement in the decision that moves it, with the fee as it is that day. A day
is settled, in each currency, by the first question that comes after it is over: its movements get the name of one
transfer, and what has that name never changes. What is settled sooner, by hand, gets a transfer of its own; the rest
of that day then gets another.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from apps.payments.provider import ProviderSettlement, SettledKind, SettlementLine
from apps.payments.sandbox.entries import ACCOUNT, Dispute, Entry, Standing, moment_of
from apps.payments.sandbox.rules import FeeRule
from tradecore.money import Money

#: Days are of UTC, and counted from 1970.
DAY_MS: Final = 86_400_000

SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS movement (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        reference INTEGER NOT NULL,
        provider_ref TEXT NOT NULL,
        gross_minor INTEGER NOT NULL,
        fee_minor INTEGER NOT NULL,
        currency TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        settlement TEXT
    )
    """,
    "CREATE INDEX IF NOT EXISTS movement_unsettled ON movement (at_ms) WHERE settlement IS NULL",
    "CREATE INDEX IF NOT EXISTS movement_settled ON movement (settlement) WHERE settlement IS NOT NULL",
    """
    CREATE TABLE IF NOT EXISTS settlement (
        provider_ref TEXT PRIMARY KEY,
        day INTEGER NOT NULL,
        currency TEXT NOT NULL
    )
    """,
)
_INSERT: Final = "INSERT INTO movement VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, NULL)"
_UNSETTLED: Final = """
    SELECT DISTINCT at_ms / 86400000, currency FROM movement WHERE settlement IS NULL AND at_ms < ? ORDER BY 1, 2
"""
_COUNT: Final = "SELECT COUNT(*) FROM settlement WHERE day = ? AND currency = ?"
_SETTLE: Final = """
    UPDATE movement SET settlement = ?
    WHERE settlement IS NULL AND at_ms < ? AND at_ms / 86400000 = ? AND currency = ?
"""
_OF_DAY: Final = "SELECT provider_ref, currency FROM settlement WHERE day = ? ORDER BY rowid"
_LINES: Final = """
    SELECT kind, reference, provider_ref, gross_minor, fee_minor, at_ms FROM movement
    WHERE settlement = ? ORDER BY number
"""

_EPOCH: Final = date(1970, 1, 1)


def note_call(connection: sqlite3.Connection, entry: Entry, *, fees: FeeRule) -> None:
    """Write down what a call has moved, now that it stands where it does; most have moved nothing."""
    amount, call = entry.call.amount, entry.call
    if entry.standing is Standing.CAPTURED:
        parts: tuple[Any, ...] = (SettledKind.CHARGE, amount.minor, fees.fee_of(amount).minor)
    elif entry.standing is Standing.REFUNDED:
        parts = (SettledKind.REFUND, -amount.minor, 0)
    else:
        return
    kind, gross_minor, fee_minor = parts
    row = (kind, call.reference, entry.provider_ref, gross_minor, fee_minor, amount.currency, entry.changed_at_ms)
    connection.execute(_INSERT, row)


def note_dispute(connection: sqlite3.Connection, dispute: Dispute) -> None:
    """Write down that a chargeback has taken its amount, or that it was won and has brought that back."""
    taken = {Standing.DISPUTED: True, Standing.DISPUTE_WON: False}.get(dispute.standing)
    if taken is None:
        return
    kind, sign = (SettledKind.CHARGEBACK, -1) if taken else (SettledKind.CHARGEBACK_REVERSAL, 1)
    amount = dispute.amount
    row = (kind, dispute.reference, dispute.provider_ref, sign * amount.minor, 0, amount.currency)
    connection.execute(_INSERT, (*row, dispute.changed_at_ms))


def settle(connection: sqlite3.Connection, *, before_ms: int) -> list[str]:
    """Settle what moved before that moment and is not settled yet. Returns the names of the transfers."""
    made = []
    for day, currency in connection.execute(_UNSETTLED, (before_ms,)).fetchall():
        (earlier,) = connection.execute(_COUNT, (day, currency)).fetchone()
        name = f"po_{_EPOCH + timedelta(days=day):%Y%m%d}_{currency}_{earlier + 1}"
        connection.execute("INSERT INTO settlement VALUES (?, ?, ?)", (name, day, currency))
        connection.execute(_SETTLE, (name, before_ms, day, currency))
        made.append(name)
    return made


def read_settlements(connection: sqlite3.Connection, *, on: date) -> list[ProviderSettlement]:
    """What was settled of that day."""
    found = connection.execute(_OF_DAY, ((on - _EPOCH).days,)).fetchall()
    return [
        _add_up(name, currency, on=on, rows=connection.execute(_LINES, (name,)).fetchall()) for name, currency in found
    ]


def begin_of_day(at_ms: int) -> int:
    """The moment at which the day of that moment began."""
    return at_ms - at_ms % DAY_MS


def _add_up(name: str, currency: str, *, on: date, rows: Iterable[tuple[Any, ...]]) -> ProviderSettlement:
    lines = tuple(
        SettlementLine(
            kind=SettledKind(kind),
            reference=reference,
            provider_ref=provider_ref,
            gross=Money(gross_minor, currency),
            fee=Money(fee_minor, currency),
            at=moment_of(at_ms),
        )
        for kind, reference, provider_ref, gross_minor, fee_minor, at_ms in rows
    )
    gross = sum((line.gross for line in lines), start=Money.zero(currency))
    fee = sum((line.fee for line in lines), start=Money.zero(currency))
    return ProviderSettlement(
        provider_ref=name, account=ACCOUNT, on=on, gross=gross, fee=fee, transfer=gross - fee, lines=lines
    )
