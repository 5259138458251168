"""Which status of a plan's version may follow which."""

from apps.fees.contracts import PlanStatus
from tradecore.states import TransitionTable

# A draft goes into review when somebody asks for its publication, and a second person publishes or rejects it. What was
# rejected may be asked for again, as it is; so may what nobody has decided in time, which stays in review. Only a first
# version that is shipped, or that a new marketplace is given as a file, is published without a review.
PLAN = TransitionTable(
    name="fee plan",
    initial=PlanStatus.DRAFT,
    edges={
        PlanStatus.DRAFT: frozenset({PlanStatus.IN_REVIEW, PlanStatus.PUBLISHED}),
        PlanStatus.IN_REVIEW: frozenset({PlanStatus.PUBLISHED, PlanStatus.REJECTED}),
        PlanStatus.REJECTED: frozenset({PlanStatus.IN_REVIEW}),
        PlanStatus.PUBLISHED: frozenset(),
    },
)
