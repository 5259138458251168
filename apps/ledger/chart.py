"""The chart of accounts: which accounts there may be, and on which side each of them grows.

An account is a code of the chart, with a detail where the chart asks for one (`TAX_PAYABLE.US-NY`), an owner where it
belongs to somebody, and a currency. There is no row per account: the first entry makes it, and nobody has to be asked
or locked. A debit is positive, a credit negative, so that everything in one currency adds up to nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from apps.ledger.errors import AccountUnknown

_DETAIL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Side(StrEnum):
    """Where an account of this class grows: what we have or have spent is a debit, what we owe or have earned a
    credit.
    """

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClass:
    """One line of the chart. `meaning` is what the balance says."""

    side: Side
    meaning: str
    is_owned: bool = False
    has_detail: bool = False


def _ours(meaning: str, *, has_detail: bool = False) -> AccountClass:
    return AccountClass(side=Side.DEBIT, meaning=meaning, has_detail=has_detail)


def _owed(meaning: str, *, is_owned: bool = False, has_detail: bool = False) -> AccountClass:
    return AccountClass(side=Side.CREDIT, meaning=meaning, is_owned=is_owned, has_detail=has_detail)


CHART: Final[Mapping[str, AccountClass]] = MappingProxyType(
    {
        "PSP_CLEARING": _ours("captured by a provider, and not paid out to us yet", has_detail=True),
        "DISPUTED": _ours("taken back by a provider for a chargeback whose loss is nobody's yet"),
        "BANK": _ours("in our bank account"),
        "BUYER_FUNDS": _owed("captured for a purchase, and not an order's yet"),
        "BUYER_REFUND_CLEARING": _owed("on its way back to a buyer"),
        "SELLER_PENDING": _owed("earned by a seller, and not settled yet", is_owned=True),
        "SELLER_AVAILABLE": _owed("settled, and a seller's to be paid out", is_owned=True),
        "SELLER_RESERVE": _owed("settled, and held back from a seller for a time", is_owned=True),
        "CREATOR_PENDING": _owed("earned by a creator, and not settled yet", is_owned=True),
        "CREATOR_AVAILABLE": _owed("settled, and a creator's to be paid out", is_owned=True),
        "PAYOUT_CLEARING": _owed("sent to the bank, and not confirmed yet"),
        "TAX_PAYABLE": _owed("tax that we have collected for a jurisdiction", has_detail=True),
        "DUTY_PAYABLE": _owed("duty that we have collected"),
        "CARRIER_PAYABLE": _owed("owed to carriers"),
        "SUPPLIER_PAYABLE": _owed("owed to a supplier", is_owned=True),
        "PLATFORM_REVENUE": _owed("earned by the platform", has_detail=True),
        "PLATFORM_EXPENSE": _ours("spent by the platform", has_detail=True),
        "FX_POSITION": _ours("what conversions have left in a currency"),
        "FX_GAIN_LOSS": _owed("gained by conversions"),
        "SUSPENSE": _owed("an amount that nobody can explain yet", has_detail=True),
        "ROUNDING": _owed("what rounding has left over; stays nothing"),
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the chart. `owner_ref` is the shop, creator or supplier that it belongs to, 0 for nobody.

    Refuses: AccountUnknown.
    """

    code: str
    owner_ref: int = 0

    def __post_init__(self) -> None:
        root, dot, detail = self.code.partition(".")
        rules = CHART.get(root)
        if rules is None:
            raise AccountUnknown(account=self.code[:60])
        is_detailed = bool(dot) and _DETAIL.fullmatch(detail) is not None
        if is_detailed != rules.has_detail or bool(dot) != rules.has_detail:
            raise AccountUnknown(account=self.code[:60])
        if bool(self.owner_ref) != rules.is_owned:
            raise AccountUnknown(account=f"{self.code[:40]}:{self.owner_ref}")

    @property
    def root(self) -> str:
        return self.code.partition(".")[0]

    @property
    def side(self) -> Side:
        return CHART[self.root].side
