"""Which state may follow which. The docs render these tables."""

from apps.promotions.contracts import HoldStatus, PromotionState
from tradecore.states import TransitionTable

#: What somebody decided. Whether a published promotion applies is a question of time: see `standing.status_at`.
PROMOTION = TransitionTable(
    name="promotion",
    initial=PromotionState.DRAFT,
    edges={
        PromotionState.DRAFT: frozenset({PromotionState.PUBLISHED, PromotionState.DEACTIVATED}),
        PromotionState.PUBLISHED: frozenset({PromotionState.DEACTIVATED}),
        PromotionState.DEACTIVATED: frozenset(),
    },
)

#: A hold resolves once. What comes back of a posted one is counted beside it, and the hold stays posted.
HOLD = TransitionTable(
    name="promotion hold",
    initial=HoldStatus.PENDING,
    edges={
        HoldStatus.PENDING: frozenset({HoldStatus.POSTED, HoldStatus.VOIDED, HoldStatus.EXPIRED}),
        HoldStatus.POSTED: frozenset(),
        HoldStatus.VOIDED: frozenset(),
        HoldStatus.EXPIRED: frozenset(),
    },
)
