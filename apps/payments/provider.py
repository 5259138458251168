"""What a payment provider is to us. Whoever adds one implements `PaymentProvider` and names it in config/extensions.py.

A provider is asked with `send`, under our own reference, which is also its idempotency key: the same call sent twice
takes money once. What it says, at once or later, is a `Statement`. It never sees a card number, and neither do we:
methods come as tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from tradecore.errors import Kind, Refusal
from tradecore.extensions import ExtensionPoint
from tradecore.money import Money


class Operation(StrEnum):
    """What may be asked. CHARGE authorises and captures in one step."""

    CHARGE = "charge"
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


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


@dataclass(frozen=True, slots=True)
class Call:
    """One thing to ask. A capture, void or refund is `about` an earlier charge or authorisation, by our reference of
    it.

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


@dataclass(frozen=True, slots=True)
class Statement:
    """What a provider says of one call. `account` is the merchant account that it speaks for."""

    said: Said
    reference: int
    provider_ref: str
    amount: Money
    account: str
    event_id: str | None = None
    decline_code: str = ""
    next_action: Mapping[str, Any] | None = None


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

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Statement:
        """The statement in a webhook whose signature and freshness hold. Refuses: WebhookRefused."""


PROVIDERS: ExtensionPoint[PaymentProvider] = ExtensionPoint("payment providers")
