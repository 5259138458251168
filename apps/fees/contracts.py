"""What crosses the door of fees. Amounts (`_minor`) are minor units of the plan's currency."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FeeBasis(StrEnum):
    """What a fee is a share of, in the words of pricing. "Tax added" is tax on top of prices that do not include it."""

    GOODS = "GOODS"  # what the buyer pays for the goods
    GOODS_BEFORE_TAX = "GOODS_BEFORE_TAX"  # the same without the tax inside it
    GOODS_AND_PLATFORM_DISCOUNT = "GOODS_AND_PLATFORM_DISCOUNT"  # list price less what the seller takes off
    PAYMENT = "PAYMENT"  # goods, shipping and tax added
    PAYMENT_AND_PLATFORM_DISCOUNT = "PAYMENT_AND_PLATFORM_DISCOUNT"  # and what the platform pays of the price


class FeeRefundPolicy(StrEnum):
    """What becomes of a fee when goods go back: all of it stays, its share goes back, or its share less a part."""

    KEEP = "KEEP"
    PRO_RATA = "PRO_RATA"
    PRO_RATA_MINUS_ADMIN = "PRO_RATA_MINUS_ADMIN"


class PlanStatus(StrEnum):
    """Where a version stands. Only what is published is ever in force."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRule:
    """One fee of a plan: `fixed + rate * basis`, at most `cap`, and tax on the fee itself.

    `kind` names the fee on a statement (`commission`). With a `category_id` the rule stands, for goods of exactly that
    category, in place of the plan's rule of the same kind without one. `admin_bp` is the part that PRO_RATA_MINUS_ADMIN
    keeps of what would go back, and 0 under the other policies.
    """

    kind: str
    basis: FeeBasis
    rate_bp: int
    category_id: int | None = None
    fixed_minor: int = 0
    cap_minor: int | None = None
    tax_rate_e5: int = 0
    refund_policy: FeeRefundPolicy = FeeRefundPolicy.PRO_RATA
    admin_bp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlan:
    """One version of a plan, once published in force from `valid_from` (UTC) until a later one begins.

    What is sold under it settles `settle_after_s` seconds after delivery; `reserve_bp` of what each order settles is
    kept back for `reserve_s` seconds more.
    """

    code: str
    version: int
    market: str
    currency: str
    valid_from: datetime
    settle_after_s: int
    reserve_bp: int = 0
    reserve_s: int = 0
    rules: tuple[FeeRule, ...]

    def rules_for(self, category_id: int | None) -> tuple[FeeRule, ...]:
        """The rules that goods of the category are sold under, one of each kind, by kind."""
        general = {rule.kind: rule for rule in self.rules if rule.category_id is None}
        own = {rule.kind: rule for rule in self.rules if rule.category_id == category_id}
        chosen = general | own
        return tuple(chosen[kind] for kind in sorted(chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion:
    """A version of a plan by its name, and where it stands."""

    code: str
    version: int
    market: str
    currency: str
    status: PlanStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlanDraft:
    """What the next version of a plan is to be. Its fields are those of FeePlan."""

    code: str
    market: str
    currency: str
    valid_from: datetime
    settle_after_s: int
    reserve_bp: int = 0
    reserve_s: int = 0
    rules: tuple[FeeRule, ...]
