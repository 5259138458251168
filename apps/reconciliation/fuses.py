"""Fuses: when refunds or payouts leave their bounds, they stop, and a person looks.

# Note [Fuses]
An invariant finds what is wrong; a fuse stops what is only unusual, before anybody knows whether it is wrong. A fuse
that blows keeps all refunds or all payouts from being sent, and is a break of its own name; what is frozen is late and
not lost. A person lifts the freeze, with a reason. That resets the fuse: its break is closed, and from then on it looks
only at what came after. So what a person has looked at does not blow it again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings
from django.db import connection

from apps.reconciliation.contracts import Offence
from tradecore import freezes
from tradecore.ids import first_id_at
from tradecore.live_settings import LiveSetting, WholeNumber
from tradecore.money import BASIS_POINTS, Money

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: What refunds of an hour are measured by, and payouts of a day.
REFUNDS_USUAL = timedelta(days=7)
PAYOUTS_USUAL = timedelta(days=30)
#: Before payouts were made on so many days nobody can say what is usual.
PAYOUT_DAYS_MIN: Final = 3

#: Of a currency that the settings do not name, in minor units.
FLOOR_MINOR: Final = 1_000_000
PAYOUT_MAX_MINOR: Final = 10_000_000

REFUND_TIMES = LiveSetting(
    name="reconciliation.refund_times",
    meaning="How many times what is usual the refunds of an hour may be before all refunds stop.",
    schema=WholeNumber(1, 1_000),
    default=lambda: settings.FUSE_REFUND_TIMES,
    needs_two=True,
)
PAYOUT_TIMES = LiveSetting(
    name="reconciliation.payout_times",
    meaning="How many times what is usual the payouts proposed in a day may be before all payouts stop.",
    schema=WholeNumber(1, 1_000),
    default=lambda: settings.FUSE_PAYOUT_TIMES,
    needs_two=True,
)
LATE_MONEY_BP = LiveSetting(
    name="reconciliation.late_money_bp",
    meaning="How many basis points of an hour's captures may come too late before all refunds stop.",
    schema=WholeNumber(0, BASIS_POINTS),
    default=lambda: settings.FUSE_LATE_MONEY_BP,
    needs_two=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where fuses blow. Floors and bounds are minor units by currency; below a floor nothing is unusual."""

    refund_times: int
    refund_floors_minor: Mapping[str, int] = field(default_factory=dict)
    payout_times: int
    payout_floors_minor: Mapping[str, int] = field(default_factory=dict)
    payout_max_minor: Mapping[str, int] = field(default_factory=dict)
    late_money_bp: int
    late_money_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """What is measured, from a moment on, and what stops when it leaves its bounds.

    `sql` is asked with `%(since)s` (a moment), `%(since_id)s` (its first id) and `%(usual)s`, `%(usual_id)s` (from when
    on the usual is measured); `judge` says of its rows what has blown it.
    """

    name: str
    title: str
    freezes: str
    window: timedelta
    usual: timedelta
    sql: str
    reads: Mapping[str, tuple[str, ...]]
    judge: Callable[[Iterable[tuple[Any, ...]], Limits], Offence | None]


def limits_of_settings() -> Limits:
    """Where fuses blow now: what operators have set, else what stands in the environment (see .env.example)."""
    return Limits(
        refund_times=REFUND_TIMES.read(),
        refund_floors_minor=settings.FUSE_REFUND_FLOORS_MINOR,
        payout_times=PAYOUT_TIMES.read(),
        payout_floors_minor=settings.FUSE_PAYOUT_FLOORS_MINOR,
        payout_max_minor=settings.FUSE_PAYOUT_MAX_MINOR,
        late_money_bp=LATE_MONEY_BP.read(),
        late_money_count=settings.FUSE_LATE_MONEY_COUNT,
    )


def measure(fuse: Fuse, *, limits: Limits, since: datetime | None, real_now: datetime) -> Offence | None:
    """What has blown the fuse, of what came after `since`, when it was last reset; None if nothing has."""
    begin = real_now - fuse.window
    if since is not None:
        begin = max(begin, since)
    parameters: dict[str, int | datetime] = {
        "since": begin,
        "since_id": first_id_at(real_now - fuse.window),
        "usual": real_now - fuse.usual,
        "usual_id": first_id_at(real_now - fuse.usual),
    }
    with connection.cursor() as cursor:
        # SQLite knows the names of what a statement uses, and refuses the others.
        cursor.execute(fuse.sql, {name: value for name, value in parameters.items() if f"%({name})s" in fuse.sql})
        return fuse.judge(cursor.fetchall(), limits)


def _judge_refunds(rows: Iterable[tuple[Any, ...]], limits: Limits) -> Offence | None:
    hours = REFUNDS_USUAL // HOUR
    for ref, currency, recent, usual in rows:
        minor, usual_minor = int(recent or 0), int(usual or 0)
        floor_minor = limits.refund_floors_minor.get(currency, FLOOR_MINOR)
        if minor > floor_minor and minor * hours > limits.refund_times * usual_minor:
            what = f"{Money(minor, currency)} of refunds in an hour; usual are {Money(usual_minor // hours, currency)}"
            return _offence("F01", ref, currency, minor, what)
    return None


