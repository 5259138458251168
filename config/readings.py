"""What is read off the tables for whoever watches: the one table of it. See Note [Readings] in tradecore."""

from collections import Counter
from collections.abc import Callable, Mapping

from apps.inventory import api as inventory
from apps.payments import api as payments
from apps.reconciliation import api as reconciliation
from tradecore import approvals, clock, degradation, freezes, outbox, readings, timers
from tradecore.metrics import Labels
from tradecore.money import Money
from tradecore.readings import Reading


def _waiting() -> Mapping[Labels, float]:
    events, deadlines, paying = outbox.count_backlog(), timers.count_backlog(now=clock.now()), payments.count_backlog()
    return {
        ("events",): events.waiting,
        ("timers",): deadlines.due,
        ("provider_calls",): paying.unanswered_calls,
        ("provider_answers",): paying.waiting_answers,
    }


def _age() -> Mapping[Labels, float]:
    ages = {
        "events": outbox.read_age(),
        "timers": timers.read_age(now=clock.now()),
        **payments.read_ages(now=clock.now()),
    }
    return {(queue,): age.total_seconds() for queue, age in ages.items()}


def _parked() -> Mapping[Labels, float]:
    paying = payments.count_backlog()
    return {
        ("events",): outbox.count_backlog().dead,
        ("timers",): timers.count_backlog(now=clock.now()).parked,
        ("provider_answers",): paying.parked_answers,
        ("suspect_tenders",): paying.suspect_tenders,
        ("failed_refunds",): paying.failed_refunds,
    }


def _at_risk() -> Mapping[Labels, float]:
    risks = reconciliation.money_at_risk().items()
    return {(currency,): float(Money(minor, currency).amount) for currency, (_, minor) in risks if currency}


def _plans() -> Mapping[Labels, float]:
    on = Counter(switch.plan for switch in degradation.list_on())
    return {(plan,): float(on[plan] > 0) for plan in degradation.PLANS}


def _frozen() -> Mapping[Labels, float]:
    return {(kind,): len(freezes.read_frozen(kind=kind)) for kind in sorted(freezes.KINDS)}


def _one(read: Callable[[], float]) -> Callable[[], Mapping[Labels, float]]:
    return lambda: {(): read()}


def _server(*names: str) -> Callable[[], Mapping[Labels, float]]:
    """Numbers of the database's own; nothing where it has none."""
    return lambda: {(name,): value for name, value in readings.read_server().items() if name in names}


READINGS: tuple[Reading, ...] = (
    Reading(name="queue_waiting", meaning="How much waits to be done.", labels=("queue",), read=_waiting),
    Reading(
        name="queue_age_seconds", meaning="For how long the oldest of it has waited.", labels=("queue",), read=_age
    ),
    Reading(name="parked", meaning="What failed too often and waits for a person.", labels=("queue",), read=_parked),
    Reading(name="open_breaks", meaning="Open breaks of the books.", read=_one(reconciliation.count_open_breaks)),
    Reading(
        name="money_at_risk",
        meaning="What open breaks of the books are about, in units of the currency.",
        labels=("currency",),
        read=_at_risk,
    ),
    Reading(name="plan_off", meaning="1 while a degradation plan is on.", labels=("plan",), read=_plans),
    Reading(
        name="freezes",
        meaning="What is frozen; all_refunds and all_payouts are fuses that have blown.",
        labels=("kind",),
        read=_frozen,
    ),
    Reading(
        name="hot_skus",
        meaning="SKUs that many want at once, marked by a person or found by their traffic.",
        read=_one(lambda: inventory.count_hot_skus(now=clock.real_now())),
    ),
    Reading(
        name="approvals_pending",
        meaning="What waits for a second person.",
        read=_one(lambda: approvals.count_pending(now=clock.now())),
    ),
    Reading(
        name="database_now",
        meaning="Of the whole server: connections, statements that run, transactions that wait for a row.",
        labels=("what",),
        read=_server("connections", "running", "waiting"),
    ),
    Reading(
        name="database_events",
        meaning="Of the whole server: how often a row was waited for, how long in milliseconds, and deadlocks.",
        labels=("what",),
        read=_server("lock_waits", "lock_wait_ms", "deadlocks"),
        grows=True,
    ),
)
