"""A line that will never agree: somebody says why that is right, and a second person agrees.

Nothing is posted by that. What the books lack is an adjustment of the ledger, which two people post as well.
"""

from datetime import datetime
from typing import Final

from apps.reconciliation.contracts import LineState
from apps.reconciliation.errors import LineSettled
from apps.reconciliation.models import FileLine
from tradecore import approvals, db
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.errors import NotFound
from tradecore.money import Money

#: The kind of its approvals.
EXPLANATION: Final = "reconciliation.explanation"

FINAL: Final = frozenset({LineState.AGREES.value, LineState.EXPLAINED.value})


@db.use_case
def request_explanation(*, line_id: int, reason: str, actor: str, now: datetime) -> AwaitsApproval:
    """Ask a second person to agree that a line is right as it is. Refuses, in this order: NotFound, LineSettled."""
    line = FileLine.objects.filter(pk=line_id).first()
    if line is None:
        raise NotFound(what="line of a file")
    if line.state in FINAL:
        raise LineSettled(state=line.state)
    content = {
        "line_id": line.pk,
        "source": line.source,
        "name": line.name,
        "kind": line.kind,
        "external_ref": line.external_ref,
        "our_ref": line.our_ref,
        "amount": Money(line.amount_minor, line.currency),
        "state": line.state,
    }
    return approvals.request_once(
        kind=EXPLANATION,
        subject=f"file_line:{line.pk}",
        content=content,
        actor=actor,
        reason=reason,
        now=now,
        told_apart_by=["line_id"],
    )


@db.transaction_required
def carry_out_explanation(approved: Approved, now: datetime) -> None:
    """The handler of approved explanations. Refuses: LineSettled (it has come to agree since)."""
    line = FileLine.objects.get(pk=int(approved.content["line_id"]))
    explained = FileLine.objects.filter(pk=line.pk).exclude(state__in=FINAL)
    if not explained.update(state=LineState.EXPLAINED.value, compared_at=now):
        raise LineSettled(state=line.state)
