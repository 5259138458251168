"""The public door of fees."""

from apps.fees.contracts import (
    FeeBasis,
    FeePlan,
    FeePlanDraft,
    FeeRefundPolicy,
    FeeRule,
    PlanStatus,
    PlanVersion,
)
from apps.fees.drafts import read_draft
from apps.fees.errors import (
    FeePlanBeginsTooEarly,
    FeePlanExists,
    FeePlanInReview,
    FeePlanInvalid,
    FeePlanSuperseded,
    UnknownFeePlan,
)
from apps.fees.selectors import get_plan, get_version, list_plans, list_versions
from apps.fees.services import (
    PUBLICATION,
    carry_out_publication,
    draft_plan,
    load_standard_fee_plans,
    note_rejection,
    publish_first_version,
    request_publication,
)

__all__ = [
    "PUBLICATION",
    "FeeBasis",
    "FeePlan",
    "FeePlanBeginsTooEarly",
    "FeePlanDraft",
    "FeePlanExists",
    "FeePlanInReview",
    "FeePlanInvalid",
    "FeePlanSuperseded",
    "FeeRefundPolicy",
    "FeeRule",
    "PlanStatus",
    "PlanVersion",
    "UnknownFeePlan",
    "carry_out_publication",
    "draft_plan",
    "get_plan",
    "get_version",
    "list_plans",
    "list_versions",
    "load_standard_fee_plans",
    "note_rejection",
    "publish_first_version",
    "read_draft",
    "request_publication",
]
