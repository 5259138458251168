"""What after-sales have to say of one order's trace."""

from collections.abc import Iterator

from apps.aftersales.models import CaseStep
from tradecore.traces import Step, Traced


def trace_order(traced: Traced) -> Iterator[Step]:
    """Every step of every case. What people write to one another stands on the case's own page."""
    steps = CaseStep.objects.filter(case__order_id=traced.order_id).order_by("case_id", "sequence")
    for step in steps:
        yield Step(
            at=step.occurred_at,
            what=f"case {step.act}",
            about=f"case:{step.case_id}",
            detail=f"{step.before or 'new'} to {step.after}, by {step.actor} {step.reason}".rstrip(),
        )
