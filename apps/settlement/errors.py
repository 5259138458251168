"""What settlement refuses."""

from dataclasses import dataclass
from datetime import datetime

from tradecore.errors import Kind, Refusal


@dataclass
class PayoutsFrozen(Refusal):
    """Nobody is paid out as long as the freeze of all payouts stands."""

    code = "settlement.payouts_frozen"
    kind = Kind.CONFLICT
    title = "All payouts are frozen."


@dataclass
class PayoutRunOver(Refusal):
    """The run was decided, or nobody has decided it in time."""

    code = "settlement.payout_run_over"
    kind = Kind.CONFLICT
    title = "This payout run is not open any more."

    run_status: str


@dataclass
class PayoutAccountUnusable(Refusal):
    """The bank cannot pay to an account of this number."""

    code = "settlement.payout_account_unusable"
    kind = Kind.RULE
    title = "The bank cannot pay to this account."


@dataclass
class PayoutAccountStale(Refusal):
    """Where the shop is paid to was changed after it was read; `version` is the one that stands now."""

    code = "settlement.payout_account_stale"
    kind = Kind.STALE
    title = "The payout account has changed meanwhile. Read it again."

    version: int


@dataclass
class PayoutAccountWaits(Refusal):
    """A change waits for a second person; another one may be asked for once that is decided."""

    code = "settlement.payout_account_waits"
    kind = Kind.CONFLICT
    title = "A change of the payout account waits for a second person."

    review_ends_at: datetime


@dataclass
class BankSilent(Refusal):
    """The bank did not answer, and nothing was changed."""

    code = "settlement.bank_silent"
    kind = Kind.UNAVAILABLE
    title = "The bank does not answer. Try again in a moment."

    retry_after: int = 5


@dataclass
class FxRateInvalid(Refusal):
    """A rate that cannot stand; `reason` says why."""

    code = "settlement.fx_rate_invalid"
    kind = Kind.RULE
    title = "This exchange rate cannot stand."

    reason: str


@dataclass
class AdjustmentInvalid(Refusal):
    """Its name is none of those there are, or its amount is not one of the shop's currency; `reason` says which."""

    code = "settlement.adjustment_invalid"
    kind = Kind.RULE
    title = "This is no adjustment of a seller's account."

    reason: str
