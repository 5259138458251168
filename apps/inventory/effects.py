"""The algebra of stock: what one piece of a movement does to the counters.

    kind       available  held  committed     so that
    ADJUSTED      +1                          found; with a negative quantity, missing
    HELD          -1       +1                 promised to an owner
    VOIDED        +1       -1                 the promise is taken back, or has expired
    POSTED                 -1      +1         paid for
    RELEASED      +1               -1         cancelled after it was paid for and before it left
    SHIPPED                        -1         left the house
    RETURNED      +1                          came back after it had left
    SHIFTED       +1                          came from another bucket of the stock; if negative, went there

The services change counters by this table and by nothing else, and the journal's CHECK is made from it, so that no row
can say that it is one thing and do another.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Final

from django.db.models import F, Q

from apps.inventory.contracts import MovementKind


@dataclass(frozen=True, slots=True)
class Effect:
    """What one piece does to each counter: -1, 0 or +1."""

    available: int = 0
    held: int = 0
    committed: int = 0

    def of(self, quantity: int) -> dict[str, int]:
        """What so many pieces do to each counter, those included that they leave alone."""
        return {counter: sign * quantity for counter, sign in asdict(self).items()}


EFFECTS: Final[Mapping[MovementKind, Effect]] = MappingProxyType(
    {
        MovementKind.ADJUSTED: Effect(available=+1),
        MovementKind.HELD: Effect(available=-1, held=+1),
        MovementKind.VOIDED: Effect(available=+1, held=-1),
        MovementKind.POSTED: Effect(held=-1, committed=+1),
        MovementKind.RELEASED: Effect(available=+1, committed=-1),
        MovementKind.SHIPPED: Effect(committed=-1),
        MovementKind.RETURNED: Effect(available=+1),
        MovementKind.SHIFTED: Effect(available=+1),
    }
)

#: Kinds that have either sign, and no hold line.
OF_NO_LINE: Final = (MovementKind.ADJUSTED, MovementKind.SHIFTED)


def journal_condition() -> Q:
    """The condition that each row of the journal meets: its deltas are those of some pieces of its kind."""
    return reduce(or_, (_condition_of(kind, effect) for kind, effect in EFFECTS.items()))


def _condition_of(kind: MovementKind, effect: Effect) -> Q:
    """All deltas follow from the first one that is not 0; only what concerns no hold line may have either sign."""
    signs = effect.of(1)
    first = next(counter for counter, sign in signs.items() if sign)
    others = {
        counter: F(first) if sign == signs[first] else -F(first) if sign else 0
        for counter, sign in signs.items()
        if counter != first
    }
    some_pieces = Q(**{f"{first}__gt" if signs[first] > 0 else f"{first}__lt": 0})
    if kind in OF_NO_LINE:
        some_pieces |= Q(**{f"{first}__lt": 0})
    return Q(some_pieces, kind=kind.value, **others)
