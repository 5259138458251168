"""Into the book: balanced, once per fact, and corrected by a mirror image only."""

import pytest
import structlog
from django.db import IntegrityError

from apps.ledger import api as ledger
from apps.ledger import models
from apps.ledger.api import AlreadyReversed, NotReversible, Outcome, PostingUnbalanced
from tests.factories.ledger import balance_of, make_posting, promise, resolve, write
from tests.support import NOON, in_use_case
from tradecore import db
from tradecore.errors import NotFound
from tradecore.ids import gene_of, new_id
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def reverse(posting_id: int) -> int:
    return in_use_case(lambda: ledger.reverse(posting_id=posting_id, reason="booked twice", actor="user:1", now=NOON))


def waiting_row() -> models.Posting:
    """The first posting of the transaction, which is not inserted yet."""
    (row, *_) = db._current().pending[models.Posting]
    assert isinstance(row, models.Posting)
    return row


def an_entry(row: models.Posting) -> models.Entry:
    """One more entry, by hand."""
    return models.Entry(posting=row, line_no=3, account="BANK", currency="GBP", amount_minor=1, about_ref=1)


class TestPost:
    def test_writes_a_posting_with_its_entries(self) -> None:
        order_ref = new_id(77)
        posting = make_posting(1000, order_ref=order_ref, reason="a test", actor="user:1")
        with structlog.contextvars.bound_contextvars(request_id="r-1"):
            (row,) = write(posting)
        view = ledger.find_posting(kind="test", reference=posting.reference)
        assert view is not None
        assert (view.id, view.order_ref, view.reason, view.actor) == (row.pk, order_ref, "a test", "user:1")
        assert (view.outcome, view.resolves_id, view.reverses_id, view.seal) == (None, None, None, None)
        assert [(entry.account, entry.amount.minor, entry.is_pending) for entry in view.entries] == [
            ("PSP_CLEARING.test", 1000, False),
            ("BUYER_FUNDS", -1000, False),
        ]
        assert row.request_id == "r-1"
        assert gene_of(row.pk) == gene_of(order_ref)

    def test_takes_nothing_for_a_fact_that_moves_no_money(self) -> None:
        in_use_case(lambda: ledger.post(None, None, now=NOON))
        assert not models.Posting.objects.exists()

    def test_is_found_by_its_order(self) -> None:
        write(make_posting(1, order_ref=5), make_posting(2, order_ref=6), make_posting(3, order_ref=5))
        found = ledger.list_postings(order_refs=[5])
        assert [view.entries[0].amount.minor for view in found] == [1, 3]

    def test_refuses_the_same_fact_twice(self) -> None:
        posting = make_posting(1000)
        write(posting)
        with pytest.raises(IntegrityError):
            write(posting)
        assert balance_of("BUYER_FUNDS") == (-1000, 0)

    def test_runs_inside_a_use_case_only(self) -> None:
        with pytest.raises(AssertionError, match="inside a use case only"):
            ledger.post(make_posting(), now=NOON)


class TestReadingBack:
    def test_undoes_what_somebody_unbalanced_on_the_way(self) -> None:
        """The entry of a careless hand stands in the table before the posting is read back."""

        def body() -> None:
            ledger.post(make_posting(1000), now=NOON)
            row = waiting_row()
            row.save()
            db._current().pending[models.Posting].clear()
            an_entry(row).save()

        with pytest.raises(PostingUnbalanced, match="3 entries add up to 1 GBP"):
            in_use_case(body)
        assert not models.Posting.objects.exists()

    def test_undoes_an_entry_that_waited_beside_the_posting(self) -> None:
        def body() -> None:
            ledger.post(make_posting(1000), now=NOON)
            db.insert_later(an_entry(waiting_row()))

        with pytest.raises(PostingUnbalanced):
            in_use_case(body)
        assert not models.Posting.objects.exists()

    def test_undoes_a_posting_whose_entries_got_lost(self) -> None:
        def body() -> None:
            ledger.post(make_posting(1000), now=NOON)
            db._current().pending[models.Entry].clear()

        with pytest.raises(PostingUnbalanced, match="without entries"):
            in_use_case(body)

    def test_takes_one_statement_for_all_postings_of_a_transaction(self, django_assert_num_queries: object) -> None:
        def body() -> None:
            ledger.post(make_posting(1), make_posting(2), make_posting(3), now=NOON)
            with django_assert_num_queries(3):  # type: ignore[operator]  # a fixture without types
                db.insert_pending()

        in_use_case(body)

    def test_leaves_out_what_a_savepoint_took_back(self) -> None:
        def fail_behind_a_savepoint() -> None:
            with db.savepoint():
                ledger.post(make_posting(2), now=NOON)
                raise RuntimeError

        def body() -> None:
            ledger.post(make_posting(1), now=NOON)
            with pytest.raises(RuntimeError):
                fail_behind_a_savepoint()

        in_use_case(body)
        assert balance_of("BUYER_FUNDS") == (-1, 0)


class TestReverse:
    def test_is_the_mirror_image_and_audited(self) -> None:
        (wrong,) = write(make_posting(1000, order_ref=5))
        reversal = reverse(wrong.pk)
        assert balance_of("BUYER_FUNDS") == balance_of("PSP_CLEARING.test") == (0, 0)
        view = ledger.find_posting(kind="reversal", reference=wrong.pk)
        assert view is not None
        assert (view.id, view.reverses_id, view.order_ref, view.reason) == (reversal, wrong.pk, 5, "booked twice")
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.subject) == ("posting.reversed", f"posting:{wrong.pk}")

    def test_is_corrected_by_a_reversal_of_its_own(self) -> None:
        (wrong,) = write(make_posting(1000))
        reverse(reverse(wrong.pk))
        assert balance_of("BUYER_FUNDS") == (-1000, 0)

    def test_comes_once(self) -> None:
        (wrong,) = write(make_posting(1000))
        reverse(wrong.pk)
        with pytest.raises(AlreadyReversed):
            reverse(wrong.pk)

    def test_refuses_a_posting_that_is_not_there(self) -> None:
        with pytest.raises(NotFound):
            reverse(new_id())

    def test_refuses_a_promise_and_what_ended_it(self) -> None:
        promised = promise(make_posting(1000))
        resolve(promised, Outcome.VOIDED)
        for row in models.Posting.objects.all():
            with pytest.raises(NotReversible):
                reverse(row.pk)
