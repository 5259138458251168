"""Operators give money back: a part of one order at once; a whole order, or several, when a second person agrees.

# Note [Refund of everything]
What empties an order is asked for, and done in the transaction of its approval. Several orders are as many requests:
each is approved by what it says, and one transaction locks the money of one order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.aftersales import eligibility, open_case
from apps.aftersales.contracts import Actor, CaseKind, CaseRequest, OrderRefund
from apps.aftersales.errors import RefundChanged
from apps.aftersales.rows import By
from apps.orders import api as orders
from tradecore import audit, db
from tradecore.approvals import Approved, AwaitsApproval, request_once
from tradecore.money import Money

REFUND_ALL: Final = "aftersales.refund_all"
ORDERS_MAX: Final = 50

_REASON_LENGTH_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A request and what it comes to: how much, and whether nothing of the order is left after it."""

    request: CaseRequest
    refund: Money
    is_everything: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsAsked:
    """What became of it: a case that is decided, or requests that wait for a second person."""

    case_id: int | None
    awaiting: tuple[AwaitsApproval, ...]


@db.use_case
def refund_by_operator(
    *, refunds: Sequence[OrderRefund], reason: str, comment: str, actor: str, now: datetime
) -> RefundsAsked:
    """Give money back of one order or of several, by Note [Refund of everything].

    Refuses, in this order, for each order: CaseInvalid, NotFound, NotEligible, ReasonNotAllowed, LineUnknown,
    UnitsNotEligible, OrderOnHold. Locks as `pay_back` does; none where a second person is asked.
    """
    assert 1 <= len(refunds) <= ORDERS_MAX, "the edge has counted them"
    requests = [_request(refund, reason=reason, comment=comment, now=now) for refund in refunds]
    first, *others = requests
    orders.lock_order(order_id=first.order_id)
    planned = [_plan(request, now=now) for request in requests]
    if not others and not planned[0].is_everything:
        return RefundsAsked(case_id=_refund(first, actor=actor, now=now), awaiting=())
    return RefundsAsked(case_id=None, awaiting=tuple(_ask(each, actor=actor, now=now) for each in planned))


@db.transaction_required
def carry_out_refund(approved: Approved, now: datetime) -> None:
    """Approval `aftersales.refund_all`: give back what was asked for, at most as much as was read.

    Refuses, in this order: what `refund_by_operator` does, RefundChanged.
    """
    content = approved.content
    request = CaseRequest(
        order_id=int(content["order_id"]),
        kind=CaseKind.REFUND_ONLY,
        units=tuple(
            orders.LineUnits(line_id=int(part["line_id"]), quantity=part["quantity"]) for part in content["units"]
        ),
        reason=content["reason"],
        comment=content["comment"],
    )
    orders.lock_order(order_id=request.order_id)
    planned = _plan(request, now=now)
    agreed = Money.parse(content["refund"]["amount"], content["refund"]["currency"])
    if agreed < planned.refund:
        raise RefundChanged(agreed=agreed, refund=planned.refund)
    _refund(request, actor=approved.requested_by, now=now)


def _request(refund: OrderRefund, *, reason: str, comment: str, now: datetime) -> CaseRequest:
    """The request for an order; of all that can be given back where no units are named."""
    order = orders.get_order(order_id=refund.order_id)
    units = _all_units(order) if refund.units is None else refund.units
    if not units:
        eligibility.refuse_kind(CaseKind.REFUND_ONLY, order, initiator=Actor.OPERATOR, now=now)
    return CaseRequest(order_id=order.id, kind=CaseKind.REFUND_ONLY, units=tuple(units), reason=reason, comment=comment)


def _all_units(order: orders.OrderView) -> list[orders.LineUnits]:
    taken = eligibility.read_taken(order.id)
    counts = {line.id: eligibility.count_available(CaseKind.REFUND_ONLY, line, taken) for line in order.lines}
    return [orders.LineUnits(line_id=line_id, quantity=count) for line_id, count in counts.items() if count]


def _plan(request: CaseRequest, *, now: datetime) -> _Planned:
    """What the request comes to as it stands. Nothing is locked here. Refuses as `refund_by_operator` does."""
    open_case.check_form(request)
    order = orders.get_order(order_id=request.order_id)
    taken = eligibility.read_taken(order.id)
    checked = open_case.check(request, order, taken, initiator=Actor.OPERATOR, now=now)
    quote = orders.quote_refund(order_id=order.id, units=request.units, amounts={}, cause=checked.reason.cause)
    return _Planned(request=request, refund=quote.refund, is_everything=quote.is_last)


def _ask(planned: _Planned, *, actor: str, now: datetime) -> AwaitsApproval:
    request = planned.request
    return request_once(
        kind=REFUND_ALL,
        subject=f"order:{request.order_id}",
        content={
            "order_id": request.order_id,
            "refund": planned.refund,
            "units": list(request.units),
            "reason": request.reason,
            "comment": request.comment,
        },
        actor=actor,
        reason=(request.comment or request.reason)[:_REASON_LENGTH_MAX],
        now=now,
    )


def _refund(request: CaseRequest, *, actor: str, now: datetime) -> int:
    audit.record(
        actor=actor,
        action="order.refunded",
        subject=f"order:{request.order_id}",
        reason=(request.comment or request.reason)[:_REASON_LENGTH_MAX],
        after={"units": list(request.units), "reason": request.reason},
        now=now,
    )
    by = By(actor=Actor.OPERATOR, ref=actor, comment=request.comment)
    return open_case.refund_unasked(request, by=by, now=now)
