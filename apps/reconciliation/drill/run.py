"""The drill itself: break, look, undo. See Note [Drill]."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

from apps.reconciliation.contracts import Offence, Suite
from apps.reconciliation.drill.life import Life
from apps.reconciliation.drill.scratch import assert_scratch, behind_the_walls
from apps.reconciliation.drill.tamperings import TAMPERINGS
from apps.reconciliation.fuses import FUSES, Limits
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.reading import find_offences
from apps.reconciliation.services.fuses import check_fuses
from apps.reconciliation.services.run import FREEZES, reconcile
from tradecore import db, freezes, memo

#: The drill looks at its books so long after they were lived: what waits has waited too long by then.
LOOKS_AFTER: Final = timedelta(minutes=5)

#: As they are shipped, whatever is set here.
LIMITS: Final = Limits(refund_times=10, payout_times=5, late_money_bp=2000, late_money_count=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One invariant, broken once. `others` are those that fired beside it, and should not have.

    `is_contained` is None where there is nothing to freeze. `took_ms` is how long the run that found it took.
    """

    name: str
    title: str
    row_ref: int
    suite: str
    is_found: bool
    is_named: bool
    is_contained: bool | None
    others: tuple[str, ...]
    took_ms: float

    @property
    def is_right(self) -> bool:
        """Exactly that was found, named and contained."""
        return self.is_found and self.is_named and self.is_contained is not False and not self.others


def look_at_health(life: Life) -> list[Offence]:
    """What every suite and every fuse finds in books that nobody has touched: nothing, if all is well."""
    assert_scratch()
    real_now = life.world.now + LOOKS_AFTER
    with db.rehearsal():
        found = [offence for suite in Suite for offence in reconcile(suite=suite, real_now=real_now).offences]
        return [*found, *check_fuses(real_now=real_now, limits=LIMITS)]


def try_all(life: Life, *, names: Iterable[str] | None = None) -> Iterator[Trial]:
    """Break every invariant, and blow every fuse, one after the other; or those that are named."""
    for name in names or (*INVARIANTS, *FUSES):
        yield try_one(life, name)


def try_one(life: Life, name: str) -> Trial:
    """Break one, look, and undo it."""
    assert_scratch()
    tampering, real_now = TAMPERINGS[name], life.world.now + LOOKS_AFTER
    try:
        with db.rehearsal():
            memo.forget_everything()
            with behind_the_walls():
                row_ref = tampering.do(life)
            everything = find_offences(INVARIANTS.values(), suite=Suite.ALL, real_now=real_now)
            began = perf_counter()
            found = _look(name, real_now=real_now)
            took_ms = (perf_counter() - began) * 1000
            fired = {offence.invariant for offence in [*everything, *found]}
            return Trial(
                name=name,
                title=_title(name),
                row_ref=row_ref,
                suite=_suite(name),
                is_found=any(offence.invariant == name for offence in found),
                is_named=any((offence.invariant, offence.ref) == (name, row_ref) for offence in found),
                is_contained=_is_contained(name, found),
                others=tuple(sorted(fired - tampering.also - {name})),
                took_ms=took_ms,
            )
    finally:
        life.world.provider.tells_also.clear()
        memo.forget_everything()


def _look(name: str, *, real_now: datetime) -> list[Offence]:
    """By the run whose turn is next: near-line where that sees it, else that of everything; or the fuses."""
    if name in FUSES:
        return check_fuses(real_now=real_now, limits=LIMITS)
    suite = Suite.RECENT if INVARIANTS[name].is_for_recent else Suite.ALL
    return list(reconcile(suite=suite, real_now=real_now).offences)


def _suite(name: str) -> str:
    if name in FUSES:
        return "fuse"
    return Suite.RECENT.value if INVARIANTS[name].is_for_recent else Suite.ALL.value


def _title(name: str) -> str:
    return FUSES[name].title if name in FUSES else INVARIANTS[name].title


def _is_contained(name: str, found: Iterable[Offence]) -> bool | None:
    """Whether what the broken row is about is frozen, as it is committed."""
    if name in FUSES:
        return freezes.EVERYBODY in freezes.read_frozen(kind=FUSES[name].freezes)
    kind = FREEZES.get(INVARIANTS[name].contains)
    if kind is None:
        return None
    subjects = {offence.subject for offence in found if offence.invariant == name and offence.subject is not None}
    return bool(subjects) and subjects <= freezes.read_frozen(kind=kind)
