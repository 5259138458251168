"""The public door of fees."""

from apps.fees.contracts import FeeBasis, FeePlan, FeePlanDraft, FeeRefundPolicy, FeeRule
from apps.fees.errors import FeePlanBeginsTooEarly, FeePlanInvalid, FeePlanSuperseded, UnknownFeePlan
from apps.fees.selectors import get_plan, list_plans
from apps.fees.services import draft_plan, load_standard_fee_plans, publish_plan

__all__ = [
    "FeeBasis",
    "FeePlan",
    "FeePlanBeginsTooEarly",
    "FeePlanDraft",
    "FeePlanInvalid",
    "FeePlanSuperseded",
    "FeeRefundPolicy",
    "FeeRule",
    "UnknownFeePlan",
    "draft_plan",
    "get_plan",
    "list_plans",
    "load_standard_fee_plans",
    "publish_plan",
]
