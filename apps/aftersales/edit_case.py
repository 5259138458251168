"""A buyer changes what they ask for before the seller has looked at it; and shows more."""

from datetime import datetime

from apps.aftersales import eligibility, open_case, rows
from apps.aftersales.contracts import EDITS_MAX, Act, Actor, CaseRequest, CaseState, Evidence
from apps.aftersales.errors import EvidenceMissing, TooManyEdits
from apps.aftersales.models import Case, CaseEvidence, CaseLine
from apps.aftersales.rows import By
from apps.orders import api as orders
from tradecore import db


@db.use_case
def edit_case(*, case_id: int, request: CaseRequest, now: datetime) -> None:
    """Put another request about the same order in the place of this one; the seller's time begins anew.

    What was shown before counts for it too. Refuses, in this order: CaseInvalid, EvidenceInvalid, NotFound,
    CaseNotWaiting, TooManyEdits, NotEligible, ReasonNotAllowed, EvidenceMissing, LineUnknown, UnitsNotEligible,
    TooManyRequests, ExchangeNotPossible, EvidenceFull. Locks, in this order: purchase, order, case.
    """
    open_case.check_form(request)
    case = rows.lock_waiting(case_id, Act.REVIEW)
    if case.edit_count >= EDITS_MAX:
        raise TooManyEdits(limit=EDITS_MAX)
    order = orders.get_order(order_id=case.order_id)
    taken = eligibility.read_taken(order.id, but=case.pk)
    has_evidence = CaseEvidence.objects.filter(case=case, given_by=Actor.BUYER).exists()
    checked = open_case.check(request, order, taken, now=now, has_evidence=has_evidence)
    eligibility.refuse_many((line.sku_id for line in checked.lines), taken)
    open_case.refuse_exchange(request, order, checked.lines)
    rows.keep_evidence(case, request.evidence, by=Actor.BUYER, now=now)
    _replace_lines(case, checked.lines)
    rows.move(
        case,
        CaseState.REQUEST_PENDING,
        "edit",
        by=By(actor=Actor.BUYER, reason=checked.reason.code, comment=request.comment),
        waits_for=Act.REVIEW,
        now=now,
        kind=request.kind.value,
        reason=checked.reason.code,
        cause=checked.reason.cause.value,
        edit_count=case.edit_count + 1,
    )
    db.insert_pending()


@db.use_case
def add_evidence(*, case_id: int, evidence: Evidence, by: Actor, now: datetime) -> None:
    """Show something of a case that is not decided. The clock runs on.

    Refuses, in this order: EvidenceMissing (nothing is shown), EvidenceInvalid, NotFound, CaseNotWaiting (it is not
    open), EvidenceFull. Locks, in this order: purchase, order, case.
    """
    if evidence.is_empty:
        raise EvidenceMissing(reason="")
    rows.refuse_evidence(evidence)
    case = rows.lock_case(case_id)
    if not case.is_open:
        raise rows.not_waiting(case)
    rows.keep_evidence(case, evidence, by=by, now=now)
    db.insert_pending()


def _replace_lines(case: Case, lines: list[CaseLine]) -> None:
    CaseLine.objects.filter(case=case).delete()
    for line in lines:
        line.case = case
    CaseLine.objects.bulk_create(lines)
