"""The buyer's time to think better of it is over: the order goes to its seller."""

from datetime import datetime

from apps.orders import api as orders
from tradecore import db


@db.use_case
def end_remorse(order_id: int, now: datetime) -> None:
    """Timer `end_remorse`. Nothing if the order is held no more."""
    orders.end_remorse(order_id=order_id, now=now)
