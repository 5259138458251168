"""The public door of promotions."""

from apps.promotions.codes import canonical_code
from apps.promotions.contracts import (
    HeldUse,
    Hold,
    HoldStatus,
    Promotion,
    PromotionKind,
    PromotionState,
    PromotionStatus,
    PromotionUse,
    Target,
    TargetKind,
    Terms,
)
from apps.promotions.errors import (
    BudgetExhausted,
    BuyerLimitReached,
    CountersDrifted,
    CouponCodeInvalid,
    CouponCodeTaken,
    HoldRefused,
    MoreThanUsed,
    PromotionExhausted,
    PromotionInvalid,
    PromotionNotActive,
    StateNotAllowed,
    TitleTaken,
    UnknownCoupon,
)
from apps.promotions.rules import list_rules
from apps.promotions.selectors import (
    PUBLISH_UNBOUNDED,
    find_hold,
    find_publication_request,
    get_coupon,
    get_promotion,
    list_overdue_holds,
)
from apps.promotions.services.give_back import give_back
from apps.promotions.services.hold import hold
from apps.promotions.services.promotions import (
    carry_out_publication,
    create_promotion,
    deactivate_promotion,
    publish_promotion,
)
from apps.promotions.services.resolve import expire_holds, extend, post, void
from apps.promotions.trace import trace_order

__all__ = [
    "PUBLISH_UNBOUNDED",
    "BudgetExhausted",
    "BuyerLimitReached",
    "CountersDrifted",
    "CouponCodeInvalid",
    "CouponCodeTaken",
    "HeldUse",
    "Hold",
    "HoldRefused",
    "HoldStatus",
    "MoreThanUsed",
    "Promotion",
    "PromotionExhausted",
    "PromotionInvalid",
    "PromotionKind",
    "PromotionNotActive",
    "PromotionState",
    "PromotionStatus",
    "PromotionUse",
    "StateNotAllowed",
    "Target",
    "TargetKind",
    "Terms",
    "TitleTaken",
    "UnknownCoupon",
    "canonical_code",
    "carry_out_publication",
    "create_promotion",
    "deactivate_promotion",
    "expire_holds",
    "extend",
    "find_hold",
    "find_publication_request",
    "get_coupon",
    "get_promotion",
    "give_back",
    "hold",
    "list_overdue_holds",
    "list_rules",
    "post",
    "publish_promotion",
    "trace_order",
    "void",
]
