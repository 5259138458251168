"""Orders on their way to settlement: delivered, told of, settled."""

from datetime import datetime, timedelta

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from config.subscriptions import EVENTS
from tests.factories.fulfilment import let_time_pass, track
from tradecore import outbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def deliver_order(order_id: int, *, now: datetime) -> datetime:
    """Let a paid order be packed, collected and delivered. Returns when it was."""
    ready = now + 2 * HOUR
    checkout.end_remorse(order_id, ready)
    package = fulfilment.ship_order(
        order_id=order_id, units=None, carrier="royal_mail", tracking_number="RM123456785GB", now=ready
    )
    track(package, TrackingStatus.DELIVERED, now=ready + DAY)
    return ready + DAY


def tell() -> None:
    """Let the relay deliver every event that waits."""
    while outbox.relay(subscriptions=EVENTS):
        pass


def settle_in_time(order_id: int, *, now: datetime) -> datetime:
    """Let a paid order be delivered, and settle when its time has come. Returns when it has."""
    settles_at = deliver_order(order_id, now=now) + 7 * DAY
    tell()
    let_time_pass(settles_at)
    tell()
    return settles_at


def give_back(order_id: int, *units: tuple[int, int]) -> list[orders.LineUnits]:
    """So many units of lines, by their place in the order."""
    lines = orders.get_order(order_id=order_id).lines
    return [orders.LineUnits(line_id=lines[place].id, quantity=quantity) for place, quantity in units]
