"""What ledger refuses, and what it breaks on."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class AccountUnknown(Refusal):
    """The chart has no such account, or not with this detail or owner."""

    code = "ledger.account_unknown"
    kind = Kind.RULE
    title = "The chart of accounts has no such account."

    account: str


@dataclass
class AlreadyReversed(Refusal):
    """A posting is reversed once; what is wrong with the reversal is corrected by one of its own."""

    code = "ledger.already_reversed"
    kind = Kind.CONFLICT
    title = "This posting has been reversed already."

    posting_id: int


@dataclass
class NotReversible(Refusal):
    """A pending posting is voided or expires, and what resolved one stays: the fact behind it cannot be undone here."""

    code = "ledger.not_reversible"
    kind = Kind.CONFLICT
    title = "This posting cannot be reversed."

    posting_id: int


class PostingUnbalanced(AssertionError):
    """The entries of a posting do not add up to nothing, or there are fewer than two: a mistake of the program."""
