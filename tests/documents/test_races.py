"""Numbers that are wanted at the same moment, and transactions that fail with one in their hands."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from apps.documents import api as documents
from apps.documents import bill_order as billing
from apps.documents.api import DocumentKind
from apps.documents.handlers import on_purchase_paid
from apps.documents.models import Document, Series
from apps.documents.numbering import issue
from apps.orders.api import PurchasePaid
from tests.factories.checkout import ShopFloor, buy
from tests.factories.documents import bill, documents_of, issue_receipts, make_invoiced_order, send
from tests.factories.fulfilment import make_ready_order
from tests.factories.orders import cancel, refund, units_of
from tests.support import NOON
from tradecore import clock, db
from tradecore.ids import new_id
from tradecore.models import InboxEntry, OutboxEvent
from tradecore.outbox import DeliveredEvent, relay

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

# Who wins is chance.
FIVE_TIMES = pytest.mark.parametrize("attempt", range(5))

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


class Killed(Exception):
    """The process dies here."""


def numbers_of(kind: DocumentKind) -> list[int]:
    return list(Document.objects.filter(kind=kind.value).order_by("number").values_list("number", flat=True))


class TestOneSeries:
    def test_gives_twenty_threads_the_numbers_one_to_twenty(self, floor: ShopFloor, race: Race) -> None:
        sku = floor.add_sku()
        purchases = [buy((sku, 1)).purchase.id for _ in range(20)]
        outcomes = race([partial(issue_receipts, purchase_id) for purchase_id in purchases])
        assert outcomes == [None] * 20
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 21))
        assert Series.objects.get().last_number == 20

    def test_has_no_gap_where_every_other_transaction_fails_after_it_took_a_number(
        self, floor: ShopFloor, race: Race
    ) -> None:
        sku = floor.add_sku()
        purchases = [buy((sku, 1)).purchase.id for _ in range(16)]
        contenders = [
            partial(issue_receipts if index % 2 else issue_and_die, purchase_id)
            for index, purchase_id in enumerate(purchases)
        ]
        outcomes = race(contenders)
        assert [type(outcome) for outcome in outcomes[::2]] == [Killed] * 8
        assert outcomes[1::2] == [None] * 8
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 9))
        assert InboxEntry.objects.filter(consumer="documents.issue_receipts").count() == 8

        for purchase_id in purchases[::2]:
            issue_receipts(purchase_id)
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 17))


class TestTwoRelays:
    def test_issue_each_receipt_once_where_both_have_all_of_the_events(self, floor: ShopFloor, race: Race) -> None:
        sku = floor.add_sku()
        purchases = {new_id(): buy((sku, 1)).purchase.id for _ in range(12)}
        backwards = dict(reversed(purchases.items()))
        outcomes = race(
            [partial(documents.issue_receipts, purchases=each, now=NOON) for each in (purchases, backwards) * 2]
        )
        assert outcomes == [None] * 4
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 13))
        assert Series.objects.get().last_number == 12
        assert InboxEntry.objects.filter(consumer="documents.issue_receipts").count() == 12

    def test_leave_no_gap_where_one_is_killed_before_it_marks_what_it_has_handled(
        self, floor: ShopFloor, race: Race
    ) -> None:
        sku = floor.add_sku()
        for _ in range(8):
            buy((sku, 1))

        def die(event: DeliveredEvent) -> None:
            raise SystemExit

        with pytest.raises(SystemExit):
            relay(subscriptions={PurchasePaid.kind: [on_purchase_paid, die]}, limit=200)
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 9))
        buy((sku, 1))
        OutboxEvent.objects.update(next_attempt_at=clock.real_now() - timedelta(seconds=1))
        race([lambda: relay(subscriptions={PurchasePaid.kind: [on_purchase_paid]}, limit=200)] * 3)
        OutboxEvent.objects.update(next_attempt_at=clock.real_now() - timedelta(seconds=1))
        while relay(subscriptions={PurchasePaid.kind: [on_purchase_paid]}):
            pass
        assert numbers_of(DocumentKind.RECEIPT) == list(range(1, 10))
        assert not OutboxEvent.objects.filter(delivered_at=None).exists()


class TestOneDocument:
    @FIVE_TIMES
    def test_is_issued_once_by_those_who_issue_it_at_once(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        purchase_id = buy((floor.add_sku(), 1)).purchase.id
        outcomes = race([lambda: issue_receipts(purchase_id)] * 6)
        assert outcomes == [None] * 6
        assert numbers_of(DocumentKind.RECEIPT) == [1]
        assert Series.objects.get().last_number == 1


class TestAnInvoiceAgainstWhatGoesBack:
    @FIVE_TIMES
    def test_leaves_it_out_or_is_followed_by_its_credit_note(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_ready_order(floor, 4)
        send(order, units_of(order, 1))
        one = units_of(order, 1)

        def cancel_one() -> None:
            cancel(order, one)
            bill(order)

        outcomes = race([lambda: bill(order), cancel_one, lambda: bill(order), cancel_one])
        assert outcomes == [None] * 4
        (invoice,) = documents_of(order, DocumentKind.INVOICE)
        notes = documents_of(order, DocumentKind.CREDIT_NOTE)
        assert len(notes) == 2 - invoice.gone_sequence
        assert invoice.total_minor - sum(note.total_minor for note in notes) == 2 * 1000 + 399

    @FIVE_TIMES
    def test_has_one_credit_note_for_each_refund(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_invoiced_order(floor, 6)

        def refund_one() -> None:
            refund(order, units_of(order, 1))
            bill(order)

        assert race([refund_one] * 6) == [None] * 6
        assert numbers_of(DocumentKind.CREDIT_NOTE) == [1, 2, 3, 4, 5, 6]
        notes = documents_of(order, DocumentKind.CREDIT_NOTE)
        (invoice,) = documents_of(order, DocumentKind.INVOICE)
        assert sum(note.total_minor for note in notes) == invoice.total_minor


class TestAFailedTransaction:
    def test_leaves_neither_number_nor_document_nor_inbox_row(
        self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order = make_ready_order(floor, 2)
        send(order)

        def take_a_number_and_fail(*args: Any, **kwargs: Any) -> None:
            issue(*args, **kwargs)
            db.insert_pending()
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(billing, "issue", take_a_number_and_fail)
            with pytest.raises(Killed):
                bill(order)
        assert not Document.objects.exists()
        assert {series.last_number for series in Series.objects.all()} == {0}
        assert not InboxEntry.objects.filter(consumer="documents.bill_order").exists()
        bill(order)
        assert numbers_of(DocumentKind.INVOICE) == [1]


def issue_and_die(purchase_id: int) -> None:
    """Issue, and die when all but the commit is done."""

    def die(opened_series: int | None) -> None:
        if opened_series is not None:
            return  # that was the transaction of the series
        db.insert_pending()
        with connection.cursor() as cursor:
            cursor.execute("SELECT MAX(last_number) FROM documents_series")
            assert cursor.fetchone()[0] >= 1
        raise Killed

    with db.alongside(die):
        issue_receipts(purchase_id)
