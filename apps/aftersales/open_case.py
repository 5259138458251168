"""A buyer asks for something, or a seller gives money back without being asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from apps.aftersales import eligibility, reasons, rows
from apps.aftersales.contracts import Act, Actor, CaseKind, CaseRequest, CaseState
from apps.aftersales.errors import CaseInvalid, ExchangeNotPossible
from apps.aftersales.models import CaseLine
from apps.aftersales.pay_back import pay_back
from apps.aftersales.reasons import Reason
from apps.aftersales.rows import By
from apps.catalog import api as catalog
from apps.orders import api as orders
from tradecore import db


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that may be made: why, and about what."""

    reason: Reason
    lines: list[CaseLine]


@db.use_case
def open_case(*, request: CaseRequest, now: datetime) -> int:
    """Open a case for the buyer of an order, whom the caller has looked up. Returns its id.

    Its units are spoken for from now on, the order is on hold, and the seller has to review it.
    Refuses, in this order: CaseInvalid, EvidenceInvalid, NotFound, NotEligible, ReasonNotAllowed, EvidenceMissing,
    LineUnknown, UnitsNotEligible, TooManyRequests, ExchangeNotPossible.
    Locks, in this order: purchase, order, case.
    """
    check_form(request)
    orders.lock_order(order_id=request.order_id)
    order = orders.get_order(order_id=request.order_id)
    taken = eligibility.read_taken(order.id)
    checked = check(request, order, taken, now=now)
    eligibility.refuse_many((line.sku_id for line in checked.lines), taken)
    refuse_exchange(request, order, checked.lines)
    case = rows.open_case(
        order=order,
        lines=checked.lines,
        kind=request.kind,
        reason=checked.reason.code,
        cause=checked.reason.cause,
        by=By(actor=Actor.BUYER, reason=checked.reason.code, comment=request.comment),
        state=CaseState.REQUEST_PENDING,
        waits_for=Act.REVIEW,
        now=now,
    )
    rows.keep_evidence(case, request.evidence, by=Actor.BUYER, now=now)
    db.insert_pending()
    return case.pk


@db.use_case
def refund_by_seller(
    *, order_id: int, units: Sequence[orders.LineUnits], reason: str, comment: str, now: datetime
) -> int:
    """Give money back for units that were shipped, because the seller says so. Returns the id of the case.

    Refuses, in this order: CaseInvalid, NotFound, NotEligible, ReasonNotAllowed, LineUnknown, UnitsNotEligible,
    OrderOnHold. Locks as `pay_back` does.
    """
    request = CaseRequest(
        order_id=order_id, kind=CaseKind.REFUND_ONLY, units=tuple(units), reason=reason, comment=comment
    )
    return refund_unasked(request, by=By(actor=Actor.SELLER, comment=comment), now=now)


@db.transaction_required
def refund_unasked(request: CaseRequest, *, by: By, now: datetime) -> int:
    """Open a case and decide it at once, for whoever may do that. Refuses as `refund_by_seller` does."""
    check_form(request)
    orders.lock_order(order_id=request.order_id)
    order = orders.get_order(order_id=request.order_id)
    checked = check(request, order, eligibility.read_taken(order.id), initiator=by.actor, now=now)
    by = replace(by, reason=checked.reason.code)
    case = rows.open_case(
        order=order,
        lines=checked.lines,
        kind=request.kind,
        reason=checked.reason.code,
        cause=checked.reason.cause,
        by=by,
        state=CaseState.REQUEST_PENDING,
        waits_for=Act.REVIEW,
        now=now,
        holds_order=False,
    )
    db.insert_pending()
    pay_back(case, "refund", by=by, now=now, order=order)
    return case.pk


def check_form(request: CaseRequest) -> None:
    """What can be said of a request without looking. Refuses, in this order: CaseInvalid, EvidenceInvalid."""
    rows.refuse_comment(request.comment)
    if not request.units:
        raise CaseInvalid(field="units", reason="no units are named")
    if (request.kind is CaseKind.EXCHANGE) != bool(request.exchange_for):
        raise CaseInvalid(
            field="exchange_for", reason="an exchange names what is wanted instead, and nothing else does"
        )
    rows.refuse_evidence(request.evidence)


def check(
    request: CaseRequest,
    order: orders.OrderView,
    taken: eligibility.Taken,
    *,
    now: datetime,
    initiator: Actor = Actor.BUYER,
    has_evidence: bool = False,
) -> Checked:
    """Whether the request may be made where the order stands. Refuses as `open_case` does, up to UnitsNotEligible."""
    eligibility.refuse_kind(request.kind, order, initiator=initiator, now=now)
    reason = reasons.get_reason(
        request.reason,
        market=order.market,
        initiator=initiator,
        kind=request.kind,
        order_status=order.status,
        has_evidence=has_evidence or not request.evidence.is_empty,
    )
    units = eligibility.refuse_units(request.kind, order, request.units, taken)
    return Checked(reason=reason, lines=_lines(request, order, units))


def refuse_exchange(request: CaseRequest, order: orders.OrderView, lines: Iterable[CaseLine]) -> None:
    """Refuses: ExchangeNotPossible, unless each line is exchanged for another SKU of its product."""
    if request.kind is not CaseKind.EXCHANGE:
        return
    products = {line.id: line.product_id for line in order.lines}
    for line in lines:
        wanted = _find_sku(line.wanted_sku_id, shop_id=order.shop_id)
        if wanted is None or wanted.product_id != products[line.line_id] or wanted.id == line.sku_id:
            raise ExchangeNotPossible(line_id=line.line_id)


def _find_sku(sku_id: int | None, *, shop_id: int) -> catalog.Sku | None:
    if sku_id is None:
        return None
    try:
        return catalog.get_shop_sku(shop_id=shop_id, sku_id=sku_id)
    except catalog.UnknownSku:
        return None


def _lines(request: CaseRequest, order: orders.OrderView, units: Iterable[orders.LineUnits]) -> list[CaseLine]:
    skus = {line.id: line.sku_id for line in order.lines}
    return [
        CaseLine(
            line_id=part.line_id,
            sku_id=skus[part.line_id],
            quantity=part.quantity,
            wanted_sku_id=_wanted(request, skus, part.line_id),
        )
        for part in units
    ]


def _wanted(request: CaseRequest, skus: Mapping[int, int], line_id: int) -> int | None:
    """The SKU that takes the place of the goods, if goods do."""
    if request.kind is CaseKind.REPLACEMENT:
        return skus[line_id]
    return (request.exchange_for or {}).get(line_id)
