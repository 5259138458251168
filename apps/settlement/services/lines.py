"""Lines on a seller's account: the only way in which it moves.

# Note [The seller's account]
Lines, account and ledger move in one transaction, under the lock of the account, which comes last (see Note [Lock
order]). A day's statement is the lines that were written while it was open, so that it never changes afterwards; a line
that comes when a day is just closed is on the next one.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from apps.markets.api import get_market, local_day
from apps.settlement.contracts import PAYOUT_KINDS, RESERVE_KINDS, LineKind, NewLine
from apps.settlement.models import SellerAccount, Settlement, SettlementLine, Statement
from tradecore import db, outbox
from tradecore.ids import new_id
from tradecore.locks import Rank, lock_row

#: A day stays open for so long after its end: whoever took the lock before has written by then.
CLOSING_LAG = timedelta(minutes=1)

_RESERVE_LINES = Q(kind__in=[kind.value for kind in RESERVE_KINDS])
_PAYOUT_LINES = Q(kind__in=[kind.value for kind in PAYOUT_KINDS])


@db.transaction_required
def lock_account(*, shop_id: int, market: str, currency: str) -> SellerAccount:
    """The account of a shop, locked; its first line makes it."""
    SellerAccount.objects.get_or_create(shop_id=shop_id, defaults={"market": market, "currency": currency})
    account = lock_row(Rank.ACCOUNT, SellerAccount, shop_id)
    assert account is not None, "made above, and never deleted"
    assert account.currency == currency, f"shop {shop_id} is paid in {account.currency}, not {currency}"
    return account


@db.transaction_required
def write_lines(
    account: SellerAccount, lines: Sequence[NewLine], *, settlement: Settlement | None = None, now: datetime
) -> None:
    """Write lines on a locked account. The caller posts the same to the ledger.

    A reserve line moves money between available and reserve; every other line moves what is available.
    """
    if not lines:
        return
    statement = _open_statement(account, now=now)
    db.insert_later(*(_row(account, line, statement, settlement, now=now) for line in lines))
    moved: Counter[bool] = Counter()
    for line in lines:
        moved[line.kind in RESERVE_KINDS] += line.amount_minor
    account.available_minor += moved[False] + moved[True]
    account.reserve_minor -= moved[True]
    account.save(update_fields=["available_minor", "reserve_minor"])


def end_of_day(time_zone: str, day: date) -> datetime:
    """The moment (UTC) at which a day of that time zone is over."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def _open_statement(account: SellerAccount, *, now: datetime) -> Statement:
    """The statement of today, or of the day that is open still. Under the account's lock."""
    last = Statement.objects.filter(shop_id=account.shop_id).order_by("-on").first()
    if last is not None and last.closed_at is None and now < last.closes_at:
        return last
    time_zone = get_market(account.market, now=now).time_zone
    today = local_day(time_zone, now)
    if last is not None and last.on >= today:
        if last.closed_at is None:
            return last
        today = last.on + timedelta(days=1)
    return Statement.objects.create(
        shop_id=account.shop_id,
        currency=account.currency,
        on=today,
        opening_minor=account.available_minor,
        closes_at=end_of_day(time_zone, today) + CLOSING_LAG,
    )


def _row(
    account: SellerAccount, line: NewLine, statement: Statement, settlement: Settlement | None, *, now: datetime
) -> SettlementLine:
    return SettlementLine(
        id=new_id(),
        shop_id=account.shop_id,
        statement=statement,
        settlement=settlement,
        order_id=line.order_id,
        kind=line.kind.value,
        name=line.name,
        reference=line.reference,
        owner_ref=line.owner_ref,
        currency=account.currency,
        amount_minor=line.amount_minor,
        details=dict(line.details),
        occurred_at=now,
    )


def reserve_line(kind: LineKind, amount_minor: int, *, reference: int, order_id: int) -> NewLine:
    """A line that moves so much between available and reserve: negative into it."""
    return NewLine(kind=kind, amount_minor=amount_minor, reference=reference, order_id=order_id, details={})


def add_up(statement: Statement) -> dict[str, int]:
    """What a statement's lines come to, by the names of its columns."""
    sums = statement.lines.aggregate(
        settled_minor=Sum("amount_minor", filter=~(_RESERVE_LINES | _PAYOUT_LINES)),
        reserve_minor=Sum("amount_minor", filter=_RESERVE_LINES),
        paid_out_minor=Sum("amount_minor", filter=_PAYOUT_LINES),
        line_count=Count("pk"),
    )
    added = {name: int(value or 0) for name, value in sums.items()}
    moved = added["settled_minor"] + added["reserve_minor"] + added["paid_out_minor"]
    return {**added, "closing_minor": statement.opening_minor + moved}


@db.transaction_required
def publish(settlement: Settlement, event: outbox.Event, *, now: datetime) -> None:
    """Publish a fact about a settlement, under its next version. The caller saves it."""
    settlement.version += 1
    outbox.publish(
        event,
        aggregate="settlement",
        aggregate_id=settlement.pk,
        sequence=settlement.version,
        shop_id=settlement.shop_id,
        now=now,
    )
