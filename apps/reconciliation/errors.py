"""What reconciliation refuses."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class BankUnknown(Refusal):
    """There is no bank of this name."""

    code = "reconciliation.bank_unknown"
    kind = Kind.RULE
    title = "There is no such bank."

    bank: str


@dataclass
class DayNotBegun(Refusal):
    """The file of a day that has not begun cannot be there."""

    code = "reconciliation.day_not_begun"
    kind = Kind.RULE
    title = "This day has not begun."

    on: str


@dataclass
class LineSettled(Refusal):
    """The line agrees with what we know, or was explained before."""

    code = "reconciliation.line_settled"
    kind = Kind.CONFLICT
    title = "There is nothing to be explained about this line."

    state: str


@dataclass
class TooManyDays(Refusal):
    """Files are fetched without a gap, and this one is too far from those that are known."""

    code = "reconciliation.too_many_days"
    kind = Kind.RULE
    title = "Too many days lie between this day and those that were fetched. Fetch one that is nearer first."

    days: int
    days_max: int
