"""How payouts change, and what they look like from outside: what the acts on them share."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from apps.settlement.contracts import PayoutRunView, PayoutView
from apps.settlement.models import Payout, PayoutRun, PayoutTransition
from apps.settlement.states import PAYOUT
from tradecore import db, outbox
from tradecore.ids import format_number
from tradecore.money import Money

#: Payouts whose outcome is open: a shop has one at a time.
IN_FLIGHT = frozenset({"PROPOSED", "APPROVED", "SENT"})

_RATE_E6 = 10**6


@db.transaction_required
def move_payout(
    payout: Payout,
    after: str,
    *,
    now: datetime,
    reason: str = "",
    event: outbox.Event | None = None,
    **columns: Any,
) -> None:
    """The one way in which the status of a payout changes: compared and set, with its transition and its event."""
    before = payout.status
    PAYOUT.check(before, after)
    written = columns | {
        "status": after,
        "reason": reason,
        "in_flight_of": payout.shop_id if after in IN_FLIGHT else None,
        "transition_count": payout.transition_count + 1,
    }
    moved = Payout.objects.filter(pk=payout.pk, status=before).update(**written)
    assert moved == 1, f"payout {payout.pk} was moved by somebody else under its lock"
    for name, value in written.items():
        setattr(payout, name, value)
    transition = PayoutTransition(
        payout=payout, sequence=payout.transition_count, before=before, after=after, reason=reason, occurred_at=now
    )
    db.insert_later(transition)
    if event is not None:
        publish_payout(payout, event, now=now)


@db.transaction_required
def publish_payout(payout: Payout, event: outbox.Event, *, now: datetime) -> None:
    """Publish a fact about a payout, under its next version."""
    payout.version += 1
    payout.save(update_fields=["version"])
    outbox.publish(
        event,
        aggregate="payout",
        aggregate_id=payout.pk,
        sequence=payout.version,
        shop_id=payout.shop_id,
        now=now,
    )


def amount_of(payout: Payout) -> Money:
    """What leaves the seller's account."""
    return Money(payout.amount_minor, payout.currency)


def pays_of(payout: Payout) -> Money:
    """What the bank is told to send."""
    return Money(payout.pays_minor, payout.pays_currency)


def spell_rate(rate_e6: int) -> str:
    """A rate as people read it: 6712 is 0.006712."""
    return f"{rate_e6 // _RATE_E6}.{rate_e6 % _RATE_E6:06}"


def view_payouts(rows: Iterable[Payout]) -> list[PayoutView]:
    """The contracts of payouts; `account` must be loaded."""
    return [
        PayoutView(
            id=row.pk,
            number=format_number(row.pk),
            shop_id=row.shop_id,
            run_id=row.run_id,
            status=row.status,
            amount=amount_of(row),
            pays=pays_of(row),
            rate=None if row.rate_e6 is None else spell_rate(row.rate_e6),
            account=row.account.masked,
            reason=row.reason,
            proposed_at=row.proposed_at,
            approved_at=row.approved_at,
            sent_at=row.sent_at,
            confirmed_at=row.confirmed_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def view_run(row: PayoutRun) -> PayoutRunView:
    """The contract of a run."""
    return PayoutRunView(
        id=row.pk,
        market=row.market,
        on=row.on,
        number=row.number,
        status=row.status,
        payout_count=row.payout_count,
        total=Money(row.total_minor, row.currency),
        approval_id=row.approval_id,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
