"""What stands in the book, and what the provider says of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from apps.payments.provider import Call, DisputeFacts, Operation, Said, Statement
from apps.payments.sandbox.tokens import REDIRECT, TOKENS, Lie, treatment_of
from tradecore import ids
from tradecore.money import Money

#: The merchant account of the shop at the sandbox.
ACCOUNT: Final = "sandbox_merchant"
_OTHER_ACCOUNT: Final = "sandbox_other_merchant"

#: Charges and authorisations: a payment begins with one of them, and is known by its reference.
FIRST_OPERATIONS: Final = frozenset({Operation.CHARGE, Operation.AUTHORISE})


class Standing(StrEnum):
    """Where a call, or a chargeback, stands in the book: what may be said of it, and one thing that is no statement."""

    AUTHORISED = Said.AUTHORISED.value
    CAPTURED = Said.CAPTURED.value
    REQUIRES_ACTION = Said.REQUIRES_ACTION.value
    PENDING = Said.PENDING.value
    DECLINED = Said.DECLINED.value
    VOIDED = Said.VOIDED.value
    REFUNDED = Said.REFUNDED.value
    FAILED = Said.FAILED.value
    DISPUTED = Said.DISPUTED.value
    EVIDENCE_TAKEN = Said.EVIDENCE_TAKEN.value
    DISPUTE_WON = Said.DISPUTE_WON.value
    DISPUTE_LOST = Said.DISPUTE_LOST.value
    UNKNOWN = "unknown"


#: Whoever holds one of these waits to be completed.
OPEN: Final = frozenset({Standing.REQUIRES_ACTION, Standing.PENDING, Standing.UNKNOWN})

#: Chargebacks that nobody has decided yet.
UNDECIDED: Final = frozenset({Standing.DISPUTED, Standing.EVIDENCE_TAKEN})

SUCCESS: Final[Mapping[Operation, Standing]] = {
    Operation.CHARGE: Standing.CAPTURED,
    Operation.AUTHORISE: Standing.AUTHORISED,
    Operation.CAPTURE: Standing.CAPTURED,
    Operation.VOID: Standing.VOIDED,
    Operation.REFUND: Standing.REFUNDED,
    Operation.CONTEST: Standing.EVIDENCE_TAKEN,
    Operation.ACCEPT: Standing.DISPUTE_LOST,
}
REFUSAL: Final[Mapping[Operation, Standing]] = {
    Operation.CHARGE: Standing.DECLINED,
    Operation.AUTHORISE: Standing.DECLINED,
    Operation.CAPTURE: Standing.DECLINED,
    Operation.VOID: Standing.FAILED,
    Operation.REFUND: Standing.FAILED,
    Operation.CONTEST: Standing.FAILED,
    Operation.ACCEPT: Standing.FAILED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One call in the book. `code` says why it was refused; moments are milliseconds of the provider's own clock."""

    call: Call
    standing: Standing
    code: str
    taken_at_ms: int
    changed_at_ms: int

    @property
    def provider_ref(self) -> str:
        """The provider's name for the call: a function of ours, so that it needs no counter."""
        return f"sbx_{self.call.reference}"


@dataclass(frozen=True, slots=True)
class Dispute:
    """One chargeback in the book: of money that the call `reference` captured. `provider_ref` is its own name."""

    provider_ref: str
    reference: int
    amount: Money
    reason_code: str
    evidence_by_ms: int
    standing: Standing
    opened_at_ms: int
    changed_at_ms: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account has in one currency: all that was captured, and all that went back."""

    captured: Money
    refunded: Money


def add_up(entries: Iterable[Entry]) -> dict[str, Balance]:
    """What the calls come to, by currency."""
    sums: Counter[tuple[str, Standing]] = Counter()
    for entry in entries:
        sums[entry.call.amount.currency, entry.standing] += entry.call.amount.minor
    return {
        currency: Balance(
            captured=Money(sums[currency, Standing.CAPTURED], currency),
            refunded=Money(sums[currency, Standing.REFUNDED], currency),
        )
        for currency in sorted({currency for currency, _ in sums})
    }


def make_statement(entry: Entry, *, pages_url: str) -> Statement | None:
    """What the provider says of a call; None if it does not know itself. Its pages for buyers are at `pages_url`."""
    if entry.standing is Standing.UNKNOWN:
        return None
    truth = Statement(
        said=Said(entry.standing.value),
        reference=entry.call.reference,
        provider_ref=entry.provider_ref,
        amount=entry.call.amount,
        account=ACCOUNT,
        decline_code=entry.code,
        next_action=_next_action(entry, pages_url=pages_url),
    )
    token = TOKENS.get(entry.call.method_token)
    if token is None or token.lie is None or entry.call.operation not in FIRST_OPERATIONS:
        return truth
    return distort(truth, token.lie)


def make_dispute_statement(dispute: Dispute) -> Statement:
    """What the provider says of a chargeback: about the call that captured the money."""
    return Statement(
        said=Said(dispute.standing.value),
        reference=dispute.reference,
        provider_ref=dispute.provider_ref,
        amount=dispute.amount,
        account=ACCOUNT,
        dispute=DisputeFacts(dispute.reason_code, evidence_by=moment_of(dispute.evidence_by_ms)),
    )


def moment_of(at_ms: int) -> datetime:
    """A moment of the provider's clock."""
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).replace(microsecond=at_ms % 1000 * 1000)


def distort(statement: Statement, lie: Lie) -> Statement:
    """The statement with one lie in it."""
    amount = statement.amount
    match lie:
        case Lie.AMOUNT:
            return replace(statement, amount=Money(amount.minor + 1, amount.currency))
        case Lie.CURRENCY:
            return replace(statement, amount=Money(amount.minor, "USD" if amount.currency != "USD" else "EUR"))
        case Lie.ACCOUNT:
            return replace(statement, account=_OTHER_ACCOUNT)


def make_event(statement: Statement) -> Statement:
    """The statement as an event. Its id is the same however often it is told: a call, or a chargeback, comes to each
    standing once.
    """
    subject = statement.reference if statement.dispute is None else statement.provider_ref
    return replace(statement, event_id=f"evt_{subject}_{statement.said}")


def _next_action(entry: Entry, *, pages_url: str) -> Mapping[str, Any] | None:
    if entry.standing is not Standing.REQUIRES_ACTION:
        return None
    action, reference = treatment_of(entry.call.operation, entry.call.method_token).action, entry.call.reference
    if action == REDIRECT:
        return {"kind": action, "url": f"{pages_url}/3ds/{reference}"}
    return {"kind": action, "reference": ids.format_number(reference)}
