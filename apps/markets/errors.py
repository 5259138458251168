"""What markets refuse."""

from dataclasses import dataclass
from datetime import date

from tradecore.errors import Kind, Refusal


@dataclass
class UnknownMarket(Refusal):
    """No market has this code, or it had not opened its books at that moment."""

    code = "markets.unknown_market"
    kind = Kind.RULE
    title = "There is no such market."

    market: str


@dataclass
class RegionUnknown(Refusal):
    """Tax differs by region in this market, and this is none of its regions. Codes are exact: `CA`, not `ca`."""

    code = "markets.region_unknown"
    kind = Kind.RULE
    title = "Tax depends on the region here, and this is not one of them."

    market: str
    region: str


@dataclass
class DefinitionMalformed(Refusal):
    """A file that does not define a market; `reason` says what is wrong with it."""

    code = "markets.definition_malformed"
    kind = Kind.MALFORMED
    title = "This does not define a market."

    reason: str


@dataclass
class MarketFixed(Refusal):
    """Prices, orders and deadlines rest on this property of the market, so it is what it was when it was loaded."""

    code = "markets.market_fixed"
    kind = Kind.CONFLICT
    title = "This property of a market never changes."

    market: str
    field: str


@dataclass
class RuleBegun(Refusal):
    """The rule has begun, and quotes were made under it. Another one may follow it from a later day."""

    code = "markets.rule_begun"
    kind = Kind.CONFLICT
    title = "A rule that has begun never changes."

    market: str
    rule: str
    valid_from: date
