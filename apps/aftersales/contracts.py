"""What crosses the door of after-sales."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.orders.api import LineUnits, RefundQuote
from apps.pricing.api import RefundCause
from tradecore.money import Money

COMMENT_LENGTH_MAX = 1000
IMAGES_MAX = 9
IMAGE_LENGTH_MAX = 500
EVIDENCE_MAX = 20
"""So many times may evidence be added to one case, by everybody together."""

REQUESTS_MAX = 5
"""So many cases may a buyer open about one SKU of an order."""

EDITS_MAX = 2
OFFERS_MAX = 3


class CaseKind(StrEnum):
    """What is asked for. The goods of a REFUSED_PARCEL come back by themselves; its money went back already."""

    REFUND_ONLY = "REFUND_ONLY"
    RETURN_AND_REFUND = "RETURN_AND_REFUND"
    REPLACEMENT = "REPLACEMENT"
    EXCHANGE = "EXCHANGE"
    REFUSED_PARCEL = "REFUSED_PARCEL"


class CaseState(StrEnum):
    """Where a case stands. See states.CASE."""

    REQUEST_PENDING = "REQUEST_PENDING"
    AWAITING_BUYER_RESPONSE = "AWAITING_BUYER_RESPONSE"
    AWAITING_BUYER_SHIP = "AWAITING_BUYER_SHIP"
    BUYER_SHIPPED_ITEM = "BUYER_SHIPPED_ITEM"
    REJECTED = "REJECTED"
    RECEIVE_REJECTED = "RECEIVE_REJECTED"
    IN_ARBITRATION = "IN_ARBITRATION"
    SUCCESS = "SUCCESS"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"


class Actor(StrEnum):
    """Who acts, or has to. NOBODY has to when a case is over; SYSTEM is the clock, and whatever a carrier says."""

    BUYER = "buyer"
    SELLER = "seller"
    PLATFORM = "platform"
    OPERATOR = "operator"
    SYSTEM = "system"
    NOBODY = "nobody"


class Act(StrEnum):
    """What a case waits for. Who owes it, by which clock, and what happens otherwise stands in `duties.py`."""

    REVIEW = "review"
    ANSWER_OFFER = "answer_offer"
    SHIP_BACK = "ship_back"
    INSPECT = "inspect"
    COUNT_IN = "count_in"
    ESCALATE = "escalate"
    ARBITRATE = "arbitrate"
    SHIP_REPLACEMENT = "ship_replacement"
    CONFIRM_REPLACEMENT = "confirm_replacement"
    SEND_MONEY = "send_money"


class Default(StrEnum):
    """What happens when nobody acts in time."""

    APPROVE = "approve"
    REFUSE_OFFER = "refuse_offer"
    CLOSE = "close"
    ACCEPT_RETURN = "accept_return"
    SUPPORT_BUYER = "support_buyer"
    REFUND = "refund"
    COMPLETE = "complete"
    ALARM = "alarm"


class Verdict(StrEnum):
    """How the platform decides."""

    SUPPORT_BUYER = "SUPPORT_BUYER"
    SUPPORT_SELLER = "SUPPORT_SELLER"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """Who must act next, until when, and what happens where they do not. Of a case that is over: nobody, nothing."""

    actor: Actor
    action: Act | None
    due_at: datetime | None
    default: Default | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What somebody has to show: a text, and images as https addresses or as keys of a store. No file is kept here."""

    text: str = ""
    images: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not self.images


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """Evidence as it was given, and by whom."""

    by: Actor
    text: str
    images: tuple[str, ...]
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequest:
    """What a buyer asks for: so many units of some lines of an order, and why.

    `exchange_for` names, by line, the SKU that is wanted instead.
    """

    order_id: int
    kind: CaseKind
    units: tuple[LineUnits, ...]
    reason: str
    comment: str = ""
    evidence: Evidence = Evidence()
    exchange_for: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLineView:
    """Units of one order line that a case is about, and what of them was found when they came back.

    `wanted_sku_id` is the SKU that takes their place, in a replacement or an exchange.
    """

    line_id: int
    sku_id: int
    quantity: int
    wanted_sku_id: int | None
    good: int
    damaged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStepView:
    """One step of a case: who did what, why, and where the case stood after it."""

    actor: Actor
    act: str
    reason: str
    comment: str
    state: CaseState
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel by its carrier's name of it."""

    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case as it stands, with its history.

    `offered` is what the seller offers instead, `agreed` what was agreed on then; `refund` is what went back. Parcels
    are named by carrier and number: `returned_by` on its way to the seller, `replaced_by` to the buyer. `is_open`:
    its units stand in no other case, and a hold is on the order.
    """

    id: int
    number: str
    order_id: int
    purchase_id: int
    shop_id: int
    buyer_ref: int
    market: str
    kind: CaseKind
    reason: str
    cause: RefundCause
    initiator: Actor
    state: CaseState
    version: int
    is_open: bool
    next_action: NextAction
    lines: tuple[CaseLineView, ...]
    offered: Money | None
    agreed: Money | None
    refund: Money | None
    returned_by: Parcel | None
    replaced_by: Parcel | None
    verdict: Verdict | None
    platform_pays: bool
    opened_at: datetime
    closed_at: datetime | None
    steps: tuple[CaseStepView, ...]
    evidence: tuple[EvidenceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """A case as lists show it."""

    id: int
    number: str
    order_id: int
    shop_id: int
    kind: CaseKind
    reason: str
    state: CaseState
    next_action: NextAction
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """A reason that may be given now."""

    code: str
    title: str
    needs_evidence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEligibility:
    """Whether a kind of case may be opened about a line now, for how many units, for which reasons; or why not."""

    kind: CaseKind
    units: int
    why_not: str | None
    reasons: tuple[ReasonView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEligibility:
    """What may be asked for about one line."""

    line_id: int
    sku_id: int
    kinds: tuple[KindEligibility, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """What the buyer of an order may ask for now, line by line."""

    order_id: int
    order_status: str
    lines: tuple[LineEligibility, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuote:
    """What a case would bring if it were granted now. `return_paid_by` sends the goods back, where they are to be.

    Of a replacement it is what goes back instead if the goods cannot be had again.
    """

    kind: CaseKind
    cause: RefundCause
    refund: RefundQuote
    return_paid_by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefund:
    """What an operator gives back of an order: these units, or all that can be when None."""

    order_id: int
    units: tuple[LineUnits, ...] | None
