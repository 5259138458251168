"""The reads of settlement. Whoever asks says for which shop."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from apps.orders import api as orders
from apps.settlement.contracts import (
    AccountView,
    LineKind,
    LineView,
    PayoutRunView,
    PayoutView,
    SettlementView,
    StatementView,
    Upcoming,
    UpcomingPage,
)
from apps.settlement.models import Payout, PayoutRun, SellerAccount, Settlement, SettlementLine, Statement
from apps.settlement.reckoning import reckon
from apps.settlement.services.lines import add_up
from apps.settlement.services.payouts import view_payouts, view_run
from apps.settlement.settle_order import due_at_of
from tradecore.errors import NotFound
from tradecore.money import Money

#: Where an order stands once it is over and may settle.
_OVER = frozenset({"DELIVERED", "COMPLETED"})

#: An order that was placed longer ago is not looked for among those that are to settle.
UPCOMING_WINDOW = timedelta(days=180)

#: Payouts whose money has left the seller's account, and may be back.
_COMMITTED = ("APPROVED", "SENT", "CONFIRMED", "REJECTED", "RETURNED")

#: Payouts whose money is not the seller's again.
_KEPT = ("PROPOSED", "APPROVED", "SENT", "CONFIRMED")

_SUMS = ("settled_minor", "reserve_minor", "paid_out_minor", "closing_minor", "line_count")


def get_account(*, shop_id: int, currency: str) -> AccountView:
    """What a shop has; nothing at all before its first line."""
    row = SellerAccount.objects.filter(shop_id=shop_id).first()
    if row is None:
        return AccountView(shop_id=shop_id, available=Money(0, currency), reserve=Money(0, currency))
    return AccountView(
        shop_id=shop_id,
        available=Money(row.available_minor, row.currency),
        reserve=Money(row.reserve_minor, row.currency),
    )


def find_settlement(*, order_id: int) -> SettlementView | None:
    """The settlement of an order with its lines, oldest first; None while it has not settled."""
    row = Settlement.objects.filter(order_id=order_id).first()
    if row is None:
        return None
    lines = tuple(_view_line(line) for line in row.lines.select_related("statement").order_by("id"))
    return SettlementView(
        id=row.pk,
        order_id=order_id,
        shop_id=row.shop_id,
        amount=Money(sum(line.amount.minor for line in lines if not line.kind.startswith("reserve")), row.currency),
        reserve=Money(row.reserve_minor, row.currency),
        settled_at=row.settled_at,
        reserve_until=row.reserve_until,
        lines=lines,
    )


def list_statements(*, shop_id: int, limit: int, before: date | None = None) -> list[StatementView]:
    """The statements of a shop, the latest day first; the first one may be open still."""
    rows = Statement.objects.filter(shop_id=shop_id)
    if before is not None:
        rows = rows.filter(on__lt=before)
    return [_view_statement(row) for row in rows.order_by("-on")[:limit]]


def get_statement(*, shop_id: int, on: date) -> StatementView:
    """The statement of a shop's day. Refuses: NotFound."""
    row = Statement.objects.filter(shop_id=shop_id, on=on).first()
    if row is None:
        raise NotFound(what="statement")
    return _view_statement(row)


def list_lines(
    *,
    shop_id: int,
    limit: int,
    on: date | None = None,
    kinds: Collection[LineKind] | None = None,
    after: int | None = None,
) -> list[LineView]:
    """Lines of a shop, oldest first: of one day, or of some kinds, where they are named."""
    rows = SettlementLine.objects.filter(shop_id=shop_id).select_related("statement").order_by("id")
    if on is not None:
        rows = rows.filter(statement__on=on, statement__shop_id=shop_id)
    if kinds is not None:
        rows = rows.filter(kind__in=[kind.value for kind in kinds])
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return [_view_line(row) for row in rows[:limit]]


def list_payouts(
    *,
    limit: int,
    before: int | None = None,
    shop_id: int | None = None,
    run_id: int | None = None,
    status: str | None = None,
    is_committed: bool = False,
) -> list[PayoutView]:
    """Payouts, newest first: of one shop, one run, or one status, where they are named.

    With `is_committed` those only that were approved: what a seller sees.
    """
    wanted = {"shop_id": shop_id, "run_id": run_id, "status": status, "pk__lt": before}
    rows = Payout.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    if is_committed:
        rows = rows.filter(status__in=_COMMITTED)
    return view_payouts(rows.select_related("account").order_by("-id")[:limit])


