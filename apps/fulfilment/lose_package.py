"""A package that will never arrive: its units are given up and paid back."""

from datetime import datetime

from apps.fulfilment import rows
from apps.fulfilment.complete_order import schedule_completion
from apps.fulfilment.contracts import PackageState
from apps.fulfilment.events import PackageLost, PackageRefused
from apps.fulfilment.models import Package
from apps.ledger import api as ledger
from apps.ledger.api import journals
from apps.orders import api as orders
from apps.payments import api as payments
from apps.promotions import api as promotions
from tradecore import db

_EVENTS = {PackageState.LOST: PackageLost, PackageState.REFUSED: PackageRefused}


@db.use_case
def lose_silent_package(package_id: int, now: datetime) -> None:
    """Timer `package_lost`: its carrier has said nothing for too long. Nothing if it has come to an end.

    The timer must find itself as it was claimed: an event that came meanwhile has moved it, and then nothing is lost.
    Locks, in this order: purchase, order, package, payment, promotions, their uses.
    """
    package = rows.lock_package(package_id)
    if rows.is_on_its_way(package):
        lose(package, PackageState.LOST, now=now)


@db.transaction_required
def lose(package: Package, after: PackageState, *, now: datetime) -> None:
    """Give up a locked package that a carrier has, as LOST or REFUSED, and send the money for its units back.

    No stock comes back: what is lost is gone, and what was refused is on its way to the seller, who counts it in when
    it arrives. The refund is sent by the poller.
    """
    units = rows.list_units(package.lines.all())
    gone = orders.lose_units(order_id=package.order_id, units=units, reason=after.lower(), now=now)
    # Whoever looks at refused goods when they come back has to know what they are.
    facts = {"units": units} if after is PackageState.REFUSED else {}
    rows.move(package, after, _EVENTS[after], now=now, **facts)
    schedule_completion(package.order_id)
    refund_id = 0
    if gone.refund.minor:
        refund_id = payments.open_refund(
            payable_ref=gone.purchase_id,
            order_ref=gone.order_id,
            amount=gone.refund,
            reason=after.lower(),
            client_ref=f"gone:{gone.id}",
            now=now,
        )
    undone = journals.units_gone(
        gone_ref=gone.id,
        order_ref=gone.order_id,
        shop_ref=gone.shop_id,
        refund_ref=refund_id,
        tax_payable_to=gone.tax_payable_to,
        currency=gone.refund.currency,
        proceeds=gone.proceeds,
    )
    ledger.post(undone, now=now)
    db.insert_pending()
    promotions.give_back(owner_ref=gone.purchase_id, amounts=gone.given_back, restored=gone.restored, now=now)
