"""The seller looks at a request, and says yes or no; who says nothing in time says yes."""

from datetime import datetime

from apps.aftersales import replace_goods, rows
from apps.aftersales.contracts import Act, Actor, CaseKind, CaseState, Evidence
from apps.aftersales.models import Case
from apps.aftersales.pay_back import pay_back
from apps.aftersales.reasons import RULES, refuse_rejection
from apps.aftersales.rows import By
from tradecore import db

REPLACING = frozenset({CaseKind.REPLACEMENT, CaseKind.EXCHANGE})


@db.use_case
def approve_case(*, case_id: int, version: int | None, buyer_keeps_goods: bool, comment: str, now: datetime) -> None:
    """The seller says yes. Where goods are to come back, the buyer sends them now, unless they may keep them.

    `version` is what the seller has read, where they say so. Refuses, in this order: CaseInvalid, NotFound,
    CaseVersionStale, CaseNotWaiting, OrderOnHold (money would go back, and a dispute is open), OutOfStock (nothing is
    left to replace the goods). Locks as `pay_back` does.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.REVIEW, version=version)
    approve(case, by=By(actor=Actor.SELLER, comment=comment), buyer_keeps_goods=buyer_keeps_goods, now=now)
    db.insert_pending()


@db.use_case
def reject_case(
    *, case_id: int, version: int | None, reason: str, comment: str, evidence: Evidence, now: datetime
) -> None:
    """The seller says no. The buyer may have the platform decide.

    Refuses, in this order: CaseInvalid, EvidenceInvalid, ReasonNotAllowed, NotFound, CaseVersionStale, CaseNotWaiting,
    EvidenceFull. Locks, in this order: purchase, order, case.
    """
    rows.refuse_comment(comment)
    rows.refuse_evidence(evidence)
    refuse_rejection(reason, allowed=RULES.review_rejections)
    case = rows.lock_waiting(case_id, Act.REVIEW, version=version)
    rows.keep_evidence(case, evidence, by=Actor.SELLER, now=now)
    by = By(actor=Actor.SELLER, reason=reason, comment=comment)
    rows.move(case, CaseState.REJECTED, "reject", by=by, waits_for=Act.ESCALATE, now=now)
    db.insert_pending()


@db.transaction_required
def approve(case: Case, *, by: By, buyer_keeps_goods: bool, now: datetime) -> None:
    """Everything that is true once a locked case was approved. Refuses: OrderOnHold, OutOfStock."""
    if case.kind in REPLACING:
        replace_goods.approve(case, by=by, buyer_keeps_goods=buyer_keeps_goods, now=now)
    elif case.kind == CaseKind.REFUND_ONLY or buyer_keeps_goods:
        pay_back(case, "approve", by=by, now=now)
    else:
        rows.move(case, CaseState.AWAITING_BUYER_SHIP, "approve", by=by, waits_for=Act.SHIP_BACK, now=now)
