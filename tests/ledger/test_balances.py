"""Balances: folded, and not folded yet, are one number to whoever asks."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.ledger import api as ledger
from apps.ledger.api import Account, Side, TrialBalanceLine
from apps.ledger.models import Balance
from tests.factories.ledger import SHOP, balance_of, make_posting, make_sale, promise, seal, write
from tests.support import NOON
from tradecore.money import Money

pytestmark = pytest.mark.django_db

#: How much of the book is sealed when it is asked.
STAGES: list[Callable[[], object]] = [lambda: None, lambda: seal(limit=2), seal]


def write_a_book() -> None:
    write(make_posting(1000), make_sale(600), make_sale(300, shop=SHOP + 1), make_posting(5, currency="JPY"))
    promise(make_posting(70))


@pytest.mark.parametrize("bring", STAGES, ids=["unsealed", "half sealed", "sealed"])
class TestBalances:
    def test_are_the_same_whatever_is_sealed(self, bring: Callable[[], object]) -> None:
        write_a_book()
        bring()
        assert balance_of("BUYER_FUNDS") == (-100, -70)
        assert balance_of("BUYER_FUNDS", currency="JPY") == (-5, 0)
        assert balance_of("SELLER_PENDING", owner=SHOP) == (-600, 0)
        assert balance_of("BANK") == (0, 0)

    def test_are_listed_by_account_owner_and_currency(self, bring: Callable[[], object]) -> None:
        write_a_book()
        bring()
        listed = ledger.list_balances(accounts=["SELLER_PENDING"])
        assert [(view.account, view.posted) for view in listed] == [
            (Account("SELLER_PENDING", SHOP), Money(-600, "GBP")),
            (Account("SELLER_PENDING", SHOP + 1), Money(-300, "GBP")),
        ]
        assert ledger.list_balances(owner_refs=[SHOP], currency="JPY") == []

    def test_add_up_to_nothing_in_every_currency(self, bring: Callable[[], object]) -> None:
        write_a_book()
        bring()
        assert ledger.trial_balance() == [
            TrialBalanceLine(account="BUYER_FUNDS", side=Side.CREDIT, balance=Money(100, "GBP")),
            TrialBalanceLine(account="PSP_CLEARING.test", side=Side.DEBIT, balance=Money(1000, "GBP")),
            TrialBalanceLine(account="SELLER_PENDING", side=Side.CREDIT, balance=Money(900, "GBP")),
            TrialBalanceLine(account="BUYER_FUNDS", side=Side.CREDIT, balance=Money(5, "JPY")),
            TrialBalanceLine(account="PSP_CLEARING.test", side=Side.DEBIT, balance=Money(5, "JPY")),
        ]

    def test_are_where_a_statement_ends(self, bring: Callable[[], object], django_assert_num_queries: object) -> None:
        write_a_book()
        bring()
        with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture without types
            lines = ledger.list_statement(Account("BUYER_FUNDS"), currency="GBP", limit=10)
        assert [(line.entry.amount.minor, line.balance.minor, line.entry.is_pending) for line in lines] == [
            (-1000, -1000, False),
            (600, -400, False),
            (300, -100, False),
            (-70, -100, True),
        ]
        assert ledger.list_statement(Account("BUYER_FUNDS"), currency="GBP", limit=2) == lines[-2:]
        assert ledger.list_statement(Account("BANK"), currency="GBP", limit=2) == []


class TestFolding:
    def test_adds_to_what_is_there(self) -> None:
        for minor in (1000, 500):
            write(make_posting(minor))
            seal()
        row = Balance.objects.get(account="BUYER_FUNDS")
        assert (row.amount_minor, row.is_pending) == (-1500, False)


class TestEntries:
    def test_are_listed_latest_first(self) -> None:
        write(make_posting(1), make_posting(2), now=NOON)
        write(make_posting(3), now=NOON + timedelta(days=1))
        listed = ledger.list_entries(account="BUYER_FUNDS", currency="GBP", limit=2)
        assert [entry.amount.minor for entry in listed] == [-3, -2]
        (oldest,) = ledger.list_entries(account="BUYER_FUNDS", currency="GBP", limit=9, before=listed[-1].id)
        assert oldest.amount.minor == -1
        since = ledger.list_entries(account="BUYER_FUNDS", currency="GBP", limit=9, since=NOON + timedelta(hours=1))
        assert [entry.amount.minor for entry in since] == [-3]
