"""The one way in which counters of promotions and of buyers change: by conditional UPDATE, in the order of their keys.

change       held  posted     so that
HELD          +1              promised to an owner
VOIDED        -1              the promise is taken back, or has expired
POSTED        -1     +1       paid for
GIVEN_BACK           -1       came back after it was paid for
"""

from enum import Enum

from django.db.models import F, Q

from apps.promotions import models
from apps.promotions.errors import CountersDrifted
from tradecore import locks
from tradecore.locks import Rank


class Change(Enum):
    """What one use, or one minor unit, does to the counters of its promotion: (held, posted)."""

    HELD = (+1, 0)
    VOIDED = (-1, 0)
    POSTED = (-1, +1)
    GIVEN_BACK = (0, -1)


def lock_hold_key(owner_ref: int) -> None:
    """Note the lock of an owner's hold, which comes before all promotions: see Note [Taking turns]."""
    locks.note_lock(Rank.PROMOTION, 0, owner_ref)


def try_count(change: Change, *, promotion_id: int, units: int, amount_minor: int, condition: Q | None = None) -> bool:
    """Change the counters of one promotion; False, and nothing changed, if one would become negative."""
    deltas = _deltas(change, units=units, amount_minor=amount_minor)
    enough = {f"{counter}__gte": -delta for counter, delta in deltas.items() if delta < 0}
    locks.note_lock(Rank.PROMOTION, promotion_id)
    promotion = models.Promotion.objects.filter(condition or Q(), pk=promotion_id, **enough)
    return bool(promotion.update(**{counter: F(counter) + delta for counter, delta in deltas.items()}))


def count(change: Change, *, promotion_id: int, units: int, amount_minor: int) -> None:
    """Change the counters of one promotion by what its holds say. Raises CountersDrifted."""
    if not try_count(change, promotion_id=promotion_id, units=units, amount_minor=amount_minor):
        raise CountersDrifted(promotion_id)


def try_count_for_buyer(*, promotion_id: int, buyer_ref: int, units: int) -> bool:
    """Add uses of one buyer, or take them away; False, and nothing changed, beyond the cap or below nothing."""
    locks.note_lock(Rank.PROMOTION_USE, promotion_id, buyer_ref)
    usage = models.BuyerUsage.objects.filter(
        promotion_id=promotion_id, buyer_ref=buyer_ref, uses__gte=-units, uses__lte=F("cap") - units
    )
    return bool(usage.update(uses=F("uses") + units))


def count_back_for_buyer(*, promotion_id: int, buyer_ref: int, units: int) -> None:
    """Give uses back to one buyer. Raises CountersDrifted."""
    if not try_count_for_buyer(promotion_id=promotion_id, buyer_ref=buyer_ref, units=-units):
        raise CountersDrifted(promotion_id)


def _deltas(change: Change, *, units: int, amount_minor: int) -> dict[str, int]:
    held, posted = change.value
    deltas = {
        "held_uses": held * units,
        "held_minor": held * amount_minor,
        "posted_uses": posted * units,
        "posted_minor": posted * amount_minor,
    }
    return {counter: delta for counter, delta in deltas.items() if delta}
