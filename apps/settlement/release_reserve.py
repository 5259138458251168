"""What was kept back of an order's settlement becomes the seller's."""

from datetime import datetime

from apps.ledger import api as ledger
from apps.ledger.api import seller_journals as journals
from apps.orders import api as orders
from apps.settlement.contracts import LineKind
from apps.settlement.events import ReserveReleased
from apps.settlement.models import Settlement
from apps.settlement.services.lines import lock_account, publish, reserve_line, write_lines
from tradecore import db
from tradecore.money import Money


@db.use_case
def release_reserve(order_id: int, now: datetime) -> None:
    """Timer `release_reserve`: release what is left of an order's reserve. Nothing if none is, or the order is on hold.

    A hold that is open keeps the reserve; its release sets the timer anew (see Note [Settlement on hold]).
    Locks, in this order: purchase, order, account.
    """
    orders.lock_order(order_id=order_id)
    sale = orders.get_sale(order_id=order_id)
    settlement = Settlement.objects.get(order_id=order_id)
    released_minor = settlement.reserve_minor
    if not released_minor or sale.holds or settlement.reserve_until is None or now < settlement.reserve_until:
        return
    settlement.reserve_minor = 0
    event = ReserveReleased(
        order_id=order_id,
        shop_id=sale.shop_id,
        settlement_id=settlement.pk,
        amount=Money(released_minor, sale.currency),
    )
    publish(settlement, event, now=now)
    settlement.save(update_fields=["reserve_minor", "version"])
    released = journals.reserve_released(
        order_ref=order_id, shop_ref=sale.shop_id, amount=Money(released_minor, sale.currency)
    )
    ledger.post(released, now=now)
    db.insert_pending()
    account = lock_account(shop_id=sale.shop_id, market=sale.market, currency=sale.currency)
    line = reserve_line(LineKind.RESERVE_RELEASED, released_minor, reference=order_id, order_id=order_id)
    write_lines(account, [line], settlement=settlement, now=now)
