"""The books of one order, and of everything, as an operator reads them."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.back_office.books import read_books, read_trial_balance
from tests.back_office.market_day import MarketDay
from tests.back_office.test_order_page import sections_of


class TestTheBooksOfAnOrder:
    def test_add_up_before_one_s_eyes(self, operator: Client, day: MarketDay) -> None:
        books = sections_of(operator, day.shipped.id)["books"]
        assert "balanced" in books
        assert "unbalanced" not in books
        for account in ("PSP_CLEARING.scripted", "BUYER_FUNDS", "SELLER_PENDING", "PLATFORM_EXPENSE.coupon"):
            assert account in books
        debit, credit = re.findall(r"([\d,.]+) GBP", books)[-2:]
        assert debit == credit

    def test_show_the_sale_and_what_was_undone_of_it(self, day: MarketDay) -> None:
        books = read_books(order_refs=[day.shipped.purchase_id, day.shipped.id], currency="GBP")
        assert [row.posting.kind for row in books.postings] == ["capture", "sale", "units_gone", "refund"]
        assert books.is_balanced

    def test_say_that_no_money_has_moved(self, operator: Client, day: MarketDay) -> None:
        assert "No money has moved." in sections_of(operator, day.unpaid.id)["books"]


class TestTheTrialBalance:
    def test_is_the_same_on_both_sides(self, operator: Client, day: MarketDay) -> None:
        (books,) = read_trial_balance()
        assert books.currency == "GBP"
        assert books.debit == books.credit
        assert books.debit.minor > 0
        page = operator.get(reverse("back_office:trial_balance")).content.decode()
        assert "SELLER_PENDING" in page
        assert "differs by" not in page

    def test_draws_the_longest_bar_in_full(self, day: MarketDay) -> None:
        (books,) = read_trial_balance()
        assert max(bar.percent for bar in books.bars) == 100
        assert all(0 <= bar.percent <= 100 for bar in books.bars)

    def test_says_that_nothing_has_moved_yet(self, operator: Client) -> None:
        assert "No money has moved yet." in operator.get(reverse("back_office:trial_balance")).content.decode()

    def test_is_not_for_everybody(self, clerk: Client) -> None:
        assert clerk.get(reverse("back_office:trial_balance")).status_code == 403

    def test_takes_one_statement(self, day: MarketDay) -> None:
        with CaptureQueriesContext(connection) as captured:
            read_trial_balance()
        assert len(captured) == 1


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_changes_nothing(method: str, superuser: Client) -> None:
    assert getattr(superuser, method)(reverse("back_office:trial_balance")).status_code == 405
