"""What the books have to say of one order's trace."""

from collections.abc import Iterator

from apps.ledger.models import Posting
from tradecore.money import Money
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Every posting of the order and of its purchase, with its entries: debits first come positive."""
    postings = Posting.objects.filter(order_ref__in=[traced.order_id, traced.purchase_id])
    for posting in postings.prefetch_related("entries").order_by("id"):
        entries = sorted(posting.entries.all(), key=lambda entry: entry.line_no)
        yield Step(
            at=posting.occurred_at,
            what=f"posted {posting.kind}",
            about=f"posting:{posting.pk}",
            detail=", ".join(f"{entry.account} {Money(entry.amount_minor, entry.currency)}" for entry in entries),
            request_id=posting.request_id,
        )
