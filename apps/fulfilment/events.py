"""The facts that fulfilment publishes. Aggregate: `package`; sequence: the version of its row."""

from dataclasses import dataclass
from typing import ClassVar

from apps.orders.api import LineUnits
from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class PackageEvent(Event):
    """What every fact about a package says of it."""

    package_id: int
    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class PackageShipped(PackageEvent):
    """The seller has packed units of an order and told a carrier; nobody has collected them yet."""

    kind: ClassVar[str] = "fulfilment.package_shipped"

    units: tuple[LineUnits, ...]


@dataclass(frozen=True, slots=True)
class PackageCollected(PackageEvent):
    """The carrier has the package, and the goods have left the stock. `holds` were open on the order all the same."""

    kind: ClassVar[str] = "fulfilment.package_collected"

    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageMoved(PackageEvent):
    """The package has come further on its way: `state` is where it is now."""

    kind: ClassVar[str] = "fulfilment.package_moved"

    state: str


@dataclass(frozen=True, slots=True)
class PackageDelivered(PackageEvent):
    """The package has arrived."""

    kind: ClassVar[str] = "fulfilment.package_delivered"


@dataclass(frozen=True, slots=True)
class PackageRefused(PackageEvent):
    """Nobody took the package at the door. Its units are refunded; the goods are on their way back to the seller."""

    kind: ClassVar[str] = "fulfilment.package_refused"

    units: tuple[LineUnits, ...]


@dataclass(frozen=True, slots=True)
class PackageLost(PackageEvent):
    """The package will never arrive, by the carrier's word or its silence. Its units are refunded."""

    kind: ClassVar[str] = "fulfilment.package_lost"


@dataclass(frozen=True, slots=True)
class PackageWithdrawn(PackageEvent):
    """No carrier collected the package in time. Its units are in no package any more."""

    kind: ClassVar[str] = "fulfilment.package_withdrawn"


@dataclass(frozen=True, slots=True)
class PackageContradicted(PackageEvent):
    """The carrier says `status` of a package that has ended otherwise. Nothing was changed: somebody has to look."""

    kind: ClassVar[str] = "fulfilment.package_contradicted"

    status: str
