"""While a bank decides about the money of an order, nothing of it goes back a second way."""

import pytest

from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.payments.models import Refund
from config.subscriptions import EVENTS
from tests.factories.checkout import ShopFloor, make_shop_floor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order
from tests.factories.orders import DAY
from tests.support import in_use_case
from tradecore import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(db: None) -> orders.OrderView:
    """An order that awaits its shipment, whose buyer's bank has taken the money back for now."""
    floor: ShopFloor = make_shop_floor()
    order = make_ready_order(floor)
    in_use_case(lambda: orders.place_hold(order_id=order.id, kind=orders.DISPUTE_HOLD, owner_ref=1, now=READY))
    return order


@pytest.mark.parametrize("initiator", ["seller", "system", "buyer"])
def test_nobody_cancels_meanwhile(disputed: orders.OrderView, initiator: str) -> None:
    with pytest.raises(orders.OrderOnHold):
        checkout.cancel_lines(order_id=disputed.id, units=None, initiator=initiator, reason="tests", now=READY)
    assert not Refund.objects.exists()


def test_another_hold_keeps_the_seller_from_nothing(disputed: orders.OrderView) -> None:
    in_use_case(lambda: orders.release_hold(order_id=disputed.id, kind=orders.DISPUTE_HOLD, owner_ref=1, now=READY))
    in_use_case(lambda: orders.place_hold(order_id=disputed.id, kind="risk", owner_ref=1, now=READY))
    gone = checkout.cancel_lines(order_id=disputed.id, units=None, initiator="seller", reason="tests", now=READY)
    assert gone.order_is_dead


def test_the_deadline_waits_for_the_bank(disputed: orders.OrderView) -> None:
    late = READY + 30 * DAY
    let_time_pass(late)
    assert orders.get_order(order_id=disputed.id).status == "AWAITING_SHIPMENT"
    in_use_case(lambda: orders.release_hold(order_id=disputed.id, kind=orders.DISPUTE_HOLD, owner_ref=1, now=late))
    while outbox.relay(subscriptions=EVENTS):
        pass
    let_time_pass(late)
    assert orders.get_order(order_id=disputed.id).status == "CANCELLED"
