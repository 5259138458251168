"""What crosses the door of payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tradecore.money import Money

#: An answer that could not be applied so often waits for a person.
ANSWER_ATTEMPTS_LIMIT = 12

#: What is answered to a chargeback is no longer than this, as JSON.
EVIDENCE_BYTES_MAX = 20_000


@dataclass(frozen=True, slots=True)
class TenderRequest:
    """One way in which the buyer wants to pay a part: `method` is card, voucher or bank_slip."""

    provider: str
    method: str
    method_token: str
    amount: Money
    instalments: int = 1


@dataclass(frozen=True, slots=True)
class TenderView:
    """A tender as it stands. `next_action` is what the buyer must do, if anything."""

    id: int
    method: str
    provider: str
    amount: Money
    instalments: int
    status: str
    decline_code: str
    next_action: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Payment:
    """An intent with its tenders, as it stands."""

    id: int
    payable_ref: int
    status: str
    amount: Money
    captured: Money
    refunded: Money
    charged_back: Money
    paid_at: datetime | None
    tenders: tuple[TenderView, ...]


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money on its way back, or back."""

    id: int
    order_ref: int | None
    amount: Money
    reason: str
    status: str
    created_at: datetime
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredRefund:
    """A refund that is over because the buyer's bank has given them `amount` of it. No `order_ref`: of no order."""

    refund_id: int
    order_ref: int | None
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One thing that was asked of a provider. `id` is our reference; `ask_at` when it is asked about next, if ever."""

    id: int
    tender_id: int
    refund_id: int | None
    operation: str
    amount: Money
    status: str
    provider_ref: str
    asked_count: int
    ask_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One thing that a provider said about a call, and what came of it. `source` is reply, webhook or poll."""

    id: int
    call_ref: int
    source: str
    said: str
    amount: Money
    verdict: str
    received_at: datetime
    applied_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectView:
    """A tender that a person has to look at, and all that its provider has said of it, oldest first."""

    tender: TenderView
    payable_ref: int
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureView:
    """Money that a provider took for us. `is_late`: no order may keep it, and it goes back."""

    id: int
    tender_id: int
    provider_ref: str
    amount: Money
    refunded: Money
    charged_back: Money
    is_late: bool
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """What one order has of the captures of its payment, what of it went back, and what was charged back."""

    order_ref: int
    amount: Money
    refunded: Money
    charged_back: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentHistory:
    """All that happened to a payment, each list oldest first. The refunds are those of every order, and of none."""

    calls: tuple[CallView, ...]
    answers: tuple[AnswerView, ...]
    captures: tuple[CaptureView, ...]
    shares: tuple[ShareView, ...]
    refunds: tuple[RefundView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What payments wait for: calls for their answer, answers for a flow, the others for a person."""

    unanswered_calls: int
    waiting_answers: int
    parked_answers: int
    suspect_tenders: int
    failed_refunds: int
    open_disputes: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one order is to have of a payment."""

    order_ref: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeView:
    """A chargeback as it stands: OPEN, EVIDENCE_SENT, WON or LOST. `evidence` is what we answered, in texts by name.

    The amount is that of `shares`, which it took from orders, and of `uncovered`, which no order had any more.
    """

    id: int
    payment_id: int
    payable_ref: int
    capture_ref: int
    provider: str
    provider_ref: str
    reason_code: str
    amount: Money
    uncovered: Money
    shares: tuple[Share, ...]
    status: str
    evidence_by: datetime
    evidence: Mapping[str, str] | None
    version: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSubject:
    """What a line of a provider's settlement is about, as we know it: a capture, a refund's call or a dispute.

    `reference` is its id, `capture_ref` the capture that it is of, `amount` what the line is to say, with its sign.
    """

    reference: int
    capture_ref: int
    payable_ref: int
    amount: Money


class MoneyMoved(StrEnum):
    """What can become true of money. The reference of a fact is the id of what is named in brackets."""

    AUTHORISED = "authorised"  # a provider holds it for us (tender)
    AUTHORISATION_VOIDED = "authorisation_voided"  # we have let it go (tender)
    AUTHORISATION_LAPSED = "authorisation_lapsed"  # the provider has let it go (tender)
    CAPTURED = "captured"  # a provider took it for us (capture)
    RETURN_OPENED = "return_opened"  # no order may keep it, and it is on its way back (refund)
    REFUNDED = "refunded"  # a provider has sent it back (provider call)
    DISPUTED = "disputed"  # a provider has taken it back for a chargeback that is not decided yet (dispute)
    DISPUTE_WON = "dispute_won"  # and has given it to us again (dispute)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyFact:
    """Something that has just become true of money, and is to be booked in the same transaction, once."""

    kind: MoneyMoved
    reference: int
    payable_ref: int
    provider: str
    amount: Money
    tender_ref: int
    capture_ref: int | None = None
    refund_ref: int | None = None
    order_ref: int | None = None
    was_authorised: bool = False
    """Of a capture: whether the money was authorised before, so that the capture comes in the place of that."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a statement.

    `verdict` is a word for the record; `is_covered` says that captures now cover the amount of an open intent;
    `all_authorised` that every tender is authorised and can be captured; `facts` are what has become true of money.
    """

    verdict: str
    is_covered: bool = False
    all_authorised: bool = False
    facts: tuple[MoneyFact, ...] = ()
