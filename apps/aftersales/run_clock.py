"""What happens when nobody acts in time. See `duties.py`, and Note [Disputed] in `pay_back.py`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from apps.aftersales import arbitrate, close_case, inspect_return, offer, replace_goods, review_case, rows
from apps.aftersales.contracts import Act, CaseState, Default
from apps.aftersales.events import PaymentOverdue
from apps.aftersales.models import Case
from apps.aftersales.pay_back import pay_back
from apps.aftersales.rows import CLOCK
from apps.inventory import api as inventory
from apps.orders import api as orders
from tradecore import db, inbox
from tradecore.timers import Deadline, reset_timer


def act_by_default(case_id: int, now: datetime) -> None:
    """Timer `case_due`: do what happens by default. Nothing if somebody has acted, or a dispute is open.

    A replacement that cannot be had is refunded instead: a silent seller has agreed to one of the two.
    """
    try:
        _act(case_id, now=now)
    except inventory.OutOfStock:
        _act(case_id, now=now, is_out_of_stock=True)


@db.use_case
def resume_clocks(*, order_id: int, event_id: int, now: datetime) -> None:
    """A dispute about an order is over, says this event: the clocks of its cases go on."""
    if not inbox.first_time(consumer="aftersales.resume_clocks", event_id=event_id, now=now):
        return
    for case in Case.objects.filter(order_id=order_id, is_open=True, due_at__isnull=False).order_by("id"):
        assert case.due_at is not None
        reset_timer(Deadline(rows.TIMER, case.pk, case.due_at))


@db.use_case
def complete_paid_case(*, refund_id: int, event_id: int, now: datetime) -> None:
    """The money of a case has arrived, says this event. Nothing if the refund is of no case.

    Locks, in this order: purchase, order, case.
    """
    if not inbox.first_time(consumer="aftersales.complete_paid_case", event_id=event_id, now=now):
        return
    case_id = Case.objects.filter(refund_id=refund_id).values_list("pk", flat=True).first()
    if case_id is None:
        return
    case = rows.lock_case(case_id)
    if case.next_action == Act.SEND_MONEY:
        rows.move(case, CaseState.COMPLETE, "complete", by=rows.PAID, waits_for=None, now=now)


@db.use_case
def _act(case_id: int, *, now: datetime, is_out_of_stock: bool = False) -> None:
    """Locks as `pay_back` does."""
    case = rows.lock_case(case_id)
    if case.due_at is None or now < case.due_at:
        return
    do = _refund if is_out_of_stock else _DO[Default(case.default_action)]
    try:
        do(case, now)
    except orders.OrderOnHold:
        return  # refused before anything was written; see Note [Disputed]
    db.insert_pending()


def _approve(case: Case, now: datetime) -> None:
    review_case.approve(case, by=CLOCK, buyer_keeps_goods=False, now=now)


def _refuse_offer(case: Case, now: datetime) -> None:
    offer.refuse(case, by=CLOCK, now=now)


def _close(case: Case, now: datetime) -> None:
    close_case.close(case, "close", by=CLOCK, now=now)


def _accept_return(case: Case, now: datetime) -> None:
    inspect_return.accept_unseen(case, by=CLOCK, now=now)


def _support_buyer(case: Case, now: datetime) -> None:
    arbitrate.support_buyer(case, by=CLOCK, buyer_keeps_goods=False, platform_pays=True, now=now)


def _refund(case: Case, now: datetime) -> None:
    pay_back(case, "refund_instead", by=CLOCK, now=now)


def _complete(case: Case, now: datetime) -> None:
    replace_goods.complete(case, by=CLOCK, now=now)


def _alarm(case: Case, now: datetime) -> None:
    """The money is the provider's to send; somebody is told, and told again if that does not help."""
    assert case.refund_id is not None, "a case waits for money that is on its way"
    rows.move(
        case,
        CaseState.SUCCESS,
        "alarm",
        by=CLOCK,
        waits_for=Act.SEND_MONEY,
        now=now,
        also=(PaymentOverdue, {"refund_id": case.refund_id}),
    )


_DO: Final[Mapping[Default, Callable[[Case, datetime], None]]] = {
    Default.APPROVE: _approve,
    Default.REFUSE_OFFER: _refuse_offer,
    Default.CLOSE: _close,
    Default.ACCEPT_RETURN: _accept_return,
    Default.SUPPORT_BUYER: _support_buyer,
    Default.REFUND: _refund,
    Default.COMPLETE: _complete,
    Default.ALARM: _alarm,
}
