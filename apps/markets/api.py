"""The public door of markets."""

from apps.markets.calendar import deadline, duration, local_day
from apps.markets.contracts import (
    WHOLE_MARKET,
    Clock,
    ClockRule,
    ClockUnit,
    DeliveryOption,
    LoadedMarket,
    Market,
    TaxBasePolicy,
    TaxCategory,
)
from apps.markets.definitions import DEMO_MARKET, MarketDefinition, read_definition
from apps.markets.errors import DefinitionMalformed, MarketFixed, RegionUnknown, RuleBegun, UnknownMarket
from apps.markets.selectors import (
    forget_markets,
    get_market,
    get_tax_jurisdiction,
    list_delivery_options,
    list_markets,
    list_tax_rates,
)
from apps.markets.services import close_market, load_market, load_standard_markets, open_market

__all__ = [
    "DEMO_MARKET",
    "WHOLE_MARKET",
    "Clock",
    "ClockRule",
    "ClockUnit",
    "DefinitionMalformed",
    "DeliveryOption",
    "LoadedMarket",
    "Market",
    "MarketDefinition",
    "MarketFixed",
    "RegionUnknown",
    "RuleBegun",
    "TaxBasePolicy",
    "TaxCategory",
    "UnknownMarket",
    "close_market",
    "deadline",
    "duration",
    "forget_markets",
    "get_market",
    "get_tax_jurisdiction",
    "list_delivery_options",
    "list_markets",
    "list_tax_rates",
    "load_market",
    "load_standard_markets",
    "local_day",
    "open_market",
    "read_definition",
]
