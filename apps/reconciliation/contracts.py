"""What crosses the door of reconciliation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Suite(StrEnum):
    """How much of the books is read. RECENT: what was made within the last hours. ALL: everything."""

    RECENT = "recent"
    ALL = "all"


class Source(StrEnum):
    """Who tells a file."""

    PROVIDER = "provider"
    BANK = "bank"


class LineKind(StrEnum):
    """What a line of a file may be about: those of a provider's settlement first, then those of a bank's statement."""

    CHARGE = "charge"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSAL = "chargeback_reversal"
    TOTAL = "total"  # of a settlement: what the provider transfers
    TRANSFER = "transfer"
    PAYOUT = "payout"
    RETURN = "return"


class LineState(StrEnum):
    """What comparing a line has found. AGREES and EXPLAINED are final; every other one is compared again."""

    OPEN = "OPEN"
    AGREES = "AGREES"
    MISSING_HERE = "MISSING_HERE"
    DIFFERS = "DIFFERS"
    DUPLICATE = "DUPLICATE"
    EXPLAINED = "EXPLAINED"  # it does not agree, and two people say why that is right


class Contains(StrEnum):
    """What a break freezes: the thing that its query names in the column `contains`."""

    NOTHING = "nothing"
    SKU = "sku"
    PROMOTION = "promotion"
    SHOP = "shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """Something that is always true, as the query that finds where it is not.

    `sql` returns (ref, currency, amount at risk in minor units, what is wrong, what to freeze), one row per offence;
    currency and the last one may be NULL. `{recent:column}` stands where a run of RECENT narrows by an id,
    `{recently:column}` where it does by a moment; both sides of a join narrow by the same id. `%(late)s` is the moment
    before which what still waits has waited too long, `%(late_id)s` the first id of that moment, `%(stale_id)s` that of
    three days ago. `{joined:a, b}` is the text of a and b together. `reads` names every table and column that it needs.
    """

    name: str
    title: str
    sql: str
    reads: Mapping[str, tuple[str, ...]]
    contains: Contains = Contains.NOTHING
    is_for_recent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """One row that breaks an invariant."""

    invariant: str
    ref: int
    currency: str
    at_risk_minor: int
    what: str
    subject: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run found. `opened` are breaks that nobody knew of, `closed` how many are over."""

    suite: Suite
    started_at: datetime
    offences: tuple[Offence, ...]
    opened: tuple[Offence, ...]
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFile:
    """One day of a provider or bank, fetched and compared: how many lines, how many of them are new."""

    source: Source
    name: str
    on: date
    line_count: int
    new_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesReport:
    """What fetching and comparing came to. `states` counts the lines of these days by what was found of them."""

    files: tuple[ComparedFile, ...]
    states: Mapping[str, int]
    offences: tuple[Offence, ...]
