"""The facts that after-sales publish. Aggregate: `case`; sequence: the version of its row."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tradecore.money import Money
from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class CaseEvent(Event):
    """What every fact about a case says of it."""

    case_id: int
    order_id: int
    purchase_id: int
    buyer_ref: int
    shop_id: int
    case_kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class CaseOpened(CaseEvent):
    """A case was opened by `initiator`. `next_actor` has to act until `due_at`."""

    kind: ClassVar[str] = "aftersales.case_opened"

    initiator: str
    state: str
    next_actor: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseMoved(CaseEvent):
    """Somebody, or the clock, has acted on a case: `act` says how. `next_actor` has to act until `due_at`."""

    kind: ClassVar[str] = "aftersales.case_moved"

    act: str
    actor: str
    before: str
    after: str
    next_actor: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseClosed(CaseEvent):
    """A case is over: `outcome` is COMPLETE, or CANCELLED with nothing given back. `act` says what ended it."""

    kind: ClassVar[str] = "aftersales.case_closed"

    act: str
    actor: str
    outcome: str


@dataclass(frozen=True, slots=True)
class PlatformCompensationDue(CaseEvent):
    """The platform pays for what a case gave back: the seller's part of it is to be made good to the shop."""

    kind: ClassVar[str] = "aftersales.platform_compensation_due"

    gone_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentOverdue(CaseEvent):
    """The money of a decided case has not gone back in time: somebody has to look at its refund."""

    kind: ClassVar[str] = "aftersales.payment_overdue"

    refund_id: int
