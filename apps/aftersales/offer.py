"""The seller's counter-offer: some money, and the buyer keeps the goods."""

from datetime import datetime

from apps.aftersales import rows
from apps.aftersales.contracts import OFFERS_MAX, Act, Actor, CaseState
from apps.aftersales.errors import OfferNotPossible, TooManyOffers
from apps.aftersales.models import Case
from apps.aftersales.pay_back import pay_back, payable_by_line
from apps.aftersales.rows import By
from apps.orders import api as orders
from tradecore import db
from tradecore.money import Money


@db.use_case
def make_offer(*, case_id: int, version: int | None, amount: Money, comment: str, now: datetime) -> None:
    """Offer an amount for the units of the case, in place of what is asked for.

    Refuses, in this order: CaseInvalid, NotFound, CaseVersionStale, CaseNotWaiting, TooManyOffers, OfferNotPossible.
    Locks, in this order: purchase, order, case.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.REVIEW, version=version)
    if case.offer_count >= OFFERS_MAX:
        raise TooManyOffers(limit=OFFERS_MAX)
    _refuse_amount(case, amount)
    rows.move(
        case,
        CaseState.AWAITING_BUYER_RESPONSE,
        "offer",
        by=By(actor=Actor.SELLER, comment=comment),
        waits_for=Act.ANSWER_OFFER,
        now=now,
        offered_minor=amount.minor,
        offer_count=case.offer_count + 1,
    )
    db.insert_pending()


@db.use_case
def accept_offer(*, case_id: int, version: int | None, now: datetime) -> None:
    """The buyer takes the money that was offered.

    Refuses, in this order: NotFound, CaseVersionStale, CaseNotWaiting, OrderOnHold. Locks as `pay_back` does.
    """
    case = rows.lock_waiting(case_id, Act.ANSWER_OFFER, version=version)
    case.agreed_minor = case.offered_minor
    pay_back(case, "accept_offer", by=By(actor=Actor.BUYER), now=now, agreed_minor=case.offered_minor)


@db.use_case
def refuse_offer(*, case_id: int, comment: str, now: datetime) -> None:
    """The buyer does not want it: the seller decides about the request again.

    Refuses, in this order: CaseInvalid, NotFound, CaseNotWaiting. Locks, in this order: purchase, order, case.
    """
    rows.refuse_comment(comment)
    case = rows.lock_waiting(case_id, Act.ANSWER_OFFER)
    refuse(case, by=By(actor=Actor.BUYER, comment=comment), now=now)
    db.insert_pending()


@db.transaction_required
def refuse(case: Case, *, by: By, now: datetime) -> None:
    """Give a locked case back to its seller."""
    rows.move(
        case,
        CaseState.REQUEST_PENDING,
        "refuse_offer",
        by=by,
        waits_for=Act.REVIEW,
        now=now,
        offered_minor=None,
    )


def _refuse_amount(case: Case, amount: Money) -> None:
    """Refuses: OfferNotPossible."""
    units = [(line.line_id, line.quantity) for line in rows.list_lines(case)]
    payable = payable_by_line(orders.get_sale(order_id=case.order_id), units)
    most = Money(sum(payable.values()), case.currency)
    if amount.currency != most.currency or not 0 < amount.minor <= most.minor:
        raise OfferNotPossible(most=most, offered=amount)
