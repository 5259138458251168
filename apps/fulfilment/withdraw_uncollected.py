"""A package that no carrier came for."""

from datetime import datetime

from apps.fulfilment import rows
from apps.fulfilment.contracts import PackageState
from apps.fulfilment.events import PackageWithdrawn
from apps.inventory import api as inventory
from apps.orders import api as orders
from tradecore import db
from tradecore.timers import Deadline, reset_timer


@db.use_case
def withdraw_uncollected(package_id: int, now: datetime) -> None:
    """Timer `withdraw_uncollected`: open a package that was not collected in time. Nothing if it was.

    Its units are in no package again, and the deadline by which the order had to be shipped is now: that timer cancels
    all that is not shipped. What a lost dispute has paid back meanwhile is for sale again at once.
    Locks, in this order: purchase, order, package, stock hold, stock.
    """
    package = rows.lock_package(package_id)
    if package.state != PackageState.ARRANGED:
        return
    units = rows.list_units(package.lines.all())
    unwanted = orders.withdraw_units(order_id=package.order_id, units=units, now=now)
    rows.move(package, PackageState.WITHDRAWN, PackageWithdrawn, now=now)
    reset_timer(Deadline("cancel_unshipped", package.order_id, now))
    if unwanted:
        lines = [(part.line_id, part.quantity) for part in unwanted]
        inventory.release(owner_ref=package.purchase_id, lines=lines, reason="dispute_lost", now=now)
