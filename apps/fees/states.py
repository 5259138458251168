"""Which status of a plan's version may follow which."""

from apps.fees.contracts import PlanStatus
from tradecore.states import TransitionTable

PLAN = TransitionTable(
    name="fee plan",
    initial=PlanStatus.DRAFT,
    edges={PlanStatus.DRAFT: frozenset({PlanStatus.PUBLISHED}), PlanStatus.PUBLISHED: frozenset()},
)
