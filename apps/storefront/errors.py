"""What the storefront refuses by itself."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class EmailMissing(Refusal):
    """A guest buys with an e-mail address, by which their order is found."""

    code = "storefront.email_missing"
    kind = Kind.RULE
    title = "A guest needs to give an e-mail address."


@dataclass
class UnpaidIsCancelledWhole(Refusal):
    """The request names lines of an order that is not paid yet: only its purchase can be cancelled, whole."""

    code = "storefront.unpaid_is_cancelled_whole"
    kind = Kind.RULE
    title = "Before payment a purchase is cancelled whole. Cancel it without lines, and quote what is left."

    purchase_id: int
