"""What may be asked for now: by the status of the order, by its clock, and by what became of each unit.

# Note [Units of a case]
Units of a line are not told apart: a case is about so many of them. Those that it may be about gave no money back, and
stand in no other open case. Goods can only be sent back that arrived, and that did not come back before: a unit that
was replaced has a second life at its buyer's, and is refunded without a return if that one is not right either.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.aftersales import reasons
from apps.aftersales.contracts import (
    REQUESTS_MAX,
    Actor,
    CaseKind,
    CaseQuote,
    Eligibility,
    KindEligibility,
    LineEligibility,
    ReasonView,
)
from apps.aftersales.errors import NotEligible, TooManyRequests, UnitsNotEligible
from apps.aftersales.models import CaseLine
from apps.orders import api as orders

BUYERS_KINDS = tuple(reasons.BOUNDS[Actor.BUYER])

_GOES_BACK = frozenset({CaseKind.RETURN_AND_REFUND, CaseKind.REPLACEMENT, CaseKind.EXCHANGE})


@dataclass(frozen=True, slots=True)
class Taken:
    """What cases have made of an order's units: `open` and `found` by line, `requests` of its buyer by SKU."""

    open: Mapping[int, int]
    found: Mapping[int, int]
    requests: Mapping[int, int]


def check_eligibility(*, order_id: int, buyer_ref: int, now: datetime) -> Eligibility:
    """What the buyer may ask for now, line by line, and why not. Refuses: NotFound."""
    order = orders.get_order(order_id=order_id, buyer_ref=buyer_ref)
    taken = read_taken(order_id)
    return Eligibility(
        order_id=order_id,
        order_status=order.status,
        lines=tuple(
            LineEligibility(
                line_id=line.id,
                sku_id=line.sku_id,
                kinds=tuple(_look_at(kind, line, order, taken, now=now) for kind in BUYERS_KINDS),
            )
            for line in order.lines
        ),
    )


def quote_case(
    *,
    order_id: int,
    buyer_ref: int,
    kind: CaseKind,
    units: Sequence[orders.LineUnits],
    reason: str,
    now: datetime,
) -> CaseQuote:
    """What a case would bring, if it were granted now: nothing is written, and no evidence is asked for.

    Refuses, in this order: NotFound, NotEligible, ReasonNotAllowed, LineUnknown, UnitsNotEligible.
    """
    order = orders.get_order(order_id=order_id, buyer_ref=buyer_ref)
    refuse_kind(kind, order, initiator=Actor.BUYER, now=now)
    given = reasons.get_reason(
        reason,
        market=order.market,
        initiator=Actor.BUYER,
        kind=kind,
        order_status=order.status,
        has_evidence=True,
    )
    wanted = refuse_units(kind, order, units, read_taken(order_id))
    refund = orders.quote_refund(order_id=order_id, units=wanted, amounts={}, cause=given.cause)
    payer = reasons.return_paid_by(market=order.market, cause=given.cause)
    return CaseQuote(kind=kind, cause=given.cause, refund=refund, return_paid_by=payer)


def refuse_kind(kind: CaseKind, order: orders.OrderView, *, initiator: Actor, now: datetime) -> None:
    """Refuses: NotEligible, unless the initiator may open such a case where the order stands."""
    why = find_obstacle(kind, order, initiator=initiator, now=now)
    if why is not None:
        raise NotEligible(order_status=order.status, why=why)


def find_obstacle(kind: CaseKind, order: orders.OrderView, *, initiator: Actor, now: datetime) -> str | None:
    """Why such a case cannot be opened where the order stands, if it cannot."""
    allowed = reasons.BOUNDS[initiator].get(kind, frozenset())
    ends_at = next((due.due_at for due in order.deadlines if due.kind == "completes"), None)
    obstacles = {
        "cancelled": order.status == "CANCELLED",
        "completed": order.status == "COMPLETED" and order.status not in allowed,
        "disputed": orders.DISPUTE_HOLD in order.holds,
        "not_delivered": order.status in reasons.SHIPPED and order.status not in allowed,
        "not_shipped": order.status not in allowed,
        "window_over": initiator is Actor.BUYER and ends_at is not None and ends_at <= now,
    }
    return next((why for why, holds in obstacles.items() if holds), None)


def refuse_units(
    kind: CaseKind, order: orders.OrderView, units: Iterable[orders.LineUnits], taken: Taken
) -> list[orders.LineUnits]:
    """The units, once per line, by Note [Units of a case]. Refuses, in this order: LineUnknown, UnitsNotEligible."""
    wanted: Counter[int] = Counter()
    for part in units:
        wanted[part.line_id] += part.quantity
    lines = {line.id: line for line in order.lines}
    for line_id, quantity in wanted.items():
        if line_id not in lines:
            raise orders.LineUnknown(line_id=line_id)
        available = count_available(kind, lines[line_id], taken)
        if not 1 <= quantity <= available:
            raise UnitsNotEligible(line_id=line_id, available=available)
    return [orders.LineUnits(line_id=line_id, quantity=quantity) for line_id, quantity in wanted.items()]


def count_available(kind: CaseKind, line: orders.LineView, taken: Taken) -> int:
    """How many units of a line a new case of this kind may be about."""
    at_hand = line.refundable_units
    if kind in _GOES_BACK:
        at_hand = min(at_hand, line.delivered - taken.found.get(line.id, 0))
    return max(0, at_hand - taken.open.get(line.id, 0))


def refuse_many(sku_ids: Iterable[int], taken: Taken) -> None:
    """Refuses: TooManyRequests, where a buyer has asked about one of the SKUs as often as they may."""
    for sku_id in sku_ids:
        if taken.requests.get(sku_id, 0) >= REQUESTS_MAX:
            raise TooManyRequests(sku_id=sku_id, limit=REQUESTS_MAX)


def read_taken(order_id: int, *, but: int | None = None) -> Taken:
    """What the cases of an order have made of its units, one of them left out; as it stands under the order's lock."""
    lines = CaseLine.objects.filter(case__order_id=order_id).exclude(case__kind=CaseKind.REFUSED_PARCEL)
    taken_open: Counter[int] = Counter()
    found: Counter[int] = Counter()
    requests: Counter[int] = Counter()
    for line in lines.exclude(case=but).select_related("case"):
        taken_open[line.line_id] += line.quantity if line.case.is_open else 0
        found[line.line_id] += line.good + line.damaged
        requests[line.sku_id] += line.case.initiator == Actor.BUYER
    return Taken(open=taken_open, found=found, requests=requests)


def _look_at(
    kind: CaseKind, line: orders.LineView, order: orders.OrderView, taken: Taken, *, now: datetime
) -> KindEligibility:
    why = find_obstacle(kind, order, initiator=Actor.BUYER, now=now)
    units = 0 if why else count_available(kind, line, taken)
    if why is None and taken.requests.get(line.sku_id, 0) >= REQUESTS_MAX:
        why, units = "too_many_requests", 0
    if why is None and not units:
        why = "in_another_case" if taken.open.get(line.id) else "no_units_left"
    given = () if why else _reasons_for(kind, order)
    return KindEligibility(kind=kind, units=units, why_not=why, reasons=given)


def _reasons_for(kind: CaseKind, order: orders.OrderView) -> tuple[ReasonView, ...]:
    found = reasons.list_reasons(market=order.market, initiator=Actor.BUYER, kind=kind, order_status=order.status)
    return tuple(
        ReasonView(code=reason.code, title=reason.title, needs_evidence=reason.needs_evidence) for reason in found
    )
