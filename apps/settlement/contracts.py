"""What crosses the door of settlement. Amounts of lines are signed: what is positive is the seller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tradecore.money import Money


class LineKind(StrEnum):
    """What a line of a seller's account is."""

    SALE = "sale"  # what an order earns, once per order
    REFUND = "refund"  # what of it went back
    FEE = "fee"  # what the platform takes; positive where a part of it comes back
    FEE_TAX = "fee_tax"  # the tax on that
    CREATOR = "creator"  # what a creator gets of it
    ADJUSTMENT = "adjustment"  # by hand, and by two people
    RESERVE_HELD = "reserve_held"  # kept back for a time
    RESERVE_USED = "reserve_used"  # taken from what is kept back, before anything else is
    RESERVE_RELEASED = "reserve_released"  # no longer kept back
    PAYOUT = "payout"  # sent to the seller's bank
    PAYOUT_RETURNED = "payout_returned"  # and come back


#: Lines that move money between what is kept back of a seller and what is theirs to be paid out.
RESERVE_KINDS = frozenset({LineKind.RESERVE_HELD, LineKind.RESERVE_USED, LineKind.RESERVE_RELEASED})

#: Lines of money that leaves for the seller's bank, or comes back from there.
PAYOUT_KINDS = frozenset({LineKind.PAYOUT, LineKind.PAYOUT_RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A line before it is written: once per kind, name and reference.

    `details` say what the amount was reckoned from, as plain JSON.
    """

    kind: LineKind
    amount_minor: int
    reference: int
    name: str = ""
    owner_ref: int = 0
    order_id: int | None = None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line as it stands. `statement_on` is the market's day whose statement it is on."""

    id: int
    shop_id: int
    kind: LineKind
    name: str
    reference: int
    order_id: int | None
    amount: Money
    details: Mapping[str, Any]
    statement_on: date
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """What a seller has. `available` may be negative: then the next settlements cover it first."""

    shop_id: int
    available: Money
    reserve: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """What an order has come to for its seller: the sum of its lines, reserve aside."""

    id: int
    order_id: int
    shop_id: int
    amount: Money
    reserve: Money
    settled_at: datetime
    reserve_until: datetime | None
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """A shop's day: `opening + settled + reserve + paid_out == closing`, all of them what is available.

    `settled` are the lines of orders and adjustments, `reserve` what went into it (negative) and came out of it,
    `paid_out` what went to the bank (negative) and came back. Open until the day is over in the market.
    """

    id: int
    shop_id: int
    on: date
    opening: Money
    settled: Money
    reserve: Money
    paid_out: Money
    closing: Money
    line_count: int
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """An order that is paid and not settled yet: what it comes to as it stands, and when. None: it is not over yet.

    One that is on hold settles once it is not any more.
    """

    order_id: int
    number: str
    amount: Money
    due_at: datetime | None
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingPage:
    """Some orders of a shop that are to settle; those before order `next_before` have not been looked at."""

    items: tuple[Upcoming, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccountView:
    """Where a shop is, or is to be, paid to. `account` are the last characters of its number; payouts go there from
    `usable_from` on. What is PROPOSED is decided by a second person until `review_ends_at`.
    """

    id: int
    status: str
    account: str
    holder_name: str
    currency: str
    created_at: datetime
    review_ends_at: datetime | None
    usable_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccounts:
    """Where a shop is paid to, and the change of it that waits for a second person. `version` is its ETag."""

    shop_id: int
    version: int
    current: PayoutAccountView | None
    proposed: PayoutAccountView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutView:
    """One payment to a seller's bank: `amount` leaves their account, `pays` is sent, at `rate` where the two are not in
    one currency. `reason` is why it was skipped, was rejected or came back.
    """

    id: int
    number: str
    shop_id: int
    run_id: int
    status: str
    amount: Money
    pays: Money
    rate: str | None
    account: str
    reason: str
    proposed_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRunView:
    """Payouts of a market's day that are decided together. `total` is what they come to as they were proposed."""

    id: int
    market: str
    on: date
    number: int
    status: str
    payout_count: int
    total: Money
    approval_id: int
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
