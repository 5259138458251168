"""Reads: one market, its taxes and its delivery options, as of a moment.

# Note [Cached markets]
Every quote asks for a market and nothing of it changes more than a few times a year, so each process keeps all markets
in memory, with all their dated rules, for CACHE_TTL_S seconds of its own clock; five statements read them again. What
changes here is therefore seen at once by the process that changed it, and within CACHE_TTL_S by the others. What is in
force is picked from the kept rules by the day of the caller's `now`, once for each such day, so the cache never decides
it.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, TypeVar

from apps.markets import models
from apps.markets.calendar import local_day
from apps.markets.contracts import (
    WHOLE_MARKET,
    Clock,
    ClockRule,
    ClockUnit,
    DeliveryOption,
    Market,
    TaxBasePolicy,
    TaxCategory,
    TaxRate,
)
from apps.markets.effective import in_force
from apps.markets.errors import RegionUnknown, UnknownMarket
from tradecore.worlds import ByWorld

CACHE_TTL_S: Final = 5

RuleT = TypeVar("RuleT", ClockRule, TaxRate)


@dataclass(frozen=True, slots=True)
class _Book:
    """All that is known of one market, for all time: clock -> rules, region -> category -> rates, sorted by start.

    picked: the market as it stands on the days that were asked about.
    """

    row: models.Market
    clocks: Mapping[str, tuple[ClockRule, ...]]
    tax_rates: Mapping[str, Mapping[str, tuple[TaxRate, ...]]]
    holidays: frozenset[date]
    delivery_options: tuple[DeliveryOption, ...]
    picked: dict[date, Market] = field(default_factory=dict)


class _KeptBooks:
    """The books of all markets by code, as this process keeps them. Threads may read them twice, never half."""

    _kept: tuple[float, Mapping[str, _Book]] | None = None

    def all(self) -> Mapping[str, _Book]:
        kept, asked_at_s = self._kept, time.monotonic()
        if kept is None or asked_at_s - kept[0] > CACHE_TTL_S:
            kept = self._kept = (asked_at_s, _read_books())
        return kept[1]

    def forget(self) -> None:
        self._kept = None


_books: ByWorld[_KeptBooks] = ByWorld(_KeptBooks)


def get_market(code: str, *, now: datetime) -> Market:
    """The market as it stands at `now`. Refuses: UnknownMarket."""
    return _market(_book(code, now), now)


def list_markets(*, now: datetime) -> list[Market]:
    """All markets as they stand at `now`, by code; closed ones included."""
    return [_market(book, now) for book in _books.get().all().values() if _has_opened(book, now)]


def list_tax_rates(market_code: str, region: str, *, now: datetime) -> dict[str, int]:
    """Category -> rate in 1/100,000 at `now`: `{"standard": 20000, "reduced": 5000, "zero": 0}`.

    `region` is that of the delivery address. One without rates of its own is taxed by the rates of the whole market,
    and refused where there are none of those, because every rate is some region's.
    Refuses, in this order: UnknownMarket, RegionUnknown.
    """
    book = _book(market_code, now)
    rates = book.tax_rates.get(region) or book.tax_rates.get(WHOLE_MARKET)
    if rates is None:
        raise RegionUnknown(market=market_code, region=region[:16])
    today = local_day(book.row.time_zone, now)
    rated = {category: rate.rate_e5 for category, rate in _in_force(rates, today).items()}
    return rated | {TaxCategory.ZERO.value: 0}


def get_tax_jurisdiction(market_code: str, region: str, *, now: datetime) -> str:
    """Whose tax it is that an address in the region is charged: `US-NY`, or the market where it has one tax.

    Refuses: UnknownMarket.
    """
    book = _book(market_code, now)
    return f"{market_code}-{region}" if region != WHOLE_MARKET and region in book.tax_rates else market_code


def list_delivery_options(market_code: str) -> list[DeliveryOption]:
    """What buyers of the market choose from, by code. Refuses: UnknownMarket."""
    book = _books.get().all().get(market_code)
    if book is None:
        raise UnknownMarket(market=market_code[:16])
    return list(book.delivery_options)


def forget_markets() -> None:
    """Read the markets anew at the next question. See Note [Cached markets]."""
    _books.get().forget()


def _book(code: str, now: datetime) -> _Book:
    book = _books.get().all().get(code)
    if book is None or not _has_opened(book, now):
        raise UnknownMarket(market=code[:16])
    return book


def _has_opened(book: _Book, now: datetime) -> bool:
    return book.row.opened_on <= local_day(book.row.time_zone, now)


def _market(book: _Book, now: datetime) -> Market:
    today = local_day(book.row.time_zone, now)
    market = book.picked.get(today)
    if market is None:
        market = book.picked[today] = _pick(book, today)
    return market


def _pick(book: _Book, today: date) -> Market:
    row = book.row
    return Market(
        code=row.code,
        name=row.name,
        currency=row.currency,
        prices_include_tax=row.prices_include_tax,
        tax_base_policy=TaxBasePolicy(row.tax_base_policy),
        platform_remits_tax=row.platform_remits_tax,
        refunds_standard_delivery=row.refunds_standard_delivery,
        shipping_tax_category=TaxCategory(row.shipping_tax_category),
        time_zone=row.time_zone,
        is_open=row.is_open,
        clocks=_in_force(book.clocks, today),
        holidays=book.holidays,
    )


def _in_force(rules: Mapping[str, tuple[RuleT, ...]], on: date) -> dict[str, RuleT]:
    begun = {key: in_force(dated, on) for key, dated in rules.items()}
    return {key: rule for key, rule in begun.items() if rule is not None}


def _read_books() -> dict[str, _Book]:
    rows = models.Market.objects.order_by("code")
    parts = rows.prefetch_related("clock_rules", "tax_rates", "holidays", "delivery_options")
    return {row.code: _book_of(row) for row in parts}


def _book_of(row: models.Market) -> _Book:
    clocks: dict[str, list[ClockRule]] = defaultdict(list)
    for clock_row in row.clock_rules.all():
        clocks[clock_row.clock].append(clock_rule_of(clock_row))
    tax_rates: dict[str, dict[str, list[TaxRate]]] = defaultdict(lambda: defaultdict(list))
    for rate_row in row.tax_rates.all():
        tax_rates[rate_row.region][rate_row.category].append(tax_rate_of(rate_row))
    options = sorted(row.delivery_options.all(), key=lambda option: option.code)
    return _Book(
        row=row,
        clocks=_by_start(clocks),
        tax_rates={region: _by_start(rates) for region, rates in tax_rates.items()},
        holidays=frozenset(holiday.on for holiday in row.holidays.all()),
        delivery_options=tuple(DeliveryOption(code=option.code, name=option.name) for option in options),
    )


def clock_rule_of(row: models.ClockRule) -> ClockRule:
    """The contract of a stored rule."""
    return ClockRule(
        clock=Clock(row.clock),
        amount=row.amount,
        unit=ClockUnit(row.unit),
        valid_from=row.valid_from,
        cut_off=row.cut_off,
    )


def tax_rate_of(row: models.TaxRate) -> TaxRate:
    """The contract of a stored rate."""
    return TaxRate(
        region=row.region, category=TaxCategory(row.category), rate_e5=row.rate_e5, valid_from=row.valid_from
    )


def _by_start(rules: Mapping[str, list[RuleT]]) -> dict[str, tuple[RuleT, ...]]:
    return {key: tuple(sorted(dated, key=lambda rule: rule.valid_from)) for key, dated in rules.items()}
