"""Who answers to what: the one table of events and timers. Nothing subscribes by being imported."""

from collections.abc import Mapping, Sequence

from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.handlers import on_hold_released
from apps.integrations import api as integrations
from apps.orders import api as orders
from tradecore.outbox import Handler
from tradecore.timers import TimerHandler

#: Event kind -> handlers, in the order in which they are called. A kind that is not here is kept for readers only.
EVENTS: Mapping[str, Sequence[Handler]] = {
    **dict.fromkeys(integrations.MESSAGE_KINDS, (integrations.send_messages,)),
    orders.HoldReleased.kind: (on_hold_released,),
}

#: Timer kind -> the use case that it fires.
TIMERS: Mapping[str, TimerHandler] = {
    "expire_purchase": checkout.expire_purchase,
    "confirm_free_purchase": checkout.confirm_free_purchase,
    "end_remorse": checkout.end_remorse,
    "cancel_unshipped": checkout.cancel_unshipped,
    "withdraw_uncollected": fulfilment.withdraw_uncollected,
    "package_lost": fulfilment.lose_silent_package,
    "complete_order": fulfilment.complete_order,
}
