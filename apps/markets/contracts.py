"""What crosses the door of markets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final

WHOLE_MARKET: Final = ""
"""The region of a rate that holds wherever no region of the market has one of its own."""


class Clock(StrEnum):
    """Everything that ends by itself. Each market has a rule for each of them."""

    QUOTE = "quote"  # a quote is no longer honoured
    PAY_CARD = "pay_card"  # a purchase that is paid at once is still unpaid
    PAY_SLIP = "pay_slip"  # so is one that is paid at a bank
    REMORSE = "remorse"  # the buyer may no longer cancel without asking; the order goes to its seller
    CANCEL_REQUEST = "cancel_request"  # the seller has not answered a buyer who asks to cancel, which grants it
    SHIP_BY = "ship_by"  # the seller is late, which is scored
    SHIP_CANCEL = "ship_cancel"  # nothing was arranged, so the order is cancelled
    COLLECT_CANCEL = "collect_cancel"  # it was arranged and no carrier has scanned it, so it is cancelled
    LOST = "lost"  # tracking has stood still
    AFTER_SALES = "after_sales"  # the window for returns closes and the order is complete
    CASE_REVIEW = "case_review"  # the seller has not answered an after-sales case, which approves it
    CASE_ESCALATE = "case_escalate"  # the buyer has let a rejection stand, which closes the case
    CASE_ANSWER_OFFER = "case_answer_offer"  # the buyer has not answered a seller's offer, which refuses it
    CASE_BUYER_SHIP = "case_buyer_ship"  # the buyer has not sent the goods back, which closes the case
    CASE_INSPECT = "case_inspect"  # whoever awaits a parcel of a case has not complained of it, which accepts it
    CASE_ARBITRATE = "case_arbitrate"  # the platform has not decided a case, which decides it for the buyer


class ClockUnit(StrEnum):
    """What a clock counts: elapsed time, or the days on which the market works."""

    SECONDS = "seconds"
    BUSINESS_DAYS = "business_days"


class TaxCategory(StrEnum):
    """How a thing is taxed. ZERO is 0 % by its name, in every market; the other two have rates."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"


class TaxBasePolicy(StrEnum):
    """Whether a discount that the platform pays for lowers the amount that is taxed (pricing, "Refund rules")."""

    NET_PAID = "NET_PAID"
    BEFORE_PLATFORM_COUPON = "BEFORE_PLATFORM_COUPON"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How long a clock runs from `valid_from` (a day of the market's own calendar) until its next rule begins.

    With `cut_off`, what starts later than that local time of day counts as having started on the day after.
    """

    clock: Clock
    amount: int
    unit: ClockUnit
    valid_from: date
    cut_off: time | None = None

    @property
    def series(self) -> str:
        """What rules follow one another in: the clock."""
        return self.clock.value


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The rate of a category from `valid_from` (local) until its next rate begins, in 1/100,000: 8875 are 8.875 %.

    `region` is WHOLE_MARKET or the code of a region, such as `CA`.
    """

    region: str
    category: TaxCategory
    rate_e5: int
    valid_from: date

    @property
    def series(self) -> str:
        """What rates follow one another in: the category, in one region."""
        return f"{self.category} {self.region}".rstrip()


@dataclass(frozen=True, slots=True)
class Market:
    """A market as it stands at one moment: one rule per clock.

    `prices_include_tax`: listed prices are what the buyer pays, and tax is extracted from them rather than added.
    `platform_remits_tax`: the platform owes the tax of each sale to the state (US: marketplace facilitator); elsewhere
    it is the seller's to remit.
    `refunds_standard_delivery`: whoever changes their mind about a whole order gets back what its cheapest delivery
    would have cost (EU, UK).
    `shipping_tax_category` is how its delivery fees are taxed. A market that is not open takes no new purchases.
    """

    code: str
    name: str
    currency: str
    prices_include_tax: bool
    tax_base_policy: TaxBasePolicy
    platform_remits_tax: bool
    refunds_standard_delivery: bool
    shipping_tax_category: TaxCategory
    time_zone: str
    is_open: bool
    clocks: Mapping[str, ClockRule]
    holidays: frozenset[date]


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A level of service that buyers of a market choose from. What it costs is each shop's own."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class LoadedMarket:
    """What loading a definition did: how many rows it added and how many it changed."""

    code: str
    added_count: int
    changed_count: int
