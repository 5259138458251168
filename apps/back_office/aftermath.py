"""What an order comes to after its sale: disputes, earnings, cases, documents. Through the public doors."""

from dataclasses import dataclass

from apps.aftersales import api as aftersales
from apps.documents import api as documents
from apps.orders import api as orders
from apps.payments import api as payments
from apps.settlement import api as settlement
from tradecore.errors import NotFound

#: So many cases and documents of an order are shown; the rest is found in their tables.
CASES_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """What the order comes to for its seller.

    `settled` with its lines once it has settled; until then what it `is_to_be`, if it is paid. `payout` is the one that
    took what had settled by then, with other orders' money; None while it is available still.
    """

    settled: settlement.SettlementView | None
    is_to_be: settlement.Upcoming | None
    payout: settlement.PayoutView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """All of it, oldest first."""

    cases: tuple[aftersales.CaseSummary, ...]
    disputes: tuple[payments.DisputeView, ...]
    earnings: Earnings
    documents: tuple[documents.DocumentSummary, ...]


def read_aftermath(order: orders.OrderView) -> Aftermath:
    """Gather it, in a number of statements that does not depend on how much there is."""
    return Aftermath(
        cases=tuple(reversed(aftersales.list_cases(order_id=order.id, limit=CASES_MAX))),
        disputes=tuple(payments.list_disputes(order_ref=order.id)),
        earnings=_read_earnings(order),
        documents=tuple(documents.list_order_documents(order_id=order.id, buyer_ref=order.buyer_ref)),
    )


def aggregates_of(aftermath: Aftermath) -> list[tuple[str, int]]:
    """What of it publishes events of its own."""
    settled = aftermath.earnings.settled
    aggregates = [("case", case.id) for case in aftermath.cases]
    return aggregates if settled is None else [*aggregates, ("settlement", settled.id)]


def _read_earnings(order: orders.OrderView) -> Earnings:
    settled = settlement.find_settlement(order_id=order.id)
    if settled is None:
        return Earnings(settled=None, is_to_be=_find_upcoming(order), payout=None)
    payout = settlement.find_next_payout(shop_id=order.shop_id, since=settled.settled_at)
    return Earnings(settled=settled, is_to_be=None, payout=payout)


def _find_upcoming(order: orders.OrderView) -> settlement.Upcoming | None:
    """None of an order that was never paid."""
    try:
        return settlement.find_upcoming(order_id=order.id)
    except NotFound:
        return None
