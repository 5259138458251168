"""What the seller desk refuses by itself."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class CurrencyMismatch(Refusal):
    """An amount is not in the currency that the shop, or the market, reckons in."""

    code = "seller_desk.currency_mismatch"
    kind = Kind.RULE
    title = "This amount is in the wrong currency."

    expected: str
    given: str
