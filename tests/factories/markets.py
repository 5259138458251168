"""Markets for tests that want one of their own; most want `load_standard_markets`."""

from datetime import date
from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.markets import models
from apps.markets.contracts import Clock

OPENED_ON = date(2025, 1, 1)


class MarketFactory(DjangoModelFactory[models.Market]):
    """A market in pounds, open, with a clock of an hour for everything, 20 % and 5 % of tax, and standard delivery."""

    class Meta:
        model = models.Market
        skip_postgeneration_save = True

    code = factory.Sequence(lambda number: f"M{number}")
    name = factory.LazyAttribute(lambda market: f"Market {market.code}")
    currency = "GBP"
    prices_include_tax = True
    tax_base_policy = "NET_PAID"
    shipping_tax_category = "standard"
    time_zone = "Europe/London"
    opened_on = OPENED_ON

    @factory.post_generation
    def rules(self: Any, create: bool, extracted: object, **kwargs: object) -> None:
        """Give the market what every market has. `MarketFactory(rules=False)` has none of it."""
        if not create or extracted is False:
            return
        for clock in Clock:
            ClockRuleFactory(market=self, clock=clock.value)
        TaxRateFactory(market=self, category="standard", rate_e5=20_000)
        TaxRateFactory(market=self, category="reduced", rate_e5=5_000)
        DeliveryOptionFactory(market=self)


class ClockRuleFactory(DjangoModelFactory[models.ClockRule]):
    class Meta:
        model = models.ClockRule

    market = factory.SubFactory(MarketFactory, rules=False)
    clock = Clock.QUOTE.value
    amount = 3_600
    unit = "seconds"
    valid_from = OPENED_ON


class TaxRateFactory(DjangoModelFactory[models.TaxRate]):
    class Meta:
        model = models.TaxRate

    market = factory.SubFactory(MarketFactory, rules=False)
    region = ""
    category = "standard"
    rate_e5 = 20_000
    valid_from = OPENED_ON


class HolidayFactory(DjangoModelFactory[models.Holiday]):
    class Meta:
        model = models.Holiday

    market = factory.SubFactory(MarketFactory, rules=False)
    on = date(2026, 12, 25)
    name = "Christmas Day"


class DeliveryOptionFactory(DjangoModelFactory[models.DeliveryOption]):
    class Meta:
        model = models.DeliveryOption

    market = factory.SubFactory(MarketFactory, rules=False)
    code = "standard"
    name = "Standard delivery"
