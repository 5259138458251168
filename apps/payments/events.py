"""The facts that payments publish. Aggregate: `payment`, the intent's id; sequence: the intent's version."""

from dataclasses import dataclass
from typing import ClassVar

from tradecore.money import Money
from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class PaymentCaptured(Event):
    """A tender was captured. `is_late` when no order may keep it: its refund is already open."""

    kind: ClassVar[str] = "payments.payment_captured"

    payment_id: int
    payable_ref: int
    amount: Money
    method: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class PaymentDeclined(Event):
    """A tender was declined; the payable stays payable until its deadline."""

    kind: ClassVar[str] = "payments.payment_declined"

    payment_id: int
    payable_ref: int
    amount: Money
    decline_code: str


@dataclass(frozen=True, slots=True)
class PaymentSuspected(Event):
    """A provider's statement contradicts what was asked. Nothing was changed; a person must look."""

    kind: ClassVar[str] = "payments.payment_suspected"

    payment_id: int
    payable_ref: int
    contradiction: str


@dataclass(frozen=True, slots=True)
class RefundOpened(Event):
    """Money is on its way back."""

    kind: ClassVar[str] = "payments.refund_opened"

    payment_id: int
    payable_ref: int
    refund_id: int
    order_ref: int | None
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class RefundSucceeded(Event):
    """Money is back where it came from."""

    kind: ClassVar[str] = "payments.refund_succeeded"

    payment_id: int
    payable_ref: int
    refund_id: int
    order_ref: int | None
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundFailed(Event):
    """The provider refused to send money back; a person must look."""

    kind: ClassVar[str] = "payments.refund_failed"

    payment_id: int
    payable_ref: int
    refund_id: int
    order_ref: int | None
    amount: Money
