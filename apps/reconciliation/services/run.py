"""Run: ask, write down what is broken, and contain it.

# Note [Containment]
A break freezes what its invariant says: a SKU is not for sale, a promotion is off, a shop is not paid out. It never
changes an amount, a counter or a state: what is wrong stays as evidence, and a repair is a person's decision. A freeze
outlives its break, because nobody but a person knows that it was the only one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from apps.reconciliation import models
from apps.reconciliation.contracts import Contains, Offence, RunReport, Suite
from apps.reconciliation.events import BreakClosed, BreakFound
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.reading import find_offences
from tradecore import db, freezes, outbox

ACTOR = "reconciliation"
EVERY = timedelta(days=1)

FREEZES: Mapping[Contains, str] = {
    Contains.SKU: freezes.SKU_SALE,
    Contains.PROMOTION: freezes.PROMOTION,
    Contains.SHOP: freezes.SHOP_PAYOUTS,
}


def reconcile(
    *, suite: Suite, real_now: datetime, names: Iterable[str] | None = None, since: datetime | None = None
) -> RunReport:
    """Ask the invariants (all, or those named), write down what is broken, and contain it.

    A run of RECENT reads what was made since `since`, where that is given, and else within the last hours. A break that
    a run of everything no longer finds is closed. Safe to run twice, and beside another run.
    """
    invariants = [INVARIANTS[name] for name in names] if names is not None else list(INVARIANTS.values())
    run_id = _begin(suite=suite, real_now=real_now)
    offences = find_offences(invariants, suite=suite, real_now=real_now, since=since)
    asked = [invariant.name for invariant in invariants]
    opened, closed = _write_down(offences, closes=asked if suite is Suite.ALL else [], real_now=real_now)
    for offence in opened:
        _contain(offence, real_now=real_now)
    _finish(run_id, offence_count=len(offences), real_now=real_now)
    return RunReport(suite=suite, started_at=real_now, offences=tuple(offences), opened=tuple(opened), closed=closed)


def reconcile_daily(*, real_now: datetime) -> int:
    """Run everything, unless that was done within EVERY. Returns how many offences there are."""
    recent = models.Run.objects.filter(suite=Suite.ALL.value, started_at__gt=real_now - EVERY)
    return 0 if recent.exists() else len(reconcile(suite=Suite.ALL, real_now=real_now).offences)


@db.use_case
def _begin(*, suite: Suite, real_now: datetime) -> int:
    run = models.Run(suite=suite.value, started_at=real_now)
    db.insert_later(run)
    return run.pk


@db.use_case
def _finish(run_id: int, *, offence_count: int, real_now: datetime) -> None:
    models.Run.objects.filter(pk=run_id).update(finished_at=real_now, offence_count=offence_count)


@db.use_case
def _write_down(offences: Sequence[Offence], *, closes: Sequence[str], real_now: datetime) -> tuple[list[Offence], int]:
    """Returns the offences that nobody knew of, and how many breaks are over."""
    found = {(offence.invariant, offence.ref): offence for offence in offences}
    known = {
        (row.invariant, row.row_ref): row
        for row in models.Break.objects.filter(invariant__in={name for name, _ in found} | set(closes))
    }
    opened = [offence for key, offence in found.items() if key not in known or known[key].closed_at is not None]
    for key, offence in found.items():
        open_break(offence, known.get(key), real_now=real_now)
    over = [row for key, row in known.items() if key not in found and row.closed_at is None and row.invariant in closes]
    for row in over:
        close_break(row, real_now=real_now)
    return opened, len(over)


@db.transaction_required
def open_break(offence: Offence, row: models.Break | None, *, real_now: datetime) -> None:
    """Write an offence down on its row, if it has one; what nobody knew of is told to everybody."""
    facts = {
        "what": offence.what,
        "currency": offence.currency,
        "at_risk_minor": offence.at_risk_minor,
        "last_seen_at": real_now,
    }
    if row is None:
        row = models.Break(invariant=offence.invariant, row_ref=offence.ref, first_seen_at=real_now, version=1, **facts)
        db.insert_later(row)
        _publish_found(row, real_now=real_now)
    elif row.closed_at is None:
        models.Break.objects.filter(pk=row.pk).update(**facts)
    else:
        row.version += 1
        models.Break.objects.filter(pk=row.pk).update(**facts, closed_at=None, is_contained=False, version=row.version)
        row.what, row.at_risk_minor, row.currency = offence.what, offence.at_risk_minor, offence.currency
        _publish_found(row, real_now=real_now)


@db.transaction_required
def close_break(row: models.Break, *, real_now: datetime) -> None:
    """A break is over."""
    row.version += 1
    models.Break.objects.filter(pk=row.pk).update(closed_at=real_now, version=row.version)
    event = BreakClosed(break_id=row.pk, invariant=row.invariant, row_ref=row.row_ref)
    outbox.publish(event, aggregate="break", aggregate_id=row.pk, sequence=row.version, now=real_now)


def _publish_found(row: models.Break, *, real_now: datetime) -> None:
    event = BreakFound(
        break_id=row.pk,
        invariant=row.invariant,
        row_ref=row.row_ref,
        what=row.what,
        at_risk_minor=row.at_risk_minor,
        currency=row.currency,
    )
    outbox.publish(event, aggregate="break", aggregate_id=row.pk, sequence=row.version, now=real_now)


def _contain(offence: Offence, *, real_now: datetime) -> None:
    """See Note [Containment]."""
    kind = FREEZES.get(INVARIANTS[offence.invariant].contains)
    if kind is None or offence.subject is None:
        return
    reason = f"{offence.invariant} {offence.ref}: {offence.what}"
    freezes.place_freeze(kind=kind, subject=offence.subject, reason=reason, actor=ACTOR, now=real_now)
    broken = models.Break.objects.filter(invariant=offence.invariant, row_ref=offence.ref)
    broken.update(is_contained=True)
