"""What promotions refuses, and how it says that its own books are wrong."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class CouponCodeInvalid(Refusal):
    """No code can look like this: too short, too long, or with a character that codes do not have."""

    code = "promotions.coupon_code_invalid"
    kind = Kind.MALFORMED
    title = "Coupon codes are 3 to 30 ASCII letters, digits, dashes and underscores."


@dataclass
class UnknownCoupon(Refusal):
    """No coupon of the market has this code."""

    code = "promotions.unknown_coupon"
    kind = Kind.RULE
    title = "There is no coupon of this code."

    coupon_code: str


@dataclass
class PromotionNotActive(Refusal):
    """The promotion does not apply now: it has not begun, is over, was stopped, or is frozen while somebody looks."""

    code = "promotions.not_active"
    kind = Kind.CONFLICT
    title = "This promotion does not apply now."

    promotion_id: int


@dataclass
class PromotionExhausted(Refusal):
    """Fewer uses are left, for all buyers together, than are asked for."""

    code = "promotions.exhausted"
    kind = Kind.CONFLICT
    title = "This promotion has been used up."

    promotion_id: int


@dataclass
class BuyerLimitReached(Refusal):
    """Fewer uses are left for this buyer than are asked for."""

    code = "promotions.buyer_limit_reached"
    kind = Kind.CONFLICT
    title = "You have used this promotion as often as one buyer may."

    promotion_id: int


@dataclass
class BudgetExhausted(Refusal):
    """Less money is left than the discount is worth."""

    code = "promotions.budget_exhausted"
    kind = Kind.CONFLICT
    title = "The budget of this promotion is spent."

    promotion_id: int


@dataclass
class HoldRefused(Refusal):
    """The owner has had its hold: it stands, it was resolved, or it was voided before it came."""

    code = "promotions.hold_refused"
    kind = Kind.CONFLICT
    title = "Promotions cannot be held again for this purchase."

    owner_ref: int


@dataclass
class MoreThanUsed(Refusal):
    """More of a discount would come back than is left of it."""

    code = "promotions.more_than_used"
    kind = Kind.CONFLICT
    title = "This is more than what is left of the discount."

    promotion_id: int
    asked_minor: int
    left_minor: int


@dataclass
class PromotionInvalid(Refusal):
    """A term of the promotion is not what its kind may have; `reason` says what is wrong with it."""

    code = "promotions.invalid"
    kind = Kind.RULE
    title = "A promotion cannot have such terms."

    field: str
    reason: str


@dataclass
class CouponCodeTaken(Refusal):
    """The code belongs to another promotion of the market, whoever owns it and whatever became of it."""

    code = "promotions.coupon_code_taken"
    kind = Kind.CONFLICT
    title = "Another promotion of this market has the code."

    coupon_code: str


@dataclass
class TitleTaken(Refusal):
    """The owner has another promotion of this title."""

    code = "promotions.title_taken"
    kind = Kind.CONFLICT
    title = "Another promotion has this title."

    promotion_title: str


@dataclass
class StateNotAllowed(Refusal):
    """The state that is asked for may not follow the one that the promotion is in."""

    code = "promotions.state_not_allowed"
    kind = Kind.CONFLICT
    title = "The promotion cannot go from the state that it is in to this one."

    state: str
    wanted: str


class CountersDrifted(AssertionError):
    """The counters of a promotion do not cover what its holds say: somebody changed a row by hand."""

    def __init__(self, promotion_id: int) -> None:
        super().__init__(f"the counters of promotion {promotion_id} do not cover its holds")
