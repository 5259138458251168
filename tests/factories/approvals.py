"""The second person, as tests need them."""

from datetime import datetime

from tests.support import NOON
from tradecore import approvals
from tradecore.approvals import AwaitsApproval
from tradecore.models import Approval


def give_approval(waits: object, *, actor: str = "second person", now: datetime = NOON) -> None:
    """Read what waits, and approve it."""
    assert isinstance(waits, AwaitsApproval)
    request = approvals.get_request(approval_id=waits.approval_id, now=now)
    approvals.approve(approval_id=request.id, content_hash=request.content_hash, actor=actor, now=now)


def status_of(waits: object) -> str:
    """What became of a request."""
    assert isinstance(waits, AwaitsApproval)
    return Approval.objects.get(pk=waits.approval_id).status