def _judge_payouts(rows: Iterable[tuple[Any, ...]], limits: Limits) -> Offence | None:
    for ref, currency, today, usual, days in rows:
        minor, usual_minor = int(today or 0), int(usual or 0)
        floor_minor = limits.payout_floors_minor.get(currency, FLOOR_MINOR)
        is_unusual = minor * int(days) > limits.payout_times * usual_minor
        if int(days) >= PAYOUT_DAYS_MIN and minor > floor_minor and is_unusual:
            mean = Money(usual_minor // int(days), currency)
            what = f"{Money(minor, currency)} proposed to be paid out in a day; usual are {mean}"
            return _offence("F02", ref, currency, minor, what)
    return None


def _judge_payout(rows: Iterable[tuple[Any, ...]], limits: Limits) -> Offence | None:
    for ref, currency, amount_minor in rows:
        bound_minor = limits.payout_max_minor.get(currency, PAYOUT_MAX_MINOR)
        if amount_minor > bound_minor:
            what = f"one payout of {Money(amount_minor, currency)}; the bound is {Money(bound_minor, currency)}"
            return _offence("F03", ref, currency, amount_minor, what)
    return None


def _judge_late_money(rows: Iterable[tuple[Any, ...]], limits: Limits) -> Offence | None:
    for ref, currency, count, late, late_minor in rows:
        if int(late) >= limits.late_money_count and int(late) * BASIS_POINTS > limits.late_money_bp * int(count):
            what = f"{int(late)} of {int(count)} captures in an hour came too late"
            return _offence("F04", ref, currency, int(late_minor), what)
    return None


def _offence(name: str, ref: Any, currency: str, minor: int, what: str) -> Offence:
    return Offence(invariant=name, ref=int(ref), currency=currency, at_risk_minor=minor, what=what, subject=None)


FUSES: Final[Mapping[str, Fuse]] = MappingProxyType(
    {
        fuse.name: fuse
        for fuse in (
            Fuse(
                name="F01",
                title="Refunds of an hour stay near what is usual",
                freezes=freezes.ALL_REFUNDS,
                window=HOUR,
                usual=REFUNDS_USUAL,
                sql="""
                    SELECT MAX(CASE WHEN r.created_at >= %(since)s THEN r.id END), i.currency,
                           SUM(CASE WHEN r.created_at >= %(since)s THEN r.amount_minor ELSE 0 END),
                           SUM(CASE WHEN r.created_at < %(since)s THEN r.amount_minor ELSE 0 END)
                    FROM payments_refund r JOIN payments_intent i ON i.id = r.intent_id
                    WHERE r.id >= %(usual_id)s AND r.created_at >= %(usual)s
                    GROUP BY i.currency
                """,
                reads={
                    "payments_refund": ("id", "intent_id", "amount_minor", "created_at"),
                    "payments_intent": ("id", "currency"),
                },
                judge=_judge_refunds,
            ),
            Fuse(
                name="F02",
                title="What is proposed to be paid out in a day stays near what is usual",
                freezes=freezes.ALL_PAYOUTS,
                window=DAY,
                usual=PAYOUTS_USUAL,
                sql="""
                    SELECT MAX(CASE WHEN r.proposed_at >= %(since)s THEN r.id END), r.currency,
                           SUM(CASE WHEN r.proposed_at >= %(since)s THEN r.total_minor ELSE 0 END),
                           SUM(CASE WHEN r.proposed_at < %(since)s THEN r.total_minor ELSE 0 END),
                           COUNT(DISTINCT CASE WHEN r.proposed_at < %(since)s THEN r.`on` END)
                    FROM settlement_payout_run r
                    WHERE r.status <> 'CANCELLED' AND r.proposed_at >= %(usual)s
                    GROUP BY r.currency
                """,
                reads={
                    "settlement_payout_run": ("id", "currency", "status", "total_minor", "proposed_at", "on"),
                },
                judge=_judge_payouts,
            ),
            Fuse(
                name="F03",
                title="No payout is larger than its bound",
                freezes=freezes.ALL_PAYOUTS,
                window=PAYOUTS_USUAL,
                usual=PAYOUTS_USUAL,
                sql="""
                    SELECT p.id, p.currency, p.amount_minor FROM settlement_payout p
                    WHERE p.in_flight_of IS NOT NULL AND p.status IN ('PROPOSED', 'APPROVED')
                        AND p.proposed_at >= %(since)s
                    ORDER BY p.amount_minor DESC
                """,
                reads={
                    "settlement_payout": ("id", "currency", "status", "amount_minor", "in_flight_of", "proposed_at"),
                },
                judge=_judge_payout,
            ),
            Fuse(
                name="F04",
                title="Money that comes too late stays the exception",
                freezes=freezes.ALL_REFUNDS,
                window=HOUR,
                usual=HOUR,
                sql="""
                    SELECT MAX(CASE WHEN c.is_late = 1 THEN c.id END), i.currency, COUNT(c.id),
                           SUM(CASE WHEN c.is_late = 1 THEN 1 ELSE 0 END),
                           SUM(CASE WHEN c.is_late = 1 THEN c.amount_minor ELSE 0 END)
                    FROM payments_capture c JOIN payments_tender t ON t.id = c.tender_id
                    JOIN payments_intent i ON i.id = t.intent_id
                    WHERE c.id >= %(since_id)s AND c.captured_at >= %(since)s
                    GROUP BY i.currency
                """,
                reads={
                    "payments_capture": ("id", "tender_id", "is_late", "amount_minor", "captured_at"),
                    "payments_tender": ("id", "intent_id"),
                    "payments_intent": ("id", "currency"),
                },
                judge=_judge_late_money,
            ),
        )
    }
)
