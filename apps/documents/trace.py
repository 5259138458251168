"""What documents have to say of one order's trace."""

from collections.abc import Iterator

from apps.documents.models import Document
from tradecore.money import Money
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Every document that was issued of it."""
    for row in Document.objects.filter(order_id=traced.order_id).order_by("id"):
        yield Step(
            at=row.issued_at,
            what=f"{row.kind} issued",
            about=f"document:{row.pk}",
            detail=f"{row.display_number}, {Money(row.total_minor, row.currency)}",
        )
