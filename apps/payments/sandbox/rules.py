"""What the provider decides of a call that it has not had before. Pure: the book tells it all that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from apps.payments.provider import Call, Operation
from apps.payments.sandbox.entries import FIRST_OPERATIONS, OPEN, REFUSAL, SUCCESS, Dispute, Entry, Standing
from apps.payments.sandbox.tokens import INSTALMENTS_MAX, TOKENS, Reaction, treatment_of
from tradecore.money import BASIS_POINTS, Money, apply_rate, exponent_of

#: The payment that a void is about, while there is something to give up.
GIVES_UP: Final = OPEN | {Standing.AUTHORISED}

_DECIMALS_OF_FIXED_PART: Final = 2


@dataclass(frozen=True, slots=True)
class Payment:
    """What the book knows of one payment: the call it is known by, if that has come, and what later calls made of it.

    Minor units of its currency. `claimed_minor` is refunded or about to be; `disputed_minor` is with the buyers' banks.
    `dispute` is the chargeback that the call answers, if there is such a one; `is_late`, that its time is over.
    """

    first: Entry | None
    is_voided: bool
    captured_minor: int
    claimed_minor: int
    disputed_minor: int = 0
    dispute: Dispute | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class FeeRule:
    """What the provider keeps of each charge: a rate of it, and a fixed part in currencies of two decimals.

    Refunds and chargebacks cost nothing, and bring none of it back.
    """

    rate_bp: int = 150
    fixed_minor: int = 20

    def fee_of(self, charged: Money) -> Money:
        """The fee of one charge; half a minor unit is rounded up."""
        fixed_minor = self.fixed_minor if exponent_of(charged.currency) == _DECIMALS_OF_FIXED_PART else 0
        return Money(apply_rate(charged.minor, self.rate_bp, BASIS_POINTS) + fixed_minor, charged.currency)


STANDARD_FEES: Final = FeeRule()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a call stands from now on, and the code of its refusal."""

    standing: Standing
    code: str = ""


def judge(call: Call, payment: Payment) -> Verdict:
    """Decide a new call: first by the rules of money, then by its token."""
    code = _OBJECTIONS[call.operation](call, payment)
    if code is not None:
        return Verdict(REFUSAL[call.operation], code)
    treatment = treatment_of(call.operation, call.method_token)
    match treatment.reaction:
        case Reaction.REFUSE:
            return Verdict(REFUSAL[call.operation], treatment.code)
        case Reaction.ASK_BUYER:
            return Verdict(Standing.REQUIRES_ACTION)
        case Reaction.WAIT:
            return Verdict(Standing.PENDING)
        case Reaction.NOT_KNOW:
            return Verdict(Standing.UNKNOWN)
    return Verdict(SUCCESS[call.operation])


def judge_completion(call: Call, *, succeeds: bool) -> Verdict:
    """Decide a call that waited."""
    if succeeds:
        return Verdict(SUCCESS[call.operation])
    return Verdict(REFUSAL[call.operation], treatment_of(call.operation, call.method_token).code)


def _object_to_first(call: Call, payment: Payment) -> str | None:
    token = TOKENS.get(call.method_token)
    if payment.is_voided:
        return "voided"
    if call.amount.minor <= 0:
        return "amount_invalid"
    if not 1 <= call.instalments <= INSTALMENTS_MAX:
        return "instalments_unsupported"
    if token is None:
        return "token_unknown"
    if call.method not in token.methods:
        return "method_unsupported"
    return None


def _object_to_capture(call: Call, payment: Payment) -> str | None:
    first = payment.first
    if first is None or first.call.operation not in FIRST_OPERATIONS:
        return "payment_unknown"
    if payment.is_voided:
        return "voided"
    if first.standing is not Standing.AUTHORISED:
        return "not_authorised"
    if call.amount.currency != first.call.amount.currency:
        return "currency_differs"
    if not 0 < call.amount.minor <= first.call.amount.minor - payment.captured_minor:
        return "capture_exceeds_authorisation"
    return None


def _object_to_void(call: Call, payment: Payment) -> str | None:
    """A payment that has not come yet may be voided: its charge is then declined when it comes."""
    first = payment.first
    if call.about is None or (first is not None and first.call.operation not in FIRST_OPERATIONS):
        return "payment_unknown"
    return "already_captured" if payment.captured_minor else None


def _object_to_refund(call: Call, payment: Payment) -> str | None:
    first = payment.first
    if first is None or first.call.operation not in FIRST_OPERATIONS:
        return "payment_unknown"
    if call.amount.currency != first.call.amount.currency:
        return "currency_differs"
    left_minor = payment.captured_minor - payment.claimed_minor
    if not 0 < call.amount.minor <= left_minor:
        return "refund_exceeds_capture"
    return "charge_disputed" if call.amount.minor > left_minor - payment.disputed_minor else None


def _object_to_answer(call: Call, payment: Payment) -> str | None:
    """A chargeback is answered once, with its whole amount, while nobody has decided it."""
    dispute = payment.dispute
    if dispute is None:
        return "dispute_unknown"
    if dispute.standing is not Standing.DISPUTED:
        return "dispute_answered" if dispute.standing is Standing.EVIDENCE_TAKEN else "dispute_decided"
    return None if call.amount == dispute.amount else "amount_differs"


def _object_to_evidence(call: Call, payment: Payment) -> str | None:
    code = _object_to_answer(call, payment)
    if code is not None:
        return code
    if payment.is_late:
        return "evidence_too_late"
    return None if call.evidence else "evidence_missing"


_OBJECTIONS: Final[Mapping[Operation, Callable[[Call, Payment], str | None]]] = {
    Operation.CHARGE: _object_to_first,
    Operation.AUTHORISE: _object_to_first,
    Operation.CAPTURE: _object_to_capture,
    Operation.VOID: _object_to_void,
    Operation.REFUND: _object_to_refund,
    Operation.CONTEST: _object_to_evidence,
    Operation.ACCEPT: _object_to_answer,
}
