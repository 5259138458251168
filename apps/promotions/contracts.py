"""What crosses the door of promotions. Amounts (`_minor`) are minor units of the promotion's currency."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.pricing.api import Benefit


class PromotionKind(StrEnum):
    """What sort of promotion it is. What a kind may look like stands in `kinds.py`."""

    FIXED_PRICE = "FIXED_PRICE"
    DIRECT_DISCOUNT = "DIRECT_DISCOUNT"
    SELLER_COUPON = "SELLER_COUPON"
    PLATFORM_COUPON = "PLATFORM_COUPON"
    SHIPPING_DISCOUNT = "SHIPPING_DISCOUNT"


class PromotionState(StrEnum):
    """What somebody decided about a promotion. See states.PROMOTION."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    DEACTIVATED = "DEACTIVATED"


class PromotionStatus(StrEnum):
    """How a promotion stands at a moment: its state, and where the moment lies in its window. Never stored."""

    DRAFT = "DRAFT"
    NOT_START = "NOT_START"
    ONGOING = "ONGOING"
    EXPIRED = "EXPIRED"
    DEACTIVATED = "DEACTIVATED"


class HoldStatus(StrEnum):
    """What became of a hold. See states.HOLD."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class TargetKind(StrEnum):
    """What a target names; ALL is every line of a market, and names nothing."""

    ALL = "ALL"
    SHOP = "SHOP"
    CATEGORY = "CATEGORY"
    PRODUCT = "PRODUCT"
    SKU = "SKU"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that a promotion is about; `id` is 0 for ALL."""

    kind: TargetKind
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a promotion is. It never changes: another offer is another promotion.

    `shop_id` None is the platform's. A line is in scope when any target names it, and of a shop's promotion only that
    shop's lines are. `platform_share_bp` of the discount is funded by the platform, the rest by the seller. It applies
    from `starts_at` until just before `ends_at`.

    `uses_cap` and `uses_per_buyer_cap` count pieces for an item price and purchases for everything else; `budget_minor`
    is what may be given in all, by both funders together. None is without limit.
    """

    kind: PromotionKind
    shop_id: int | None
    market: str
    currency: str
    title: str
    benefit: Benefit
    targets: tuple[Target, ...]
    starts_at: datetime
    ends_at: datetime
    platform_share_bp: int
    code: str | None = None
    min_spend_minor: int = 0
    uses_cap: int | None = None
    uses_per_buyer_cap: int | None = None
    budget_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A promotion as it stands. Uses and amounts are counted only where a cap in total bounds them, and else are 0."""

    id: int
    terms: Terms
    state: PromotionState
    status: PromotionStatus
    held_uses: int
    posted_uses: int
    held_minor: int
    posted_minor: int


@dataclass(frozen=True, slots=True)
class PromotionUse:
    """What one owner takes of a promotion: `units` are pieces for an item price, else 1."""

    promotion_id: int
    units: int
    amount_minor: int

    def __post_init__(self) -> None:
        if self.units < 1 or self.amount_minor < 0:
            raise ValueError(f"{self.units} uses worth {self.amount_minor} are no use")


@dataclass(frozen=True, slots=True)
class HeldUse:
    """What one owner took of a promotion, and what of it came back after that."""

    promotion_id: int
    title: str
    units: int
    amount_minor: int
    given_back_units: int
    given_back_minor: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The promotions of one owner. Buyer, deadline and uses are empty where a void came before its hold."""

    owner_ref: int
    buyer_ref: int | None
    status: HoldStatus
    expires_at: datetime | None
    resolved_at: datetime | None
    uses: tuple[HeldUse, ...]
