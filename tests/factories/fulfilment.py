"""Parcels: of orders that were bought on a shop floor, or as bare rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count

import factory
from factory.django import DjangoModelFactory

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import PackageView, TrackingStatus
from apps.fulfilment.models import Package, PackageLine, TrackingEvent
from apps.orders import api as orders
from config.subscriptions import TIMERS
from tests.factories.checkout import ShopFloor, buy
from tests.support import NOON
from tradecore import timers
from tradecore.ids import new_id

#: When the remorse time of what was bought at noon is over.
READY = NOON + timedelta(hours=2)

_event_numbers = count(1)


class PackageFactory(DjangoModelFactory[Package]):
    """A package of nothing that waits for its carrier."""

    class Meta:
        model = Package

    order_id = factory.LazyFunction(new_id)
    purchase_id = factory.LazyFunction(new_id)
    buyer_ref = factory.LazyFunction(new_id)
    shop_id = factory.LazyFunction(new_id)
    market = "GB"
    carrier = "royal_mail"
    tracking_number = factory.Sequence(lambda number: f"RM{number:09}GB")
    arranged_at = NOON
    collect_cancel_at = NOON + timedelta(days=3)


class PackageLineFactory(DjangoModelFactory[PackageLine]):
    class Meta:
        model = PackageLine

    package = factory.SubFactory(PackageFactory)
    line_id = factory.LazyFunction(new_id)
    quantity = 1


class TrackingEventFactory(DjangoModelFactory[TrackingEvent]):
    class Meta:
        model = TrackingEvent

    package = factory.SubFactory(PackageFactory)
    event_id = factory.Sequence(lambda number: f"row-{number}")
    status = TrackingStatus.IN_TRANSIT.value
    occurred_at = NOON
    received_at = NOON


def make_ready_order(floor: ShopFloor, *quantities: int, coupon_codes: tuple[str, ...] = ()) -> orders.OrderView:
    """A paid order with a line per quantity, each unit at 10.00 and 3.99 of shipping, that awaits its shipment."""
    wanted = [(floor.add_sku(price_minor=1000), quantity) for quantity in quantities or (1,)]
    order_id = buy(*wanted, coupon_codes=coupon_codes).purchase.orders[0].id
    checkout.end_remorse(order_id, READY)
    return orders.get_order(order_id=order_id)


def ship(
    order: orders.OrderView, units: Sequence[orders.LineUnits] | None = None, *, now: datetime = READY
) -> PackageView:
    """Pack units of the order, all that are in no package yet unless some are named."""
    return fulfilment.ship_order(
        order_id=order.id, units=units, carrier="royal_mail", tracking_number="RM123456785GB", now=now
    )


def track(
    package: PackageView,
    status: TrackingStatus,
    *,
    event_id: str | None = None,
    occurred_at: datetime | None = None,
    now: datetime = READY,
) -> PackageView:
    """Let the carrier say something new of the package, as having happened now unless it says when."""
    return fulfilment.record_tracking(
        package_id=package.id,
        event_id=event_id or f"event-{next(_event_numbers)}",
        status=status,
        occurred_at=occurred_at or now,
        now=now,
    )


def track_all(package: PackageView, statuses: Iterable[TrackingStatus], *, now: datetime = READY) -> PackageView:
    """Let the carrier say one thing after the other."""
    for status in statuses:
        package = track(package, status, now=now)
    return package


def let_time_pass(until: datetime) -> None:
    """Fire every timer that is due by then, and those that these set in their turn."""
    while timers.sweep(handlers=TIMERS, now=until):
        pass
