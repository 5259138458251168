"""What follows from what carriers say: pure functions, whatever the order in which they say it.

# Note [Tracking]
Carriers repeat themselves and deliver their events in any order, so the last word is not the truth. A package is where
the furthest of its events says: by the rank of its status, and within a rank by the carrier's clock. That clock decides
nothing else: every deadline runs from the moment when we were told, so that a wrong date costs nobody a day.

A status without a rank (a label was printed, customs want a paper) is kept for people to read and moves nothing.

An end is an end. The one that is reported first is believed, because goods and money move on it: another one later is
kept and flagged, nothing moves back by itself, and a person decides. The same holds for a package that was withdrawn
and that a carrier turns out to have. So any order of events gives the same state unless they contradict each other.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from apps.fulfilment.contracts import PackageState, TrackingEntry, TrackingStatus

#: How far along each status is. Those of one rank may follow each other back and forth.
RANKS: Final[Mapping[TrackingStatus, int]] = {
    TrackingStatus.COLLECTED: 1,
    TrackingStatus.IN_TRANSIT: 2,
    TrackingStatus.OUT_FOR_DELIVERY: 3,
    TrackingStatus.ATTEMPT_FAILED: 3,
    TrackingStatus.AVAILABLE_FOR_PICKUP: 3,
    TrackingStatus.REFUSED: 4,
    TrackingStatus.LOST: 4,
    TrackingStatus.DELIVERED: 4,
}

ENDS: Final = frozenset({TrackingStatus.DELIVERED, TrackingStatus.REFUSED, TrackingStatus.LOST})

#: The carrier has nothing to say: no sign that the parcel still exists.
_SILENCE: Final = frozenset({TrackingStatus.PENDING, TrackingStatus.EXPIRED})


def find_furthest(entries: Iterable[TrackingEntry]) -> TrackingStatus | None:
    """How far a package has come, by all that its carrier has said of it; None while no carrier has it.

    Two events of one rank and one moment are told apart by their word: arbitrary, and always the same.
    """
    ranked = (entry for entry in entries if entry.status in RANKS)
    furthest = max(ranked, key=lambda entry: (RANKS[entry.status], entry.occurred_at, entry.status), default=None)
    return None if furthest is None else furthest.status


def is_sign_of_life(status: TrackingStatus) -> bool:
    """Whether a parcel is not lost as long as its carrier says such things."""
    return status not in _SILENCE


def contradicts(end: PackageState, status: TrackingStatus) -> bool:
    """Whether what a carrier says cannot be true of a package that has ended so."""
    if end is PackageState.WITHDRAWN:
        return status in RANKS
    return status in ENDS and status.value != end.value
