"""The public door of fulfilment."""

from apps.fulfilment.complete_order import complete_order, confirm_receipt
from apps.fulfilment.contracts import PackageState, PackageView, TrackingEntry, TrackingStatus
from apps.fulfilment.errors import ShipmentInvalid, TrackingInvalid
from apps.fulfilment.events import (
    PackageCollected,
    PackageContradicted,
    PackageDelivered,
    PackageEvent,
    PackageLost,
    PackageMoved,
    PackageRefused,
    PackageShipped,
    PackageWithdrawn,
)
from apps.fulfilment.lose_package import lose_silent_package
from apps.fulfilment.record_tracking import EVENT_ID_LENGTH_MAX, record_tracking
from apps.fulfilment.selectors import get_package, list_packages
from apps.fulfilment.ship_order import CARRIER_LENGTH_MAX, TRACKING_NUMBER_LENGTH_MAX, ship_order
from apps.fulfilment.trace import trace_order
from apps.fulfilment.withdraw_uncollected import withdraw_uncollected

__all__ = [
    "CARRIER_LENGTH_MAX",
    "EVENT_ID_LENGTH_MAX",
    "TRACKING_NUMBER_LENGTH_MAX",
    "PackageCollected",
    "PackageContradicted",
    "PackageDelivered",
    "PackageEvent",
    "PackageLost",
    "PackageMoved",
    "PackageRefused",
    "PackageShipped",
    "PackageState",
    "PackageView",
    "PackageWithdrawn",
    "ShipmentInvalid",
    "TrackingEntry",
    "TrackingInvalid",
    "TrackingStatus",
    "complete_order",
    "confirm_receipt",
    "get_package",
    "list_packages",
    "lose_silent_package",
    "record_tracking",
    "ship_order",
    "trace_order",
    "withdraw_uncollected",
]
