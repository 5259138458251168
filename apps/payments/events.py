"""The facts that payments publish. Aggregate: `payment`, the intent's id; sequence: the intent's version."""

from dataclasses import dataclass
from datetime import datetime
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
    """Money is back where it came from: the provider has sent it, or a chargeback that is lost has taken it from us."""

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


@dataclass(frozen=True, slots=True)
class DisputeOpened(Event):
    """A buyer's bank has charged money back, and the provider has taken it from us. The ledger has that already.

    `order_refs` are the orders whose shares it is of, none where no order had anything left. What may hang on it until
    it is decided is the subscriber's: to hold those orders (`orders.place_hold`, owned by the dispute), once
    `lock_dispute` says that it is still open; it may have been decided before this event arrives.
    """

    kind: ClassVar[str] = "payments.dispute_opened"

    payment_id: int
    payable_ref: int
    dispute_id: int
    order_refs: tuple[int, ...]
    amount: Money
    reason_code: str
    evidence_by: datetime


@dataclass(frozen=True, slots=True)
class DisputeClosed(Event):
    """A dispute was decided: `outcome` is WON or LOST.

    WON: the money is with us again, the shares may be refunded again, and the ledger has both. LOST: it is gone for
    good, and stands in the ledger as `DISPUTED` until the subscriber has said whose loss it is. In one use case, and
    once per dispute: it locks the orders and then the payment (`lock_dispute`), calls `orders.charge_back` for each
    of the dispute's `shares`, posts `journals.charged_back` for each, and posts `journals.chargeback_loss` for what
    is left of the dispute's amount: its `uncovered`, and what an order had less than its share. Then `DISPUTED` is
    nothing for this dispute. Either way the holds that the dispute placed are released.
    """

    kind: ClassVar[str] = "payments.dispute_closed"

    payment_id: int
    payable_ref: int
    dispute_id: int
    order_refs: tuple[int, ...]
    amount: Money
    outcome: str


@dataclass(frozen=True, slots=True)
class DisputeAnswerRefused(Event):
    """The provider did not take what we answered to a dispute that is open; a person must look, before its deadline."""

    kind: ClassVar[str] = "payments.dispute_answer_refused"

    payment_id: int
    payable_ref: int
    dispute_id: int
    order_refs: tuple[int, ...]
    refusal_code: str
