"""Who answers to what: the one table of events and timers. Nothing subscribes by being imported."""

from collections.abc import Mapping, Sequence

from apps.aftersales import api as aftersales
from apps.aftersales import handlers as aftersales_handlers
from apps.checkout import api as checkout
from apps.checkout.handlers import on_hold_released as resume_cancel_request
from apps.documents import handlers as documents_handlers
from apps.fulfilment import api as fulfilment
from apps.fulfilment.handlers import on_hold_released
from apps.integrations import api as integrations
from apps.orders import api as orders
from apps.payments import api as payments
from apps.settlement import api as settlement
from apps.settlement import handlers as settlement_handlers
from tradecore.outbox import Handler
from tradecore.timers import TimerHandler

#: Event kind -> handlers, in the order in which they are called. A kind that is not here is kept for readers only.
EVENTS: Mapping[str, Sequence[Handler]] = {
    **dict.fromkeys(integrations.MESSAGE_KINDS, (integrations.send_messages,)),
    orders.PurchasePlaced.kind: (integrations.count_money,),
    orders.HoldReleased.kind: (
        on_hold_released,
        resume_cancel_request,
        aftersales_handlers.on_hold_released,
        settlement_handlers.on_hold_released,
    ),
    orders.OrderMoved.kind: (settlement_handlers.on_order_moved, integrations.send_messages),
    orders.PurchasePaid.kind: (
        documents_handlers.on_purchase_paid,
        integrations.send_messages,
        integrations.count_money,
    ),
    orders.UnitsLeft.kind: (
        settlement_handlers.on_units_left,
        documents_handlers.on_order_changed,
        integrations.send_messages,
    ),
    fulfilment.PackageCollected.kind: (documents_handlers.on_order_changed,),
    fulfilment.PackageRefused.kind: (aftersales_handlers.on_package_refused,),
    payments.PaymentCaptured.kind: (integrations.count_money,),
    payments.RefundSucceeded.kind: (
        aftersales_handlers.on_refund_succeeded,
        integrations.send_messages,
        integrations.count_money,
    ),
    payments.RefundFailed.kind: (aftersales_handlers.on_refund_failed, integrations.send_messages),
    payments.DisputeOpened.kind: (aftersales_handlers.on_dispute_opened,),
    payments.DisputeClosed.kind: (aftersales_handlers.on_dispute_closed,),
    settlement.PayoutConfirmed.kind: (integrations.send_messages, integrations.count_money),
    aftersales.PlatformCompensationDue.kind: (settlement_handlers.on_platform_compensation_due,),
}

#: Timer kind -> the use case that it fires.
TIMERS: Mapping[str, TimerHandler] = {
    "expire_purchase": checkout.expire_purchase,
    "confirm_free_purchase": checkout.confirm_free_purchase,
    "end_remorse": checkout.end_remorse,
    "cancel_unshipped": checkout.cancel_unshipped,
    "answer_cancel_request": checkout.approve_unanswered_request,
    "withdraw_uncollected": fulfilment.withdraw_uncollected,
    "package_lost": fulfilment.lose_silent_package,
    "complete_order": fulfilment.complete_order,
    "case_due": aftersales.act_by_default,
    "settle_order": settlement.settle_order,
    "release_reserve": settlement.release_reserve,
}
