"""Books as tests need them: small postings, sealed at once, and the hand that tampers with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.ledger import api as ledger
from apps.ledger.api import Posting, Sheet
from apps.ledger.models import Posting as PostingRow
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.append_only import append_only_tables, drop_statements, trigger_statements
from tradecore.chain import Fault
from tradecore.ids import new_id

SHOP = 4711


def make_sheet(minor: int = 1000, *, about: int = 7, currency: str = "GBP") -> Sheet:
    """A buyer's money came in: Dr PSP_CLEARING.test / Cr BUYER_FUNDS."""
    return Sheet(currency).debit("PSP_CLEARING.test", minor, about=about).credit("BUYER_FUNDS", minor, about=about)


def make_posting(minor: int = 1000, *, currency: str = "GBP", **parts: Any) -> Posting:
    """A posting of that sheet, of a fact of its own."""
    entries = tuple(make_sheet(minor, currency=currency).entries)
    return Posting(**{"kind": "test", "reference": new_id(), "entries": entries, **parts})


def make_sale(minor: int, *, shop: int = SHOP, **parts: Any) -> Posting:
    """Dr BUYER_FUNDS / Cr SELLER_PENDING of a shop."""
    sheet = Sheet("GBP").debit("BUYER_FUNDS", minor, about=7).credit("SELLER_PENDING", minor, about=7, owner=shop)
    return make_posting(entries=tuple(sheet.entries), **parts)


def write(*postings: Posting, now: datetime = NOON) -> list[PostingRow]:
    """Post them, and return their rows."""
    in_use_case(lambda: ledger.post(*postings, now=now))
    return [PostingRow.objects.get(kind=posting.kind, reference=posting.reference) for posting in postings]


def promise(posting: Posting) -> Posting:
    """Post it as pending."""
    in_use_case(lambda: ledger.post_pending(posting, now=NOON))
    return posting


def resolve(promised: Posting, outcome: ledger.Outcome, posting: Posting | None = None) -> bool:
    """End a promise, in a transaction of its own."""
    return in_use_case(
        lambda: ledger.resolve(
            kind=promised.kind, reference=promised.reference, outcome=outcome, posting=posting, now=NOON
        )
    )


def later(**parts: float) -> datetime:
    """A moment by the real clock, of which the ids of postings are made: in a minute, or in so long."""
    return clock.real_now() + timedelta(**(parts or {"minutes": 1}))


def seal(*, at: datetime | None = None, limit: int = 500) -> int:
    """Seal what was written up to now."""
    return ledger.seal_postings(real_now=at or later(), limit=limit)


def balance_of(code: str, *, owner: int = 0, currency: str = "GBP") -> tuple[int, int]:
    """What an account comes to, posted and pending, a debit being positive."""
    balance = ledger.get_balance(ledger.Account(code, owner), currency=currency)
    return balance.posted.minor, balance.pending.minor


def faults_of(**parts: Any) -> list[str]:
    """What verify finds, each as `what`; the place is another test's."""
    return [fault.what for fault in find_faults(**parts)]


def find_faults(**parts: Any) -> list[Fault]:
    return list(
        ledger.find_faults(**{"public_keys": ledger.known_public_keys(), "real_now": clock.real_now(), **parts})
    )


@contextmanager
def walls_down() -> Iterator[None]:
    """Let the block change what is written once, as whoever owns the server could."""
    tables = list(append_only_tables())
    _execute(drop_statements(tables))
    try:
        yield
    finally:
        _execute(trigger_statements(tables, vendor=connection.vendor))


def tamper(statement: str, *parameters: Any) -> None:
    """Run one statement behind everybody's back; references between rows are not asked about."""
    with walls_down(), connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _execute(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
