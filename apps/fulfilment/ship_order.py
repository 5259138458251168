"""The seller packs an order, whole or in part, and tells a carrier."""

from collections.abc import Sequence
from datetime import datetime

from apps.fulfilment import rows
from apps.fulfilment.contracts import PackageView
from apps.fulfilment.errors import ShipmentInvalid
from apps.fulfilment.events import PackageShipped
from apps.fulfilment.models import Package, PackageLine
from apps.markets.api import deadline, get_market
from apps.orders import api as orders
from tradecore import db
from tradecore.ids import gene_of, new_id
from tradecore.timers import Deadline, set_timers

CARRIER_LENGTH_MAX = 40
TRACKING_NUMBER_LENGTH_MAX = 60


@db.use_case
def ship_order(
    *,
    order_id: int,
    units: Sequence[orders.LineUnits] | None,
    carrier: str,
    tracking_number: str,
    now: datetime,
) -> PackageView:
    """Put units of an order into a package, all that are in none yet when `units` is None.

    The stock stays committed until the carrier's first scan; without one the market's clock withdraws the package.
    Refuses, in this order: ShipmentInvalid, NotFound, NotReadyToShip, OrderOnHold, LineUnknown, TooManyUnits.
    Locks: the order.
    """
    _check(units, carrier=carrier, tracking_number=tracking_number)
    order = orders.get_order(order_id=order_id)
    market = get_market(order.market, now=now)
    package = Package(
        id=new_id(gene_of(order_id)),
        order_id=order_id,
        purchase_id=order.purchase_id,
        buyer_ref=order.buyer_ref,
        shop_id=order.shop_id,
        market=order.market,
        carrier=carrier,
        tracking_number=tracking_number,
        arranged_at=now,
        collect_cancel_at=deadline(market=market, clock="collect_cancel", start=now),
    )
    packed = orders.arrange_units(order_id=order_id, units=units, collect_cancel_at=package.collect_cancel_at, now=now)
    lines = [PackageLine(package=package, line_id=part.line_id, quantity=part.quantity) for part in packed]
    rows.publish(package, PackageShipped, now=now, units=packed)
    db.insert_later(package, *lines)
    set_timers([Deadline("withdraw_uncollected", package.pk, package.collect_cancel_at)])
    return rows.view_package(package, lines, tracking=())


def _check(units: Sequence[orders.LineUnits] | None, *, carrier: str, tracking_number: str) -> None:
    """Refuses: ShipmentInvalid."""
    if units is not None and not units:
        raise ShipmentInvalid(field="units", reason="nothing is in the package")
    for field, text, length_max in (
        ("carrier", carrier, CARRIER_LENGTH_MAX),
        ("tracking_number", tracking_number, TRACKING_NUMBER_LENGTH_MAX),
    ):
        if not rows.is_code(text, length_max=length_max):
            raise ShipmentInvalid(field=field, reason=f"not 1 to {length_max} visible ASCII characters")
