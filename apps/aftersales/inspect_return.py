"""What came back is looked at: fit for sale, damaged, or not what was sent. Only then does stock return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.aftersales import replace_goods, rows
from apps.aftersales.contracts import Act, Actor, CaseKind, CaseState, Evidence
from apps.aftersales.errors import EvidenceMissing, TooManyUnitsFound
from apps.aftersales.models import Case, CaseLine
from apps.aftersales.pay_back import pay_back
from apps.aftersales.reasons import RULES, refuse_rejection
from apps.aftersales.review_case import REPLACING
from apps.aftersales.rows import By
from apps.inventory import api as inventory
from apps.orders import api as orders
from tradecore import db


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one line: units that can be sold again, and units that cannot."""

    good: int
    damaged: int


@db.use_case
def accept_return(*, case_id: int, found: Mapping[int, Found], comment: str, now: datetime) -> None:
    """The seller has looked at what came back, line by line, and takes it, with or without a tracking number.

    Good units are for sale again; damaged ones are not. Fewer than were sent for is the seller's to accept.
    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting, LineUnknown, TooManyUnitsFound, OrderOnHold.
    Locks as `pay_back` does.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.SHIP_BACK, Act.INSPECT, Act.COUNT_IN)
    by = By(actor=Actor.SELLER, comment=comment)
    lines = rows.list_lines(case)
    _refuse_found(lines, found)
    if case.next_action == Act.SHIP_BACK:
        rows.move(case, CaseState.BUYER_SHIPPED_ITEM, "arrive", by=by, waits_for=Act.INSPECT, now=now)
    _count_in(case, lines, found, now=now)
    good = [(line_id, part.good) for line_id, part in found.items() if part.good]
    if case.kind == CaseKind.REFUSED_PARCEL or case.kind in REPLACING:
        _take(case, by=by, now=now)
        db.insert_pending()
        if good:
            inventory.take_back(owner_ref=case.purchase_id, lines=good, reason="returned", now=now)
    else:
        pay_back(case, "accept_return", by=by, now=now, found_good=good)


@db.use_case
def refuse_return(*, case_id: int, reason: str, comment: str, evidence: Evidence, now: datetime) -> None:
    """What came back is not what it should be, and the seller shows it. The buyer may have the platform decide.

    Refuses, in this order: CaseInvalid, EvidenceMissing, EvidenceInvalid, ReasonNotAllowed, NotFound, CaseNotWaiting,
    EvidenceFull. Locks, in this order: purchase, order, case.
    """
    rows.refuse_comment(comment)
    if evidence.is_empty:
        raise EvidenceMissing(reason=reason[:40])
    rows.refuse_evidence(evidence)
    refuse_rejection(reason, allowed=RULES.inspect_rejections)
    case = rows.lock_waiting(case_id, Act.INSPECT)
    rows.keep_evidence(case, evidence, by=Actor.SELLER, now=now)
    by = By(actor=Actor.SELLER, reason=reason, comment=comment)
    rows.move(case, CaseState.RECEIVE_REJECTED, "refuse_return", by=by, waits_for=Act.ESCALATE, now=now)
    db.insert_pending()


@db.transaction_required
def accept_unseen(case: Case, *, by: By, now: datetime) -> None:
    """Nobody has looked at it in time: the buyer gets what they asked for, and nothing is for sale again."""
    if case.kind in REPLACING:
        replace_goods.accept_return(case, by=by, now=now)
    else:
        pay_back(case, "accept_return", by=by, now=now)


def _refuse_found(lines: Sequence[CaseLine], found: Mapping[int, Found]) -> None:
    """Refuses, in this order: LineUnknown, TooManyUnitsFound."""
    expected = rows.count_units(lines)
    for line_id, part in found.items():
        if line_id not in expected:
            raise orders.LineUnknown(line_id=line_id)
        if part.good < 0 or part.damaged < 0 or part.good + part.damaged > expected[line_id]:
            raise TooManyUnitsFound(line_id=line_id, expected=expected[line_id])


def _count_in(case: Case, lines: Sequence[CaseLine], found: Mapping[int, Found], *, now: datetime) -> None:
    """Write down what was found, on the lines of the case and on those of the order."""
    for line in lines:
        if line.line_id in found:
            line.good, line.damaged = found[line.line_id].good, found[line.line_id].damaged
            line.save(update_fields=["good", "damaged"])
    came_back = [
        orders.LineUnits(line_id=line_id, quantity=part.good + part.damaged)
        for line_id, part in found.items()
        if part.good + part.damaged
    ]
    if came_back:
        orders.return_units(order_id=case.order_id, units=came_back, now=now)


def _take(case: Case, *, by: By, now: datetime) -> None:
    """Goods without money: of a refused parcel that is all, for a replacement the other half follows."""
    if case.kind != CaseKind.REFUSED_PARCEL:
        replace_goods.accept_return(case, by=by, now=now)
        return
    rows.move(case, CaseState.SUCCESS, "accept_return", by=by, waits_for=Act.SEND_MONEY, now=now)
    rows.move(case, CaseState.COMPLETE, "complete", by=by, waits_for=None, now=now)
