"""What payments refuse."""

from dataclasses import dataclass
from datetime import datetime

from tradecore.errors import Kind, Refusal
from tradecore.money import Money


@dataclass
class ProviderUnknown(Refusal):
    """No provider of this name takes payments here."""

    code = "payments.provider_unknown"
    kind = Kind.RULE
    title = "There is no such payment provider."

    provider: str


@dataclass
class TendersDoNotAddUp(Refusal):
    """The tenders are not worth what is to be paid."""

    code = "payments.tenders_do_not_add_up"
    kind = Kind.RULE
    title = "The tenders do not add up to the amount to be paid."

    expected: Money
    offered: Money


@dataclass
class PaymentClosed(Refusal):
    """Nothing may be asked for any more: it is paid, or its time is over."""

    code = "payments.closed"
    kind = Kind.CONFLICT
    title = "This payment is closed."

    payment_status: str


@dataclass
class PaymentInProgress(Refusal):
    """An earlier attempt has not been answered yet; paying again might pay twice."""

    code = "payments.in_progress"
    kind = Kind.CONFLICT
    title = "The provider has not answered the last attempt yet."

    retry_after: int = 5


@dataclass
class RefundExceedsCapture(Refusal):
    """More would go back than was captured for the order and has not gone back yet."""

    code = "payments.refund_exceeds_capture"
    kind = Kind.RULE
    title = "The refund is more than what is left of the payment."

    refundable: Money
    asked: Money


@dataclass
class MethodTokenRefused(Refusal):
    """The token looks like a card number. Card numbers are accepted nowhere."""

    code = "payments.card_number_refused"
    kind = Kind.RULE
    title = "Card numbers are not accepted here: send the token of the provider."


@dataclass
class RefundNotFailed(Refusal):
    """Only what the provider has refused is asked for again."""

    code = "payments.refund_not_failed"
    kind = Kind.CONFLICT
    title = "This refund has not failed."

    refund_status: str


@dataclass
class TenderNotSuspect(Refusal):
    """Only what contradicted itself is settled by a person."""

    code = "payments.tender_not_suspect"
    kind = Kind.CONFLICT
    title = "This tender is not suspect."

    tender_status: str


@dataclass
class NothingToAccept(Refusal):
    """The provider has never said that it captured anything for this tender, in the currency of its payment."""

    code = "payments.nothing_to_accept"
    kind = Kind.CONFLICT
    title = "The provider has not said that it took anything that could go back from here."


@dataclass
class DisputeDecided(Refusal):
    """The dispute is over; there is nobody left to answer."""

    code = "payments.dispute_decided"
    kind = Kind.CONFLICT
    title = "This dispute has been decided."

    dispute_status: str


@dataclass
class DisputeAnswered(Refusal):
    """An answer is with the provider already, or on its way to it. There is one only."""

    code = "payments.dispute_answered"
    kind = Kind.CONFLICT
    title = "This dispute has been answered."


@dataclass
class EvidenceTooLate(Refusal):
    """The network listens no more."""

    code = "payments.evidence_too_late"
    kind = Kind.CONFLICT
    title = "The time for evidence is over."

    evidence_by: datetime


@dataclass
class EvidenceUnacceptable(Refusal):
    """There is no evidence in it, there is too much (`too_long`), or there is a card number in it (`card_number`)."""

    code = "payments.evidence_unacceptable"
    kind = Kind.RULE
    title = "This cannot be sent as evidence."

    reason: str
