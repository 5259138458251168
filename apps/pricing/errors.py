"""What pricing refuses, and the one thing that it promises never to see."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class HeadingMissing(Refusal):
    """Goods that cross a border need the six digits of their tariff heading, and a line has none."""

    code = "pricing.heading_missing"
    kind = Kind.RULE
    title = "A product cannot be imported without its tariff heading."

    line_no: int
    sku_id: int


@dataclass
class IntrinsicValueExceeded(Refusal):
    """A consignment is worth more than the import scheme admits; amounts are minor units of the basket's currency."""

    code = "pricing.intrinsic_value_exceeded"
    kind = Kind.RULE
    title = "This consignment is worth more than can be imported with duty paid at checkout."

    shop_id: int
    intrinsic_minor: int
    max_minor: int


class IdentityBroken(ArithmeticError):
    """A price contradicts itself. No input may cause this: it is a mistake in the arithmetic, found before a sale."""
