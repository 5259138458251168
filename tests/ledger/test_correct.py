"""Corrections by hand: two people, new postings, and nothing of the book changed."""

from typing import Any

import pytest

from apps.ledger import api as ledger
from apps.ledger.models import Entry as EntryRow
from apps.ledger.models import Posting as PostingRow
from tests.support import NOON, in_use_case
from tradecore import approvals
from tradecore.errors import NotFound
from tradecore.models import Approval
from tradecore.money import Money

pytestmark = pytest.mark.django_db

ORDER = 77


def post_sale(minor: int = 1000) -> PostingRow:
    """A posting that somebody will find to be wrong."""
    sheet = (
        ledger.Sheet("GBP")
        .debit("BUYER_FUNDS", minor, about=ORDER)
        .credit("SELLER_PENDING", minor, about=ORDER, owner=5)
    )
    posting = ledger.Posting(kind="sale", reference=ORDER, order_ref=ORDER, entries=tuple(sheet.entries))
    in_use_case(lambda: ledger.post(posting, now=NOON))
    return PostingRow.objects.get(kind="sale", reference=ORDER)


def approve(approval_id: int, *, actor: str = "user:2") -> None:
    row = Approval.objects.get(pk=approval_id)
    approvals.approve(approval_id=row.pk, content_hash=row.content_hash, actor=actor, now=NOON)


def reversal_of(posting: PostingRow) -> int:
    return ledger.request_reversal(posting_id=posting.pk, actor="user:1", reason="posted to the wrong shop", now=NOON)


class TestAReversal:
    def test_changes_nothing_until_a_second_person_has_approved_it(self) -> None:
        posting = post_sale()
        approval_id = reversal_of(posting)
        assert PostingRow.objects.count() == 1
        with pytest.raises(approvals.SamePerson):
            approve(approval_id, actor="user:1")
        assert PostingRow.objects.count() == 1

    def test_mirrors_every_entry_in_both_names(self) -> None:
        posting = post_sale()
        approve(reversal_of(posting))
        mirror = ledger.find_posting(kind="reversal", reference=posting.pk)
        assert mirror is not None
        assert (mirror.reverses_id, mirror.reason, mirror.actor) == (posting.pk, "posted to the wrong shop", "user:2")
        assert {line.balance.minor for line in ledger.trial_balance()} == {0}
        assert EntryRow.objects.filter(posting=posting).count() == 2

    def test_is_done_once_however_often_it_is_asked_for(self) -> None:
        posting = post_sale()
        first, second = reversal_of(posting), reversal_of(posting)
        approve(first)
        with pytest.raises(ledger.AlreadyReversed):
            approve(second)
        assert PostingRow.objects.filter(kind="reversal").count() == 1
        assert Approval.objects.get(pk=second).status == "PENDING"

    def test_refuses_what_was_never_posted(self) -> None:
        with pytest.raises(NotFound):
            ledger.request_reversal(posting_id=7, actor="user:1", reason="x", now=NOON)
        assert not Approval.objects.exists()


@pytest.mark.race
class TestTwoReversalsAtOnce:
    def test_are_one(self, race: Any) -> None:
        posting = post_sale()
        requests = [reversal_of(posting) for _ in range(4)]
        outcomes = race([lambda approval_id=approval_id: approve(approval_id) for approval_id in requests])
        assert sum(outcome is None for outcome in outcomes) == 1
        assert all(isinstance(outcome, ledger.AlreadyReversed) for outcome in outcomes if outcome is not None)
        assert PostingRow.objects.filter(kind="reversal").count() == 1


class TestAnAdjustment:
    ENTRIES = (
        ledger.Entry(ledger.Account("SUSPENSE.unexplained"), Money(250, "GBP"), ORDER),
        ledger.Entry(ledger.Account("PLATFORM_REVENUE.other"), Money(-250, "GBP"), ORDER),
    )

    def request(self) -> int:
        return ledger.request_adjustment(
            entries=self.ENTRIES, order_ref=ORDER, actor="user:1", reason="found by the audit", now=NOON
        )

    def test_is_posted_under_its_approval(self) -> None:
        approval_id = self.request()
        assert not PostingRow.objects.exists()
        approve(approval_id)
        posted = ledger.find_posting(kind="adjustment", reference=approval_id)
        assert posted is not None
        assert [(entry.account, entry.amount.minor, entry.about_ref) for entry in posted.entries] == [
            ("SUSPENSE.unexplained", 250, ORDER),
            ("PLATFORM_REVENUE.other", -250, ORDER),
        ]
        assert (posted.order_ref, posted.reason) == (ORDER, "found by the audit")

    def test_refuses_entries_that_do_not_add_up(self) -> None:
        with pytest.raises(ledger.PostingUnbalanced):
            ledger.request_adjustment(entries=self.ENTRIES[:1], order_ref=ORDER, actor="user:1", reason="x", now=NOON)
        assert not Approval.objects.exists()
