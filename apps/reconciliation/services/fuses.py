"""Evaluate the fuses: blow, or reset. See Note [Fuses]."""

from datetime import datetime

from apps.reconciliation.contracts import Offence
from apps.reconciliation.fuses import FUSES, Fuse, Limits, limits_of_settings, measure
from apps.reconciliation.models import Break
from apps.reconciliation.services.run import ACTOR, close_break, open_break
from tradecore import db, freezes


def check_fuses(*, real_now: datetime, limits: Limits | None = None) -> list[Offence]:
    """Measure every fuse that is not blown, and stop what has left its bounds. Returns what has.

    A fuse whose freeze somebody has lifted is reset. Any number of processes may do so at once.
    """
    limits = limits or limits_of_settings()
    blown = [_check(fuse, limits=limits, real_now=real_now) for fuse in FUSES.values()]
    return [offence for offence in blown if offence is not None]


def _check(fuse: Fuse, *, limits: Limits, real_now: datetime) -> Offence | None:
    known = Break.objects.filter(invariant=fuse.name)
    standing = known.filter(closed_at=None).first()
    if standing is None:
        since = known.order_by("-closed_at").values_list("closed_at", flat=True).first()
        offence = measure(fuse, limits=limits, since=since, real_now=real_now)
        if offence is not None:
            _blow(fuse, offence, real_now=real_now)
        return offence
    if not standing.is_contained:  # whoever wrote it down died before the freeze
        _freeze(fuse, standing, real_now=real_now)
    elif freezes.EVERYBODY not in freezes.read_frozen(kind=fuse.freezes):
        _reset(standing.pk, real_now=real_now)
    return None


def _blow(fuse: Fuse, offence: Offence, *, real_now: datetime) -> None:
    _write_down(offence, real_now=real_now)
    _freeze(fuse, Break.objects.get(invariant=fuse.name, row_ref=offence.ref), real_now=real_now)


@db.use_case
def _write_down(offence: Offence, *, real_now: datetime) -> None:
    row = Break.objects.filter(invariant=offence.invariant, row_ref=offence.ref).first()
    open_break(offence, row, real_now=real_now)


def _freeze(fuse: Fuse, broken: Break, *, real_now: datetime) -> None:
    freezes.place_freeze(
        kind=fuse.freezes,
        subject=freezes.EVERYBODY,
        reason=f"{fuse.name} {broken.row_ref}: {broken.what}",
        actor=ACTOR,
        now=real_now,
    )
    Break.objects.filter(pk=broken.pk).update(is_contained=True)


@db.use_case
def _reset(break_id: int, *, real_now: datetime) -> None:
    broken = Break.objects.filter(pk=break_id, closed_at=None).first()
    if broken is not None:
        close_break(broken, real_now=real_now)
