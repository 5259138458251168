"""What the storefront refuses by itself."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class EmailMissing(Refusal):
    """A guest buys with an e-mail address, by which their order is found."""

    code = "storefront.email_missing"
    kind = Kind.RULE
    title = "A guest needs to give an e-mail address."
