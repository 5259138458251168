"""What waits for a second person."""

from tradecore.approvals import AwaitsApproval
from tradecore.http.answers import answer_of

AwaitsApprovalAnswer = answer_of(AwaitsApproval, name="AwaitsApprovalAnswer")
