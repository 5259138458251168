"""How packages are locked, the one way in which their state changes, and how they are shown."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from apps.fulfilment import states
from apps.fulfilment.contracts import PackageState, PackageView, TrackingEntry, TrackingStatus
from apps.fulfilment.events import PackageEvent
from apps.fulfilment.models import Package, PackageLine, TrackingEvent
from apps.orders import api as orders
from tradecore import outbox
from tradecore.errors import NotFound
from tradecore.ids import format_number
from tradecore.locks import Rank, lock_row


def lock_package(package_id: int) -> Package:
    """The package, locked under its order and purchase. Refuses: NotFound."""
    order_id = Package.objects.filter(pk=package_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound(what="package")
    orders.lock_order(order_id=order_id)
    package = lock_row(Rank.PACKAGE, Package, package_id)
    assert package is not None, f"package {package_id} is never deleted"
    prefetch_related_objects([package], "lines")
    return package


def list_units(lines: Iterable[PackageLine]) -> tuple[orders.LineUnits, ...]:
    """What is in a package."""
    in_order = sorted(lines, key=lambda line: line.pk)
    return tuple(orders.LineUnits(line_id=line.line_id, quantity=line.quantity) for line in in_order)


def is_on_its_way(package: Package) -> bool:
    """Whether a carrier has the package and has not come to an end with it."""
    return package.state != PackageState.ARRANGED and package.state not in states.PACKAGE.terminal


def move(package: Package, after: PackageState, event: type[PackageEvent], *, now: datetime, **facts: Any) -> None:
    """Change the state of a locked package, by its table, and publish the event that says so, with its own facts.

    The one function that writes a package's state; the version of the row is compared and set.
    """
    states.PACKAGE.check(package.state, after)
    version_before = package.version
    package.state = after.value
    if after is PackageState.COLLECTED:
        package.collected_at = now
    if after in states.PACKAGE.terminal:
        package.ended_at = now
    publish(package, event, now=now, **facts)
    updated = Package.objects.filter(pk=package.pk, version=version_before).update(
        state=package.state, version=package.version, collected_at=package.collected_at, ended_at=package.ended_at
    )
    assert updated == 1, f"package {package.pk} changed under its lock"


def publish(package: Package, event: type[PackageEvent], *, now: datetime, **facts: Any) -> None:
    """Publish a fact about a package and count its version up; the caller stores it."""
    package.version += 1
    outbox.publish(
        event(
            package_id=package.pk,
            order_id=package.order_id,
            purchase_id=package.purchase_id,
            buyer_ref=package.buyer_ref,
            shop_id=package.shop_id,
            carrier=package.carrier,
            tracking_number=package.tracking_number,
            **facts,
        ),
        aggregate="package",
        aggregate_id=package.pk,
        sequence=package.version,
        shop_id=package.shop_id,
        now=now,
    )


def view_package(package: Package, lines: Iterable[PackageLine], tracking: Iterable[TrackingEvent]) -> PackageView:
    """The contract of a package."""
    return PackageView(
        id=package.pk,
        number=format_number(package.pk),
        order_id=package.order_id,
        purchase_id=package.purchase_id,
        shop_id=package.shop_id,
        state=PackageState(package.state),
        carrier=package.carrier,
        tracking_number=package.tracking_number,
        units=list_units(lines),
        arranged_at=package.arranged_at,
        collect_cancel_at=package.collect_cancel_at,
        collected_at=package.collected_at,
        ended_at=package.ended_at,
        is_contradicted=package.is_contradicted,
        tracking=list_tracking(tracking),
    )


def list_tracking(events: Iterable[TrackingEvent]) -> tuple[TrackingEntry, ...]:
    """What the carrier has said, by the carrier's clock."""
    return tuple(
        TrackingEntry(status=TrackingStatus(event.status), occurred_at=event.occurred_at, received_at=event.received_at)
        for event in sorted(events, key=lambda event: (event.occurred_at, event.pk))
    )


def is_code(text: str, *, length_max: int) -> bool:
    """Whether a text is what carriers and machines name things by: visible ASCII characters, not too many."""
    return 1 <= len(text) <= length_max and text.isascii() and text.isprintable() and " " not in text
