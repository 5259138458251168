"""What inventory has to say of one order's trace."""

from collections.abc import Iterator

from apps.inventory.models import StockHold, StockMovement
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """The hold of its purchase, and every movement of its own lines."""
    about = f"purchase:{traced.purchase_id}"
    hold = StockHold.objects.filter(owner_ref=traced.purchase_id).first()
    if hold is not None:
        yield Step(at=hold.opened_at, what="stock held", about=about)
        if hold.resolved_at is not None:
            yield Step(at=hold.resolved_at, what=f"stock hold {hold.status}", about=about)
    of_lines = StockMovement.objects.filter(
        hold_line__hold_id=traced.purchase_id, hold_line__line_ref__in=traced.line_ids
    )
    for row in of_lines.order_by("id"):
        yield Step(
            at=row.occurred_at,
            what=f"stock {row.kind}",
            about=f"order:{traced.order_id}",
            detail=f"SKU {row.sku_id}: available {row.available:+d}, held {row.held:+d}, committed {row.committed:+d}",
        )
