"""What orders have to say of one order's trace."""

from collections.abc import Iterator

from apps.orders.models import CancelRequest, OrderHold, OrderTransition, Purchase, UnitsGoneEntry
from tradecore.money import Money
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Its purchase, every status that it had, its holds, requests to cancel it, and what went back of it."""
    purchase = Purchase.objects.get(pk=traced.purchase_id)
    about = f"purchase:{purchase.pk}"
    total = f"{Money(purchase.total_minor, purchase.currency)}, {purchase.market}, quote {purchase.quote_id}"
    yield Step(at=purchase.placed_at, what="purchase placed", about=about, detail=total)
    if purchase.paid_at is not None:
        yield Step(at=purchase.paid_at, what="purchase paid", about=about)
    if purchase.closed_at is not None:
        yield Step(at=purchase.closed_at, what=f"purchase {purchase.status}", about=about)
    yield from _history(traced)
    yield from _holds(traced)
    yield from _requests(traced)
    yield from _gone(traced, currency=purchase.currency)


def _history(traced: Traced) -> Iterator[Step]:
    for row in OrderTransition.objects.filter(order_id=traced.order_id).order_by("sequence"):
        yield Step(
            at=row.occurred_at,
            what=f"order {row.after}",
            about=f"order:{traced.order_id}",
            detail=f"{row.before or 'new'}, by {row.initiator} {row.reason}".rstrip(),
        )


def _holds(traced: Traced) -> Iterator[Step]:
    about = f"order:{traced.order_id}"
    for row in OrderHold.objects.filter(order_id=traced.order_id).order_by("id"):
        detail = f"of {row.owner_ref}"
        yield Step(at=row.placed_at, what=f"hold {row.kind} placed", about=about, detail=detail)
        if row.released_at is not None:
            yield Step(at=row.released_at, what=f"hold {row.kind} released", about=about, detail=detail)


def _requests(traced: Traced) -> Iterator[Step]:
    for row in CancelRequest.objects.filter(order_id=traced.order_id).order_by("id"):
        about = f"cancel_request:{row.pk}"
        yield Step(at=row.requested_at, what="cancellation requested", about=about, detail=row.reason)
        if row.decided_at is not None:
            detail = f"by {row.decided_by} {row.reject_reason}".rstrip()
            yield Step(at=row.decided_at, what=f"cancellation {row.status}", about=about, detail=detail)


def _gone(traced: Traced, *, currency: str) -> Iterator[Step]:
    for row in UnitsGoneEntry.objects.filter(order_id=traced.order_id).order_by("sequence"):
        yield Step(
            at=row.occurred_at,
            what=f"units {row.kind}",
            about=f"order:{traced.order_id}",
            detail=f"{row.reason} by {row.initiator}, {Money(row.refund_minor, currency)} to the buyer",
        )
