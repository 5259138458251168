"""What after-sales refuse. What is asked of orders, payments and inventory is refused by them."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal
from tradecore.money import Money


@dataclass
class CaseInvalid(Refusal):
    """A field of the request holds what it may not; `reason` says what is wrong with it."""

    code = "aftersales.case_invalid"
    kind = Kind.RULE
    title = "A field of the request holds what it may not."

    field: str
    reason: str


@dataclass
class NotEligible(Refusal):
    """Such a case cannot be opened about the order now; `why` says why not.

    not_shipped, not_delivered, window_over, completed, cancelled, disputed: as the order stands.
    """

    code = "aftersales.not_eligible"
    kind = Kind.CONFLICT
    title = "That cannot be asked for now."

    order_status: str
    why: str


@dataclass
class ReasonNotAllowed(Refusal):
    """Whoever asks may not give this reason, for this kind of case, in this market, where the order stands."""

    code = "aftersales.reason_not_allowed"
    kind = Kind.RULE
    title = "This reason cannot be given here."

    reason: str
    allowed: tuple[str, ...]


@dataclass
class EvidenceMissing(Refusal):
    """The reason, or the act, needs something to show for it."""

    code = "aftersales.evidence_missing"
    kind = Kind.RULE
    title = "This has to be shown: add a text or images."

    reason: str


@dataclass
class EvidenceInvalid(Refusal):
    """Evidence is at most so much text and so many images, by https addresses or keys of a store."""

    code = "aftersales.evidence_invalid"
    kind = Kind.RULE
    title = "This cannot be kept as evidence."

    reason: str


@dataclass
class EvidenceFull(Refusal):
    """So much evidence was given that no more is taken."""

    code = "aftersales.evidence_full"
    kind = Kind.CONFLICT
    title = "No more evidence is taken for this case."

    limit: int


@dataclass
class UnitsNotEligible(Refusal):
    """So many units of the line cannot be asked about: they went back, stand in another open case, or never came."""

    code = "aftersales.units_not_eligible"
    kind = Kind.CONFLICT
    title = "So many units of this line cannot be asked about now."

    line_id: int
    available: int


@dataclass
class TooManyRequests(Refusal):
    """The buyer has opened as many cases about this SKU of the order as they may."""

    code = "aftersales.too_many_requests"
    kind = Kind.CONFLICT
    title = "No more cases can be opened about this."

    sku_id: int
    limit: int


@dataclass
class TooManyEdits(Refusal):
    """The buyer has changed the request as often as they may."""

    code = "aftersales.too_many_edits"
    kind = Kind.CONFLICT
    title = "This request cannot be changed any more."

    limit: int


@dataclass
class TooManyOffers(Refusal):
    """The seller has offered as often as they may: they approve or reject."""

    code = "aftersales.too_many_offers"
    kind = Kind.CONFLICT
    title = "No more offers can be made. Approve or reject it."

    limit: int


@dataclass
class OfferNotPossible(Refusal):
    """An offer is more than nothing, and at most what is left of the units that the case is about."""

    code = "aftersales.offer_not_possible"
    kind = Kind.RULE
    title = "An offer is more than nothing and at most what was paid for these units."

    most: Money
    offered: Money


@dataclass
class CaseNotWaiting(Refusal):
    """The case does not wait for this: somebody has acted already, or it is of another kind."""

    code = "aftersales.case_not_waiting"
    kind = Kind.CONFLICT
    title = "The case does not wait for this now."

    case_state: str
    next_actor: str
    next_action: str | None


@dataclass
class CaseVersionStale(Refusal):
    """Somebody has acted on the case since it was read."""

    code = "aftersales.case_version_stale"
    kind = Kind.STALE
    title = "The case has changed since. Read it again."

    version: int


@dataclass
class ExchangeNotPossible(Refusal):
    """An exchange is for other SKUs of the same products."""

    code = "aftersales.exchange_not_possible"
    kind = Kind.RULE
    title = "It can be exchanged for another SKU of the same product."

    line_id: int


@dataclass
class ReplacementGone(Refusal):
    """What was set aside to replace the goods is not any more: give the money back instead."""

    code = "aftersales.replacement_gone"
    kind = Kind.CONFLICT
    title = "The goods that were set aside are gone. Give the money back instead."


@dataclass
class TooManyUnitsFound(Refusal):
    """More came back of a line than the case is about."""

    code = "aftersales.too_many_units_found"
    kind = Kind.RULE
    title = "More units were counted than the case is about."

    line_id: int
    expected: int


@dataclass
class RefundChanged(Refusal):
    """More would go back than the second person has read. It has to be asked for anew."""

    code = "aftersales.refund_changed"
    kind = Kind.CONFLICT
    title = "More would go back than was agreed on. Ask for it anew."

    agreed: Money
    refund: Money
