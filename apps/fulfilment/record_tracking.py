"""What a carrier says of a package is written down, and whatever follows from it with it. See Note [Tracking]."""

from collections.abc import Sequence
from datetime import datetime

from apps.fulfilment import rows, states, tracking
from apps.fulfilment.contracts import PackageState, PackageView, TrackingEntry, TrackingStatus
from apps.fulfilment.errors import TrackingInvalid
from apps.fulfilment.events import PackageCollected, PackageContradicted, PackageDelivered, PackageMoved
from apps.fulfilment.lose_package import lose
from apps.fulfilment.models import Package, TrackingEvent
from apps.inventory import api as inventory
from apps.markets.api import deadline, get_market
from apps.orders import api as orders
from tradecore import db
from tradecore.timers import Deadline, cancel_timers, reset_timer

EVENT_ID_LENGTH_MAX = 100


@db.use_case
def record_tracking(
    *, package_id: int, event_id: str, status: TrackingStatus, occurred_at: datetime, now: datetime
) -> PackageView:
    """Record one event of a carrier, under the carrier's own id of it; the same id again changes nothing.

    A fact cannot be refused, so neither a hold nor the state of the package keeps an event out. The first event that a
    carrier can only send of what it holds ships the goods. One that contradicts the end of the package is flagged.

    Refuses, in this order: TrackingInvalid, NotFound.
    Locks, in this order: purchase, order, package, payment, promotions, their uses, stock hold, stock.
    """
    if not rows.is_code(event_id, length_max=EVENT_ID_LENGTH_MAX):
        raise TrackingInvalid(field="event_id", reason=f"not 1 to {EVENT_ID_LENGTH_MAX} visible ASCII characters")
    package = rows.lock_package(package_id)
    events = list(package.tracking.all())
    if all(event.event_id != event_id for event in events):
        event = TrackingEvent(
            package=package, event_id=event_id, status=status.value, occurred_at=occurred_at, received_at=now
        )
        events.append(event)
        db.insert_later(event)
        _apply(package, status, rows.list_tracking(events), now=now)
        db.insert_pending()
    return rows.view_package(package, package.lines.all(), events)


def _apply(package: Package, status: TrackingStatus, entries: Sequence[TrackingEntry], *, now: datetime) -> None:
    """What follows from the new `status`, which is one of all `entries` and need not be the latest of them."""
    if package.state in states.PACKAGE.terminal:
        _flag_contradiction(package, status, now=now)
        return
    furthest = tracking.find_furthest(entries)
    leaves_stock = package.state == PackageState.ARRANGED and furthest is not None
    if leaves_stock:
        _collect(package, now=now)
    if furthest is not None:
        _advance(package, PackageState(furthest), now=now)
    _watch(package, status, now=now)
    if leaves_stock:
        lines = [(part.line_id, part.quantity) for part in rows.list_units(package.lines.all())]
        inventory.ship(owner_ref=package.purchase_id, lines=lines, now=now)


def _flag_contradiction(package: Package, status: TrackingStatus, *, now: datetime) -> None:
    """The books stand: goods and money have moved on the end that came first. Somebody has to look."""
    if not tracking.contradicts(PackageState(package.state), status):
        return
    package.is_contradicted = True
    rows.publish(package, PackageContradicted, now=now, status=status)
    package.save(update_fields=["is_contradicted", "version"])


def _collect(package: Package, *, now: datetime) -> None:
    units = rows.list_units(package.lines.all())
    holds = orders.collect_units(order_id=package.order_id, units=units, now=now)
    rows.move(package, PackageState.COLLECTED, PackageCollected, now=now, holds=holds)
    cancel_timers(subjects=[package.pk], kinds=["withdraw_uncollected"])


def _advance(package: Package, after: PackageState, *, now: datetime) -> None:
    """Bring the package to where its carrier says that it is."""
    if after is PackageState.DELIVERED:
        _deliver(package, now=now)
    elif after in states.PACKAGE.terminal:
        lose(package, after, now=now)
    elif after != package.state:
        rows.move(package, after, PackageMoved, now=now, state=after)


def _deliver(package: Package, *, now: datetime) -> None:
    market = get_market(package.market, now=now)
    completes_at = deadline(market=market, clock="after_sales", start=now)
    is_whole = orders.deliver_units(
        order_id=package.order_id, units=rows.list_units(package.lines.all()), completes_at=completes_at, now=now
    )
    rows.move(package, PackageState.DELIVERED, PackageDelivered, now=now)
    if is_whole:
        reset_timer(Deadline("complete_order", package.order_id, completes_at))


def _watch(package: Package, status: TrackingStatus, *, now: datetime) -> None:
    """A package on its way is lost when its carrier has said nothing for as long as the market waits."""
    if package.state in states.PACKAGE.terminal:
        cancel_timers(subjects=[package.pk], kinds=["package_lost"])
    elif rows.is_on_its_way(package) and tracking.is_sign_of_life(status):
        market = get_market(package.market, now=now)
        reset_timer(Deadline("package_lost", package.pk, deadline(market=market, clock="lost", start=now)))
