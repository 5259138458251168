"""The events that call for documents reach them: from a purchase to its refund, through the outbox."""

import pytest

from apps.documents.api import DocumentKind
from apps.fulfilment.api import TrackingStatus
from config.subscriptions import EVENTS
from tests.factories.checkout import ShopFloor
from tests.factories.documents import documents_of
from tests.factories.fulfilment import make_ready_order, ship, track
from tests.factories.orders import refund, units_of
from tradecore import outbox
from tradecore.models import OutboxEvent

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