def get_payout(*, payout_id: int, shop_id: int | None = None) -> PayoutView:
    """A payout, of this shop only where one is named. Refuses: NotFound."""
    row = Payout.objects.filter(pk=payout_id).select_related("account").first()
    if row is None or (shop_id is not None and (row.shop_id != shop_id or row.status not in _COMMITTED)):
        raise NotFound(what="payout")
    return view_payouts([row])[0]


def find_next_payout(*, shop_id: int, since: datetime) -> PayoutView | None:
    """The first payout of a shop that was proposed at that moment or later and keeps its money, or may yet keep it.

    A payout takes all that is available, so whatever was on the account by then has gone with it.
    """
    rows = Payout.objects.filter(shop_id=shop_id, proposed_at__gte=since, status__in=_KEPT).select_related("account")
    return next(iter(view_payouts(rows.order_by("id")[:1])), None)


def list_payout_runs(*, limit: int, before: int | None = None) -> list[PayoutRunView]:
    """Payout runs, newest first. For operators."""
    rows = PayoutRun.objects.all() if before is None else PayoutRun.objects.filter(pk__lt=before)
    return [view_run(row) for row in rows.order_by("-id")[:limit]]


def get_payout_run(*, run_id: int) -> PayoutRunView:
    """A payout run. Refuses: NotFound."""
    row = PayoutRun.objects.filter(pk=run_id).first()
    if row is None:
        raise NotFound(what="payout run")
    return view_run(row)


def list_upcoming(*, shop_id: int, limit: int, now: datetime, before: int | None = None) -> UpcomingPage:
    """What is to settle of the `limit` orders of a shop before `before`, newest first, and where to go on.

    An order that is over and not settled may stand between any number of those that are settled, or not over: so a page
    says what there is in so many orders, and may be short, or empty, before the last one. Orders that were placed more
    than UPCOMING_WINDOW ago are not looked at.
    """
    looked_at = orders.list_orders(shop_ids=[shop_id], limit=limit + 1, before=before, created_ge=now - UPCOMING_WINDOW)
    page = looked_at[:limit]
    over = [order.id for order in page if order.status in _OVER]
    settled = set(Settlement.objects.filter(order_id__in=over).values_list("order_id", flat=True))
    found = (find_upcoming(order_id=order_id) for order_id in over if order_id not in settled)
    return UpcomingPage(
        items=tuple(each for each in found if each is not None),
        next_before=page[-1].id if len(looked_at) > limit else None,
    )


def find_upcoming(*, order_id: int) -> Upcoming | None:
    """What a paid order comes to as it stands, and when it settles if it is over; None if it has settled.

    Refuses: NotFound, also of an order that is not paid.
    """
    if Settlement.objects.filter(order_id=order_id).exists():
        return None
    sale = orders.get_sale(order_id=order_id)
    return Upcoming(
        order_id=order_id,
        number=sale.number,
        amount=Money(reckon(sale).amount_minor, sale.currency),
        due_at=due_at_of(sale),
        holds=sale.holds,
    )


def _view_line(row: SettlementLine) -> LineView:
    return LineView(
        id=row.pk,
        shop_id=row.shop_id,
        kind=LineKind(row.kind),
        name=row.name,
        reference=row.reference,
        order_id=row.order_id,
        amount=Money(row.amount_minor, row.currency),
        details=row.details,
        statement_on=row.statement.on,
        occurred_at=row.occurred_at,
    )


def _view_statement(row: Statement) -> StatementView:
    """An open statement is added up as it stands."""
    stored = {name: getattr(row, name) for name in _SUMS}
    sums = add_up(row) if row.closed_at is None else stored
    return StatementView(
        id=row.pk,
        shop_id=row.shop_id,
        on=row.on,
        opening=Money(row.opening_minor, row.currency),
        settled=Money(sums["settled_minor"], row.currency),
        reserve=Money(sums["reserve_minor"], row.currency),
        paid_out=Money(sums["paid_out_minor"], row.currency),
        closing=Money(sums["closing_minor"], row.currency),
        line_count=sums["line_count"],
        closed_at=row.closed_at,
    )
