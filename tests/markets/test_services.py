"""Loading markets, and opening and closing them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError
from django.db.models import Model

from apps.markets import models, services
from apps.markets.definitions import DATA, MarketDefinition, read_definition
from apps.markets.errors import DefinitionMalformed, MarketFixed, RuleBegun, UnknownMarket
from apps.markets.selectors import get_market, list_delivery_options, list_tax_rates
from tests.factories.markets import MarketFactory, TaxRateFactory
from tests.support import NOON, in_use_case
from tradecore.errors import Refusal
from tradecore.models import AuditEntry
from tradecore.money import UnknownCurrency

GB: dict[str, Any] = json.loads((DATA / "gb.json").read_text(encoding="utf-8"))
LATER = "2026-07-01"
AFTER = datetime(2026, 7, 1, 12, tzinfo=UTC)


def gb(**changes: Any) -> dict[str, Any]:
    """The shipped definition of GB with other values."""
    return deepcopy(GB) | changes


def definition_of(fields: dict[str, Any]) -> MarketDefinition:
    return read_definition(json.dumps(fields))


def load(fields: dict[str, Any], *, now: datetime = NOON) -> tuple[int, int]:
    loaded = services.load_market(definition=definition_of(fields), actor="test", now=now)
    return loaded.added_count, loaded.changed_count


@contextmanager
def refused(refusal: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block is refused so, and leaves every row as it was."""
    before = _rows()
    with pytest.raises(refusal) as raised:
        yield raised
    assert _rows() == before


def _rows() -> list[list[tuple[Any, ...]]]:
    tables: list[type[Model]] = [AuditEntry, *apps.get_app_config("markets").get_models()]
    return [list(table._default_manager.order_by("pk").values_list()) for table in tables]


