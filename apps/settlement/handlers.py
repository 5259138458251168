"""What settlement does when others publish a fact. `config/subscriptions.py` says which."""

from apps.settlement.adjust import compensate
from apps.settlement.settle_order import follow_change, schedule_settlement
from tradecore import clock
from tradecore.money import Money
from tradecore.outbox import DeliveredEvent

_OVER = frozenset({"DELIVERED", "COMPLETED", "CANCELLED"})


def on_order_moved(event: DeliveredEvent) -> None:
    """`orders.order_moved`: an order that is over has a day on which it settles."""
    if event.payload["after"] in _OVER:
        schedule_settlement(order_id=event.aggregate_id, event_id=event.id, now=clock.now())


def on_hold_released(event: DeliveredEvent) -> None:
    """`orders.hold_released`: see Note [Settlement on hold]."""
    schedule_settlement(order_id=event.aggregate_id, event_id=event.id, now=clock.now())


def on_units_left(event: DeliveredEvent) -> None:
    """`orders.units_left`: what went back of a settled order is unwound."""
    follow_change(order_id=event.aggregate_id, event_id=event.id, now=clock.now())


def on_platform_compensation_due(event: DeliveredEvent) -> None:
    """`aftersales.platform_compensation_due`: what the platform pays for is made good to the shop."""
    payload = event.payload
    compensate(
        shop_id=int(payload["shop_id"]),
        gone_id=int(payload["gone_id"]),
        order_id=int(payload["order_id"]),
        amount=Money.parse(payload["amount"]["amount"], payload["amount"]["currency"]),
        event_id=event.id,
        now=clock.now(),
    )
