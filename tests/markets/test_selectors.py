"""Reads: what is in force at a moment, and how little is asked of the database for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.markets import models, selectors
from apps.markets.contracts import DeliveryOption
from apps.markets.effective import in_force
from apps.markets.errors import RegionUnknown, UnknownMarket
from apps.markets.selectors import get_market, list_delivery_options, list_markets, list_tax_rates
from tests.factories.markets import (
    OPENED_ON,
    ClockRuleFactory,
    DeliveryOptionFactory,
    HolidayFactory,
    MarketFactory,
    TaxRateFactory,
)
from tests.support import NOON
from tradecore.errors import Kind

pytestmark = pytest.mark.django_db

Statements = Callable[[int], AbstractContextManager[Any]]

# The local day begins at 15:00 UTC of the day before.
TOKYO = "Asia/Tokyo"
CHANGE_ON = date(2026, 4, 1)
CHANGE_AT = datetime(2026, 3, 31, 15, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


class TestGetMarket:
    def test_tells_what_the_market_is(self) -> None:
        MarketFactory(code="XX", currency="JPY", time_zone=TOKYO, is_open=False)
        market = get_market("XX", now=NOON)
        assert (market.code, market.currency, market.time_zone, market.is_open) == ("XX", "JPY", TOKYO, False)

    def test_has_the_holidays(self) -> None:
        market = MarketFactory(code="XX")
        HolidayFactory(market=market, on=date(2026, 12, 25))
        HolidayFactory(on=date(2026, 12, 26))
        assert get_market("XX", now=NOON).holidays == {date(2026, 12, 25)}

    def test_has_the_clocks_of_the_day_in_the_market(self) -> None:
        market = MarketFactory(code="XX", time_zone=TOKYO)
        ClockRuleFactory(market=market, clock="remorse", amount=60, valid_from=CHANGE_ON)
        assert get_market("XX", now=CHANGE_AT - A_SECOND).clocks["remorse"].amount == 3600
        assert get_market("XX", now=CHANGE_AT).clocks["remorse"].amount == 60
        assert get_market("XX", now=CHANGE_AT).clocks["quote"].amount == 3600

    def test_refuses_a_code_that_no_market_has(self) -> None:
        MarketFactory(code="XX")
        with pytest.raises(UnknownMarket) as refusal:
            get_market("xx" * 100, now=NOON)
        assert (refusal.value.code, refusal.value.kind) == ("markets.unknown_market", Kind.RULE)
        assert refusal.value.market == "xx" * 8

    def test_refuses_a_market_that_had_not_opened_its_books(self) -> None:
        MarketFactory(code="XX", time_zone=TOKYO, opened_on=CHANGE_ON)
        assert get_market("XX", now=CHANGE_AT).code == "XX"
        with pytest.raises(UnknownMarket):
            get_market("XX", now=CHANGE_AT - A_SECOND)


class TestListMarkets:
    def test_has_all_that_have_opened_their_books_by_code(self) -> None:
        MarketFactory(code="B")
        MarketFactory(code="A", is_open=False)
        MarketFactory(code="C", opened_on=NOON.date() + timedelta(days=1))
        assert [market.code for market in list_markets(now=NOON)] == ["A", "B"]


class TestListTaxRates:
    def test_has_the_rates_before_and_after_a_change(self) -> None:
        market = MarketFactory(code="XX", time_zone=TOKYO)
        TaxRateFactory(market=market, category="standard", rate_e5=21_000, valid_from=CHANGE_ON)
        before = list_tax_rates("XX", "", now=CHANGE_AT - A_SECOND)
        after = list_tax_rates("XX", "", now=CHANGE_AT)
        assert before == {"standard": 20_000, "reduced": 5_000, "zero": 0}
        assert after == {"standard": 21_000, "reduced": 5_000, "zero": 0}

    def test_prefers_the_rates_of_the_region(self) -> None:
        market = MarketFactory(code="XX")
        TaxRateFactory(market=market, region="2A", category="standard", rate_e5=8_500)
        TaxRateFactory(market=market, region="2A", category="reduced", rate_e5=2_100)
        assert list_tax_rates("XX", "2A", now=NOON) == {"standard": 8_500, "reduced": 2_100, "zero": 0}
        assert list_tax_rates("XX", "75", now=NOON)["standard"] == 20_000

    def test_refuses_a_market_that_is_not_known(self) -> None:
        with pytest.raises(UnknownMarket):
            list_tax_rates("XX", "", now=NOON)

    @pytest.mark.parametrize("region", ["", "ca", "CA ", "California", "C" * 1000])
    def test_refuses_no_region_or_another_where_tax_differs_by_region(self, region: str) -> None:
        TaxRateFactory(market=MarketFactory(code="XX", rules=False), region="CA")
        with pytest.raises(RegionUnknown) as refusal:
            list_tax_rates("XX", region, now=NOON)
        assert (refusal.value.code, refusal.value.kind) == ("markets.region_unknown", Kind.RULE)
        assert (refusal.value.market, refusal.value.region) == ("XX", region[:16])


class TestListDeliveryOptions:
    def test_has_those_of_the_market_by_code(self) -> None:
        market = MarketFactory(code="XX")
        DeliveryOptionFactory(market=market, code="express", name="Express delivery")
        MarketFactory(code="YY")
        assert list_delivery_options("XX") == [
            DeliveryOption(code="express", name="Express delivery"),
            DeliveryOption(code="standard", name="Standard delivery"),
        ]

    def test_refuses_a_market_that_is_not_known(self) -> None:
        with pytest.raises(UnknownMarket):
            list_delivery_options("XX")


class TestKeptMarkets:
    def test_cost_five_statements_however_many_there_are_and_then_none(
        self, django_assert_num_queries: Statements
    ) -> None:
        MarketFactory.create_batch(5)
        MarketFactory(code="XX")
        with django_assert_num_queries(5):
            get_market("XX", now=NOON)
        with django_assert_num_queries(0):
            get_market("XX", now=NOON)
            list_markets(now=NOON)
            list_tax_rates("XX", "", now=NOON)
            list_delivery_options("XX")

    def test_are_read_anew_when_their_time_is_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        MarketFactory(code="XX", name="Before")
        assert get_market("XX", now=NOON).name == "Before"
        models.Market.objects.update(name="After")
        assert get_market("XX", now=NOON).name == "Before"
        monkeypatch.setattr(selectors, "CACHE_TTL_S", -1)
        assert get_market("XX", now=NOON).name == "After"


class TestInForce:
    def test_is_the_last_rule_that_has_begun(self) -> None:
        rules = TaxRateFactory.build_batch(3, market=None)
        for years, rule in enumerate(rules):
            rule.valid_from = OPENED_ON.replace(year=2025 + years)
        assert in_force(rules, date(2024, 12, 31)) is None
        assert in_force(rules, date(2025, 1, 1)) is rules[0]
        assert in_force(rules, date(2025, 12, 31)) is rules[0]
        assert in_force(rules, date(2026, 1, 1)) is rules[1]
        assert in_force(rules, date(2099, 1, 1)) is rules[2]
