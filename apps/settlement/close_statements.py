"""A shop's day is over: what its lines add up to is fixed."""

from datetime import datetime

from apps.settlement.events import StatementClosed
from apps.settlement.models import SellerAccount, Statement
from apps.settlement.services.lines import add_up
from tradecore import db, outbox
from tradecore.locks import Rank, lock_row
from tradecore.money import Money

BATCH = 200


def close_statements(*, now: datetime, limit: int = BATCH) -> int:
    """Close up to `limit` statements whose day is over, oldest first, each by itself. Returns how many.

    Any number of processes may do so at once, and go on where another one was stopped.
    """
    due = Statement.objects.filter(closed_at=None, closes_at__lte=now).order_by("closes_at")
    return sum(close_statement(statement_id=pk, now=now) for pk in due.values_list("pk", flat=True)[:limit])


@db.use_case
def close_statement(*, statement_id: int, now: datetime) -> bool:
    """Close one statement whose day is over. False if it is closed already. Locks: the account."""
    shop_id = Statement.objects.values_list("shop_id", flat=True).get(pk=statement_id)
    lock_row(Rank.ACCOUNT, SellerAccount, shop_id)
    statement = Statement.objects.get(pk=statement_id)
    if statement.closed_at is not None or now < statement.closes_at:
        return False
    for name, value in add_up(statement).items():
        setattr(statement, name, value)
    statement.closed_at = now
    statement.save()
    assert statement.closing_minor is not None, "added up above"
    assert statement.settled_minor is not None, "added up above"
    event = StatementClosed(
        statement_id=statement.pk,
        shop_id=shop_id,
        on=statement.on,
        settled=Money(statement.settled_minor, statement.currency),
        closing=Money(statement.closing_minor, statement.currency),
    )
    outbox.publish(event, aggregate="statement", aggregate_id=statement.pk, sequence=1, shop_id=shop_id, now=now)
    return True
