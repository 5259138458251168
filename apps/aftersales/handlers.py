"""What after-sales do when others publish a fact. `config/subscriptions.py` says which."""

from apps.aftersales.dispute import cover_refused, end_dispute, hold_disputed
from apps.aftersales.refused_parcels import expect_refused_parcel
from apps.aftersales.run_clock import complete_paid_case, resume_clocks
from apps.orders import api as orders
from tradecore import clock
from tradecore.outbox import DeliveredEvent


def on_package_refused(event: DeliveredEvent) -> None:
    """`fulfilment.package_refused`: its goods come back, and are to be looked at."""
    expect_refused_parcel(
        package_id=int(event.payload["package_id"]),
        order_id=int(event.payload["order_id"]),
        units=[
            orders.LineUnits(line_id=int(part["line_id"]), quantity=part["quantity"]) for part in event.payload["units"]
        ],
        event_id=event.id,
        now=clock.now(),
    )


def on_refund_succeeded(event: DeliveredEvent) -> None:
    """`payments.refund_succeeded`: a case whose money this is, is complete."""
    complete_paid_case(refund_id=int(event.payload["refund_id"]), event_id=event.id, now=clock.now())


def on_refund_failed(event: DeliveredEvent) -> None:
    """`payments.refund_failed`: a bank may have paid it. See Note [A lost dispute]."""
    cover_refused(payable_ref=int(event.payload["payable_ref"]), event_id=event.id, now=clock.now())


def on_hold_released(event: DeliveredEvent) -> None:
    """`orders.hold_released`: see Note [Disputed]."""
    if event.payload["hold"] == orders.DISPUTE_HOLD:
        resume_clocks(order_id=event.aggregate_id, event_id=event.id, now=clock.now())


def on_dispute_opened(event: DeliveredEvent) -> None:
    """`payments.dispute_opened`: its orders must not move."""
    hold_disputed(
        dispute_id=int(event.payload["dispute_id"]),
        order_ids=[int(order_id) for order_id in event.payload["order_refs"]],
        event_id=event.id,
        now=clock.now(),
    )


def on_dispute_closed(event: DeliveredEvent) -> None:
    """`payments.dispute_closed`: see Note [A lost dispute]."""
    end_dispute(
        dispute_id=int(event.payload["dispute_id"]),
        order_ids=[int(order_id) for order_id in event.payload["order_refs"]],
        event_id=event.id,
        now=clock.now(),
    )
