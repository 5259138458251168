"""The chart of accounts: what may be posted to, and to what not."""

import pytest

from apps.ledger.api import CHART, Account, AccountUnknown, Entry, Posting, PostingUnbalanced, Sheet, Side
from tests.factories.ledger import SHOP, make_sheet
from tradecore.money import MAX_MINOR, CurrencyMismatch, Money


class TestAccount:
    @pytest.mark.parametrize(
        ("code", "owner_ref", "side"),
        [
            ("BANK", 0, Side.DEBIT),
            ("DISPUTED", 0, Side.DEBIT),
            ("PSP_CLEARING.sandbox", 0, Side.DEBIT),
            ("SELLER_PENDING", SHOP, Side.CREDIT),
            ("TAX_PAYABLE.US-NY", 0, Side.CREDIT),
        ],
    )
    def test_stands_in_the_chart(self, code: str, owner_ref: int, side: Side) -> None:
        assert Account(code, owner_ref).side is side

    @pytest.mark.parametrize(
        ("code", "owner_ref"),
        [
            ("", 0),
            ("NOBODYS", 0),
            ("bank", 0),
            ("BANK.GBP", 0),
            ("BANK.", 0),
            ("BANK", SHOP),
            ("DISPUTED", SHOP),
            ("DISPUTED.sandbox", 0),
            ("PSP_CLEARING", 0),
            ("PSP_CLEARING.", 0),
            ("PSP_CLEARING.a b", 0),
            ("PSP_CLEARING.a.b", 0),
            (f"PSP_CLEARING.{'a' * 41}", 0),
            ("SELLER_PENDING", 0),
        ],
    )
    def test_refuses_what_does_not(self, code: str, owner_ref: int) -> None:
        with pytest.raises(AccountUnknown):
            Account(code, owner_ref)

    def test_fits_its_column_with_the_longest_detail(self) -> None:
        assert max(len(code) + 41 * rules.has_detail for code, rules in CHART.items()) <= 60


class TestPosting:
    @pytest.mark.parametrize(
        "amounts",
        [
            [],
            [("GBP", 0)],
            [("GBP", 5)],
            [("GBP", 5), ("GBP", -4)],
            [("GBP", 5), ("GBP", -5), ("GBP", 0)],
            [("GBP", 5), ("USD", -5)],
            [("GBP", 5), ("GBP", -5), ("USD", 5), ("USD", -5)],
            [("GBP", MAX_MINOR + 1), ("GBP", -MAX_MINOR - 1)],
        ],
    )
    def test_refuses_to_be_built_unbalanced(self, amounts: list[tuple[str, int]]) -> None:
        entries = tuple(Entry(Account("BANK"), Money(minor, currency), 1) for currency, minor in amounts)
        with pytest.raises(PostingUnbalanced):
            Posting(kind="test", reference=1, entries=entries)

    def test_is_balanced_in_one_currency(self) -> None:
        assert len(Posting(kind="test", reference=1, entries=tuple(make_sheet(5).entries)).entries) == 2


class TestSheet:
    def test_leaves_out_amounts_of_nothing(self) -> None:
        assert Sheet("GBP").debit("BANK", 0, about=1).credit("BUYER_FUNDS", 0, about=1).entries == []

    def test_writes_a_negative_debit_as_a_credit(self) -> None:
        assert Sheet("GBP").debit("BANK", -5, about=1).entries == Sheet("GBP").credit("BANK", 5, about=1).entries

    def test_keeps_to_one_currency(self) -> None:
        debit, credit = make_sheet(5, currency="JPY").entries
        assert debit.amount + credit.amount == Money(0, "JPY")
        with pytest.raises(CurrencyMismatch):
            _ = debit.amount + Money(5, "GBP")