@pytest.mark.django_db
class TestLoadMarket:
    def test_adds_a_market_with_all_that_belongs_to_it(self) -> None:
        assert load(GB) == (1 + 16 + 2 + 32 + 2, 0)
        market = get_market("GB", now=NOON)
        assert (market.name, market.is_open) == ("United Kingdom", True)
        assert {day.year for day in market.holidays} == {2025, 2026, 2027, 2028}
        (entry,) = AuditEntry.objects.all()
        assert (entry.action, entry.subject, entry.actor) == ("market.loaded", "market:GB", "test")

    def test_does_nothing_the_second_time(self) -> None:
        load(GB)
        with_the_first = _rows()
        assert load(GB) == (0, 0)
        assert _rows() == with_the_first

    def test_brings_new_holidays_as_the_years_pass(self) -> None:
        load(GB)
        assert load(GB, now=NOON.replace(year=2027)) == (8, 0)
        assert date(2029, 12, 25) in get_market("GB", now=NOON).holidays

    def test_announces_a_rate_and_leaves_the_one_before(self) -> None:
        load(GB)
        fields = gb()
        fields["tax_rates"].append({"categories": ["standard"], "valid_from": LATER, "rates_e5": {"": 21_000}})
        assert load(fields) == (1, 0)
        assert list_tax_rates("GB", "", now=NOON)["standard"] == 20_000
        assert list_tax_rates("GB", "", now=AFTER)["standard"] == 21_000

    def test_takes_a_rate_that_comes_late(self) -> None:
        load(GB)
        fields = gb()
        fields["tax_rates"].append({"categories": ["standard"], "valid_from": "2026-03-01", "rates_e5": {"": 21_000}})
        load(fields)
        assert list_tax_rates("GB", "", now=NOON)["standard"] == 21_000

    def test_changes_what_has_not_begun(self) -> None:
        fields = gb()
        fields["tax_rates"].append({"categories": ["standard"], "valid_from": LATER, "rates_e5": {"": 21_000}})
        fields["clocks"].append({"clock": "remorse", "amount": 60, "unit": "seconds", "valid_from": LATER})
        load(fields)
        fields["tax_rates"][-1]["rates_e5"] = {"": 22_000}
        fields["clocks"][-1]["amount"] = 120
        assert load(fields) == (0, 2)
        assert list_tax_rates("GB", "", now=AFTER)["standard"] == 22_000
        assert get_market("GB", now=AFTER).clocks["remorse"].amount == 120

    def test_changes_names_and_policies(self) -> None:
        load(GB)
        options = {"standard": "Royal post", "express": "Express delivery", "collect": "Collection"}
        fields = gb(name="Britain", tax_base_policy="BEFORE_PLATFORM_COUPON", delivery_options=options)
        assert load(fields) == (1, 3)
        market = get_market("GB", now=NOON)
        assert (market.name, market.tax_base_policy) == ("Britain", "BEFORE_PLATFORM_COUPON")
        assert {option.code: option.name for option in list_delivery_options("GB")} == options

    def test_removes_nothing_and_opens_nothing(self) -> None:
        load(GB)
        services.close_market(code="GB", actor="test", reason="", now=NOON)
        load(gb(delivery_options={}, holidays={"observance": "as_it_falls", "rules": []}))
        market = get_market("GB", now=NOON)
        assert not market.is_open
        assert len(market.holidays) == 32
        assert len(list_delivery_options("GB")) == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("currency", "EUR"),
            ("prices_include_tax", False),
            ("time_zone", "Europe/Dublin"),
            ("opened_on", "2025-02-01"),
        ],
    )
    def test_refuses_to_change_what_prices_and_deadlines_rest_on(self, field: str, value: object) -> None:
        load(GB)
        with refused(MarketFixed) as refusal:
            load(gb(name="Britain", **{field: value}))
        assert (refusal.value.market, refusal.value.field) == ("GB", field)

    def test_refuses_to_change_a_rate_that_has_begun(self) -> None:
        load(GB)
        fields = gb(name="Britain")
        fields["tax_rates"][0]["rates_e5"] = {"": 19_000}
        with refused(RuleBegun) as refusal:
            load(fields)
        assert (refusal.value.rule, refusal.value.valid_from) == ("standard", date(2011, 1, 4))

    def test_refuses_to_change_a_clock_that_begins_today(self) -> None:
        fields = gb()
        fields["clocks"].append({"clock": "remorse", "amount": 60, "unit": "seconds", "valid_from": LATER})
        load(fields)
        fields["clocks"][-1]["amount"] = 120
        with refused(RuleBegun) as refusal:
            load(fields, now=AFTER)
        assert (refusal.value.market, refusal.value.rule) == ("GB", "remorse")


@pytest.mark.django_db
class TestLoadStandardMarkets:
    def test_loads_the_six_and_then_nothing_more(self) -> None:
        first = services.load_standard_markets(now=NOON)
        assert [loaded.code for loaded in first] == ["BR", "DEMO", "FR", "GB", "JP", "US"]
        again = services.load_standard_markets(now=NOON + timedelta(hours=1))
        assert {(loaded.added_count, loaded.changed_count) for loaded in again} == {(0, 0)}


@pytest.mark.django_db
class TestOpenAndCloseMarket:
    def test_closes_and_opens_at_once(self) -> None:
        MarketFactory(code="XX")
        assert get_market("XX", now=NOON).is_open
        services.close_market(code="XX", actor="user:1", reason="stocktaking", now=NOON)
        assert not get_market("XX", now=NOON).is_open
        services.open_market(code="XX", actor="user:1", reason="", now=NOON)
        assert get_market("XX", now=NOON).is_open
        acts = AuditEntry.objects.order_by("id").values_list("action", "subject", "reason")
        assert list(acts) == [("market.closed", "market:XX", "stocktaking"), ("market.opened", "market:XX", "")]

    def test_does_nothing_to_what_is_open_already(self) -> None:
        MarketFactory(code="XX")
        services.open_market(code="XX", actor="user:1", reason="", now=NOON)
        assert not AuditEntry.objects.exists()

    def test_refuses_a_market_that_is_not_known(self) -> None:
        with refused(UnknownMarket):
            services.close_market(code="XX", actor="user:1", reason="", now=NOON)


