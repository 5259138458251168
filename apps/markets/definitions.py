"""What defines a market: a file of JSON, read strictly.

The shape is that of the files in `data/`, which are examples to copy. Of `notes` (what the data simplify) and rules of
`from_year` 1 apart, everything is required: a market with a gap would be found out by a buyer.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.markets.contracts import WHOLE_MARKET, Clock, ClockRule, ClockUnit, TaxBasePolicy, TaxCategory, TaxRate
from apps.markets.errors import DefinitionMalformed
from apps.markets.holidays import (
    OBSERVANCES,
    Equinox,
    Fixed,
    FromEaster,
    HolidayCalendar,
    HolidayRule,
    NthWeekday,
    YearlyDay,
)
from tradecore.money import TAX_SCALE, exponent_of

DATA: Final = Path(__file__).parent / "data"

DEMO_MARKET: Final = "DEMO"
"""The market whose clocks run for seconds, so that an order lives and dies while one watches."""

RATED_CATEGORIES: Final = (TaxCategory.STANDARD, TaxCategory.REDUCED)

_COMMON_YEAR: Final = 2025
_SECONDS_MAX: Final = 10 * 366 * 24 * 60 * 60

_YEARLY_DAYS: Final[Mapping[str, type[YearlyDay]]] = MappingProxyType(
    {"fixed": Fixed, "nth_weekday": NthWeekday, "from_easter": FromEaster, "equinox": Equinox}
)


@dataclass(frozen=True, slots=True)
class MarketDefinition:
    """Everything that is known of a market. From `opened_on` on, each clock and each rate of a region has a rule."""

    code: str
    name: str
    currency: str
    prices_include_tax: bool
    tax_base_policy: TaxBasePolicy
    platform_remits_tax: bool
    refunds_standard_delivery: bool
    shipping_tax_category: TaxCategory
    time_zone: str
    opened_on: date
    delivery_options: Mapping[str, str]
    clocks: tuple[ClockRule, ...]
    tax_rates: tuple[TaxRate, ...]
    holidays: HolidayCalendar
    notes: str


def read_definition(text: str) -> MarketDefinition:
    """Read a definition from JSON.

    Refuses, in this order: DefinitionMalformed, UnknownCurrency, DefinitionMalformed again for what has a gap.
    """
    try:
        definition = _definition(**json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DefinitionMalformed(reason=_in_words(error)) from error
    exponent_of(definition.currency)
    _check_starts(definition.opened_on, [clock.value for clock in Clock], definition.clocks)
    _check_starts(definition.opened_on, _series_of_rates(definition), definition.tax_rates)
    return definition


def _in_words(error: Exception) -> str:
    """What is wrong with a file, without the names of what read it."""
    match error:
        case json.JSONDecodeError():
            return f"it is not JSON: {error}"
        case KeyError():
            return f"{error} is not known"
        case AttributeError():
            return "something in it is not of the form that it has in the files that are shipped"
    words = re.sub(r"^\w+\(\) ", "", str(error))
    return words.replace("required keyword-only argument", "member").replace("keyword argument", "member")


def read_standard_definitions() -> tuple[MarketDefinition, ...]:
    """The markets that are shipped: US, GB, FR, JP, BR and the demo market, by code."""
    return tuple(read_definition(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.json")))


def _definition(  # noqa: PLR0913 - these are the keys of a file, and Python refuses others
    *,
    code: str,
    name: str,
    currency: str,
    prices_include_tax: bool,
    tax_base_policy: str,
    platform_remits_tax: bool,
    refunds_standard_delivery: bool,
    shipping_tax_category: str,
    time_zone: str,
    opened_on: str,
    delivery_options: Mapping[str, str],
    clocks: Iterable[Mapping[str, Any]],
    tax_rates: Iterable[Mapping[str, Any]],
    holidays: Mapping[str, Any],
    notes: Iterable[str] = (),
) -> MarketDefinition:
    return MarketDefinition(
        code=_text(code, 16),
        name=_text(name, 60),
        currency=_text(currency, 3),
        prices_include_tax=_yes_or_no(prices_include_tax),
        tax_base_policy=TaxBasePolicy(tax_base_policy),
        platform_remits_tax=_yes_or_no(platform_remits_tax),
        refunds_standard_delivery=_yes_or_no(refunds_standard_delivery),
        shipping_tax_category=TaxCategory(shipping_tax_category),
        time_zone=ZoneInfo(_text(time_zone, 40)).key,
        opened_on=date.fromisoformat(opened_on),
        delivery_options={_text(option, 20): _text(label, 60) for option, label in delivery_options.items()},
        clocks=tuple(_clock_rule(**clock) for clock in clocks),
        tax_rates=tuple(rate for rates in tax_rates for rate in _tax_rates(**rates)),
        holidays=_holiday_calendar(**holidays),
        notes="\n".join(notes),
    )


def _clock_rule(*, clock: str, amount: int, unit: str, valid_from: str, cut_off: str | None = None) -> ClockRule:
    counts_days = ClockUnit(unit) is ClockUnit.BUSINESS_DAYS
    if cut_off is not None and not counts_days:
        raise ValueError(f"{clock}: only business days have a cut-off")
    return ClockRule(
        clock=Clock(clock),
        amount=_whole(amount, 1, 366) if counts_days else _whole(amount, 0, _SECONDS_MAX),
        unit=ClockUnit(unit),
        valid_from=date.fromisoformat(valid_from),
        cut_off=None if cut_off is None else time.fromisoformat(cut_off),
    )


def _tax_rates(*, categories: Iterable[str], valid_from: str, rates_e5: Mapping[str, int]) -> list[TaxRate]:
    """The rates of several regions and categories that begin on one day."""
    start = date.fromisoformat(valid_from)
    return [
        TaxRate(
            region=region and _text(region, 10),
            category=_rated(category),
            rate_e5=_whole(rate_e5, 0, TAX_SCALE),
            valid_from=start,
        )
        for category, (region, rate_e5) in product(categories, rates_e5.items())
    ]


def _rated(category: str) -> TaxCategory:
    if category == TaxCategory.ZERO:
        raise ValueError("the category zero has no rate but 0")
    return TaxCategory(category)


def _holiday_calendar(*, observance: str, rules: Iterable[Mapping[str, Any]]) -> HolidayCalendar:
    if observance not in OBSERVANCES:
        raise ValueError(f"{observance!r} is not one of {', '.join(OBSERVANCES)}")
    return HolidayCalendar(observance=observance, rules=tuple(_holiday_rule(**rule) for rule in rules))


def _holiday_rule(*, name: str, from_year: int = 1, **day: Mapping[str, Any]) -> HolidayRule:
    ((kind, fields),) = day.items()
    yearly_day = _YEARLY_DAYS[kind](**fields)
    yearly_day.of(_COMMON_YEAR)  # fields that make no day are found out here
    return HolidayRule(name=_text(name, 80), day=yearly_day, from_year=_whole(from_year, 1, 9999))


def _text(value: object, length_max: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= length_max:
        raise ValueError(f"{value!r} is not a text of 1 to {length_max} characters")
    return value


def _whole(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r} is not a whole number from {least} to {most}")
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _check_starts(opened_on: date, wanted: Iterable[str], rules: Iterable[ClockRule | TaxRate]) -> None:
    """Each wanted series has begun when the market opens, and begins once on any day."""
    starts: dict[str, list[date]] = {series: [] for series in wanted}
    for rule in rules:
        starts[rule.series].append(rule.valid_from)
    for series, days in starts.items():
        if min(days, default=date.max) > opened_on:
            raise DefinitionMalformed(reason=f"{series} has no rule on {opened_on}")
        if len(set(days)) < len(days):
            raise DefinitionMalformed(reason=f"{series} has two rules that begin on one day")


def _series_of_rates(definition: MarketDefinition) -> list[str]:
    regions = {rate.region for rate in definition.tax_rates} or {WHOLE_MARKET}
    return [f"{category} {region}".rstrip() for region, category in product(sorted(regions), RATED_CATEGORIES)]
