"""What a payment provider is to us. Whoever adds one implements `PaymentProvider` and names it in config/extensions.py.

A provider is asked with `send`, under our own reference, which is also its idempotency key: the same call sent twice
takes money once. What it says, at once or later, is a `Statement`. It never sees a card number, and neither do we:
methods come as tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from tradecore.errors import Kind, Refusal
from tradecore.extensions import ExtensionPoint
from tradecore.money import Money


class Operation(StrEnum):
    """What may be asked. CHARGE authorises and captures in one step; CONTEST and ACCEPT answer a chargeback."""

    CHARGE = "charge"
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CONTEST = "contest"
    ACCEPT = "accept"


class Said(StrEnum):
    """What a provider may say of a call."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"
    DECLINED = "declined"
    VOIDED = "voided"
    REFUNDED = "refunded"
    FAILED = "failed"
    DISPUTED = "disputed"
    EVIDENCE_TAKEN = "evidence_taken"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


#: What may be said of a chargeback. Money has moved when it is said; EVIDENCE_TAKEN apart.
DISPUTE_WORDS: Final = frozenset({Said.DISPUTED, Said.EVIDENCE_TAKEN, Said.DISPUTE_WON, Said.DISPUTE_LOST})


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to ask. A capture, void or refund is `about` an earlier charge or authorisation, by our reference of
    it; so is the answer to a chargeback, which names that by the provider's reference, `dispute_ref`.

    A void may overtake the charge that it is about: the provider must then refuse the charge when it comes.
    """

    reference: int
    operation: Operation
    provider: str
    method: str
    method_token: str
    amount: Money
    instalments: int = 1
    about: int | None = None
    dispute_ref: str = ""
    evidence: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """Why a buyer's bank takes money back, by the code of its network, and until when it listens to us."""

    reason_code: str
    evidence_by: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """What a provider says of one call. `account` is the merchant account that it speaks for.

    Of a chargeback it says so about the call that captured the money: with `dispute`, and under the chargeback's own
    `provider_ref`, by which it is asked.
    """

    said: Said
    reference: int
    provider_ref: str
    amount: Money
    account: str
    event_id: str | None = None
    decline_code: str = ""
    next_action: Mapping[str, Any] | None = None
    dispute: DisputeFacts | None = None


class SettledKind(StrEnum):
    """What a line of a provider's settlement may be."""

    CHARGE = "charge"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSAL = "chargeback_reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One movement that a provider settles. `gross` is negative where it took money back; the provider keeps `fee`.

    `reference` is ours: of the call that captured, or of the call that refunded. A chargeback and its reversal name the
    call that captured; `provider_ref` is then the chargeback's, else the call's.
    """

    kind: SettledKind
    reference: int
    provider_ref: str
    gross: Money
    fee: Money
    at: datetime

    @property
    def net(self) -> Money:
        return self.gross - self.fee


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettlement:
    """What a provider settles with us of one day in one currency, and the transfer that it makes of it.

    `provider_ref` is the reference that the transfer carries to our bank. A negative `transfer` is taken from there.
    The sums are those that the provider names; whether they are right, `adds_up` says.
    """

    provider_ref: str
    account: str
    on: date
    gross: Money
    fee: Money
    transfer: Money
    lines: tuple[SettlementLine, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the lines come to the sums, and the sums to the transfer."""
        nothing = Money.zero(self.transfer.currency)
        gross = sum((line.gross for line in self.lines), start=nothing)
        fee = sum((line.fee for line in self.lines), start=nothing)
        return (gross, fee, gross - fee) == (self.gross, self.fee, self.transfer)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A statement that was stored as it came, and waits to be applied."""

    id: int
    provider: str
    statement: Statement


class ProviderUnreachable(Exception):
    """No answer came, or none that can be read. The outcome is unknown; it is asked for later."""


@dataclass
class WebhookRefused(Refusal):
    """The webhook is not signed by the provider, is stale, or cannot be read."""

    code = "payments.webhook_refused"
    kind = Kind.MALFORMED
    title = "This webhook is not acceptable."

    reason: str


class PaymentProvider(Protocol):
    """A provider of payments. Every method may take as long as its own timeouts allow and holds nothing of ours."""

    #: The merchant account that statements must name.
    account: str

    def send(self, call: Call) -> Statement:
        """Ask for the call; the same reference again has no second effect. Raises ProviderUnreachable."""

    def ask(self, reference: int) -> Statement | None:
        """What became of an earlier call; None if the provider never had it. Raises ProviderUnreachable."""

    def ask_dispute(self, provider_ref: str) -> Statement | None:
        """Where a chargeback stands, by the provider's reference of it; None if there is none. Raises
        ProviderUnreachable.
        """

    def list_settlements(self, *, on: date) -> Sequence[ProviderSettlement]:
        """What the provider has settled of a day of its own clock (UTC), one per transfer; it publishes a day once that
        is over, and never changes what it has published. Raises ProviderUnreachable, also for what cannot be read.
        """

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Statement:
        """The statement in a webhook whose signature and freshness hold. Refuses: WebhookRefused."""


PROVIDERS: ExtensionPoint[PaymentProvider] = ExtensionPoint("payment providers", leads_outside=True)
