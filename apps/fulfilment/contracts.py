"""What crosses the door of fulfilment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.orders.api import LineUnits


class TrackingStatus(StrEnum):
    """What a carrier may say of a parcel, in the canonical words that every carrier's own are translated to.

    COLLECTED is the first scan. REFUSED and LOST end a parcel that will never arrive; every other trouble is an
    EXCEPTION that passes. PENDING and EXPIRED say that the carrier knows nothing of it, yet or any more.
    """

    PENDING = "PENDING"
    INFO_RECEIVED = "INFO_RECEIVED"
    COLLECTED = "COLLECTED"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP"
    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    LOST = "LOST"
    EXCEPTION = "EXCEPTION"
    EXPIRED = "EXPIRED"


class PackageState(StrEnum):
    """Where a package is. See states.PACKAGE. A state that a carrier can report has the word of its tracking status."""

    ARRANGED = "ARRANGED"
    COLLECTED = "COLLECTED"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP"
    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    LOST = "LOST"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingEntry:
    """One thing that the carrier said: when it happened by the carrier's clock, and when we were told."""

    status: TrackingStatus
    occurred_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageView:
    """A package as it stands. Moments are ours, tracking times the carrier's.

    It is withdrawn unless a carrier collects it by `collect_cancel_at`. `ended_at` is when it was delivered, lost,
    refused or withdrawn. `is_contradicted`: the carrier has since said something else than what it ended as.
    """

    id: int
    number: str
    order_id: int
    purchase_id: int
    shop_id: int
    state: PackageState
    carrier: str
    tracking_number: str
    units: tuple[LineUnits, ...]
    arranged_at: datetime
    collect_cancel_at: datetime
    collected_at: datetime | None
    ended_at: datetime | None
    is_contradicted: bool
    tracking: tuple[TrackingEntry, ...]
