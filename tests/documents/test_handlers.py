"""The events that call for documents reach them: from a purchase to its refund, through the outbox."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.documents.api import DocumentKind
from apps.documents.handlers import on_purchase_paid
from apps.documents.models import Document, Series
from apps.fulfilment.api import TrackingStatus
from config.subscriptions import EVENTS
from tests.factories.checkout import ShopFloor, add_shop, buy
from tests.factories.documents import documents_of
from tests.factories.fulfilment import make_ready_order, ship, track
from tests.factories.orders import refund, units_of
from tradecore import outbox
from tradecore.models import InboxEntry, OutboxEvent

pytestmark = pytest.mark.django_db


def relay_all() -> None:
    while outbox.relay(subscriptions=EVENTS):
        pass
    assert not OutboxEvent.objects.exclude(last_error="").exists()


def test_an_order_gets_its_receipt_its_invoice_and_its_credit_note(floor: ShopFloor) -> None:
    order = make_ready_order(floor, 2)

    def kinds() -> list[int]:
        return [len(documents_of(order, kind)) for kind in DocumentKind]

    relay_all()
    assert kinds() == [1, 0, 0]
    package = ship(order)
    relay_all()
    assert kinds() == [1, 0, 0]
    track(package, TrackingStatus.COLLECTED)
    relay_all()
    assert kinds() == [1, 1, 0]
    refund(order, units_of(order, 1))
    relay_all()
    assert kinds() == [1, 1, 1]


def test_an_event_that_is_delivered_again_issues_nothing_again(floor: ShopFloor) -> None:
    order = make_ready_order(floor, 2)
    track(ship(order), TrackingStatus.DELIVERED)
    refund(order, units_of(order, 1))
    relay_all()
    OutboxEvent.objects.update(delivered_at=None)
    relay_all()
    assert [len(documents_of(order, kind)) for kind in DocumentKind] == [1, 1, 0]


class TestManyPurchasesAtOnce:
    """Their receipts share a transaction: see Note [Batches] of the outbox."""

    def test_are_numbered_without_a_gap_in_the_series_of_each_shop(self, floor: ShopFloor) -> None:
        other = add_shop(floor.provider)
        mine, theirs = floor.add_sku(), other.add_sku()
        for lines in ([(mine, 1)], [(mine, 1), (theirs, 1)], [(theirs, 1)], [(mine, 2)]):
            buy(*lines)
        relay_all()
        assert numbers_by_shop() == {floor.shop_id: [1, 2, 3], other.shop_id: [1, 2]}
        assert dict(Series.objects.values_list("shop_id", "last_number")) == {floor.shop_id: 3, other.shop_id: 2}

    def test_have_no_more_receipts_where_some_of_them_are_delivered_again(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        buy((sku, 1))
        relay_all()
        buy((sku, 1))
        buy((sku, 1))
        OutboxEvent.objects.update(delivered_at=None)
        relay_all()
        OutboxEvent.objects.update(delivered_at=None)
        relay_all()
        assert numbers_by_shop() == {floor.shop_id: [1, 2, 3]}
        assert InboxEntry.objects.filter(consumer="documents.issue_receipts").count() == 3

    def test_do_not_wait_for_one_that_has_none(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        bad, *_good = [buy((sku, 1)).purchase.id for _ in range(3)]
        paid = OutboxEvent.objects.filter(kind="orders.purchase_paid", aggregate_id=bad)
        paid.update(aggregate_id=1)
        while outbox.relay(subscriptions=EVENTS):
            pass
        assert numbers_by_shop() == {floor.shop_id: [1, 2]}
        failed = OutboxEvent.objects.exclude(last_error="").get()
        assert (failed.aggregate_id, failed.delivered_at, failed.last_error[:8]) == (1, None, "NotFound")
        OutboxEvent.objects.filter(pk=failed.pk).update(aggregate_id=bad, next_attempt_at=failed.occurred_at)
        while outbox.relay(subscriptions=EVENTS):
            pass
        assert numbers_by_shop() == {floor.shop_id: [1, 2, 3]}

    def test_cost_as_many_statements_as_a_few(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        counts = []
        for purchases in (2, 2, 12):
            for _ in range(purchases):
                buy((sku, 1))
            events = [
                outbox.DeliveredEvent(row.id, row.kind, "purchase", row.aggregate_id, 1, None, {}, row.occurred_at)
                for row in OutboxEvent.objects.filter(kind="orders.purchase_paid").order_by("-id")[:purchases]
            ]
            with CaptureQueriesContext(connection) as queries:
                on_purchase_paid.handle_many(events)
            counts.append(len(queries))
        assert counts[2] == counts[1]


def numbers_by_shop() -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {}
    for shop_id, number in Document.objects.order_by("number").values_list("shop_id", "number"):
        numbers.setdefault(shop_id, []).append(number)
    return numbers
