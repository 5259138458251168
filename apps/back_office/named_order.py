"""The order that somebody at a terminal means."""

from django.core.management.base import CommandError

from apps.orders import api as orders
from tradecore.errors import NotFound
from tradecore.ids import find_id


def get_named_order(name: str) -> orders.OrderView:
    """The order of that number or id. Raises CommandError: the name has a typing error, or there is no such order."""
    order_id = find_id(name)
    if order_id is None:
        raise CommandError(f"{name} is neither an id nor a number: it has a typing error")
    try:
        return orders.get_order(order_id=order_id)
    except NotFound as refusal:
        raise CommandError(f"there is no order {name}") from refusal