@pytest.mark.django_db
class TestRows:
    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"category": "zero", "rate_e5": 0}, "markets_tax_rate_category"),
            ({"rate_e5": 100_001}, "markets_tax_rate_range"),
        ],
    )
    def test_refuse_a_rate_that_is_none(self, fields: dict[str, Any], constraint: str) -> None:
        market = MarketFactory(rules=False)
        with pytest.raises(IntegrityError, match=constraint):
            in_use_case(lambda: TaxRateFactory(market=market, **fields))
        assert not models.TaxRate.objects.exists()

    def test_refuse_two_rates_that_begin_on_one_day(self) -> None:
        rate = TaxRateFactory.create()
        with pytest.raises(IntegrityError):
            in_use_case(lambda: TaxRateFactory(market=rate.market, rate_e5=19_000))
        assert models.TaxRate.objects.get() == rate


class TestReadDefinition:
    @pytest.mark.parametrize(
        "changes",
        [
            {"tax_base_policy": "GROSS"},
            {"time_zone": "Europe/Atlantis"},
            {"time_zone": "../secrets"},
            {"opened_on": "1 January 2025"},
            {"prices_include_tax": "yes"},
            {"code": ""},
            {"code": "G" * 17},
            {"name": 7},
            {"colour": "blue"},
            {"clocks": [{"clock": "lunch", "amount": 1, "unit": "seconds", "valid_from": "2025-01-01"}]},
            {"clocks": [*GB["clocks"], GB["clocks"][0]]},
            {"clocks": GB["clocks"][:-1]},
            {"clocks": [*GB["clocks"][:-1], GB["clocks"][-1] | {"valid_from": "2025-01-02"}]},
            {"clocks": [*GB["clocks"][:-1], GB["clocks"][-1] | {"amount": True}]},
            {"clocks": [*GB["clocks"][:-1], GB["clocks"][-1] | {"amount": -1}]},
            {"clocks": [*GB["clocks"][:-1], GB["clocks"][-1] | {"cut_off": "14:00"}]},
            {"clocks": [*GB["clocks"][:-1], GB["clocks"][-1] | {"unit": "business_days", "amount": 0}]},
            {"tax_rates": []},
            {"tax_rates": GB["tax_rates"][:1]},
            {"tax_rates": [*GB["tax_rates"], {"categories": ["zero"], "valid_from": LATER, "rates_e5": {"": 0}}]},
            {"tax_rates": [{**GB["tax_rates"][0], "rates_e5": {"": 100_001}}, GB["tax_rates"][1]]},
            {"tax_rates": [{**GB["tax_rates"][0], "rates_e5": {"": 20.0}}, GB["tax_rates"][1]]},
            {"holidays": {"observance": "whenever", "rules": []}},
            {"holidays": {"observance": "as_it_falls", "rules": [{"name": "Never", "fixed": {"month": 13, "day": 1}}]}},
            {"holidays": {"observance": "as_it_falls", "rules": [{"name": "Nothing"}]}},
        ],
    )
    def test_refuses_what_defines_no_market(self, changes: dict[str, Any]) -> None:
        with pytest.raises(DefinitionMalformed) as refusal:
            definition_of(gb(**changes))
        assert refusal.value.reason

    @pytest.mark.parametrize("text", ["", "[]", "null", '"GB"', "{}", "{"])
    def test_refuses_what_is_no_object_of_json(self, text: str) -> None:
        with pytest.raises(DefinitionMalformed):
            read_definition(text)

    def test_refuses_a_currency_that_there_is_not(self) -> None:
        with pytest.raises(UnknownCurrency):
            definition_of(gb(currency="GBX"))
