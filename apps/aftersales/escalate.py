"""The buyer does not agree, and has the platform decide."""

from datetime import datetime

from apps.aftersales import rows
from apps.aftersales.contracts import Act, Actor, CaseState, Evidence
from apps.aftersales.rows import By
from tradecore import db


@db.use_case
def escalate(*, case_id: int, comment: str, evidence: Evidence, now: datetime) -> None:
    """Have the platform decide what the seller has rejected, or a replacement that is not right.

    Refuses, in this order: CaseInvalid, EvidenceInvalid, NotFound, CaseNotWaiting, EvidenceFull.
    Locks, in this order: purchase, order, case.
    """
    rows.refuse_comment(comment)
    rows.refuse_evidence(evidence)
    case = rows.lock_waiting(case_id, Act.ESCALATE, Act.CONFIRM_REPLACEMENT)
    rows.keep_evidence(case, evidence, by=Actor.BUYER, now=now)
    rows.move(
        case,
        CaseState.IN_ARBITRATION,
        "escalate",
        by=By(actor=Actor.BUYER, comment=comment),
        waits_for=Act.ARBITRATE,
        now=now,
        escalated_from=case.state,
    )
    db.insert_pending()
