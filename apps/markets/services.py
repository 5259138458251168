"""Writes: loading what defines a market, and opening and closing it.

# Note [Loading]
A definition adds what is not there yet and changes what may still change: names, policies, notes, and rules that have
not begun. It removes nothing, and closes and opens nothing. So loading it again does nothing, and a later edition of
the shipped files brings its new rates and holidays to markets that are in use. A rule may be added with a start that
has passed: what was bought meanwhile keeps the terms that were frozen with it. Two loads at once are told apart by the
unique constraints, and the later one changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Final, TypeVar

from apps.markets import models, selectors
from apps.markets.calendar import local_day
from apps.markets.contracts import ClockRule, LoadedMarket, TaxRate
from apps.markets.definitions import MarketDefinition, read_standard_definitions
from apps.markets.errors import MarketFixed, RuleBegun, UnknownMarket
from apps.markets.holidays import list_holidays
from tradecore import audit, db

# A deadline reaches at most a year and a half ahead, so whoever loads once a year never runs out of holidays.
HOLIDAY_YEARS_BEHIND: Final = 1
HOLIDAY_YEARS_AHEAD: Final = 2

_FIXED_FIELDS: Final = ("currency", "prices_include_tax", "time_zone", "opened_on")
_FREE_FIELDS: Final = (
    "name",
    "tax_base_policy",
    "platform_remits_tax",
    "refunds_standard_delivery",
    "shipping_tax_category",
    "notes",
)

RuleT = TypeVar("RuleT", ClockRule, TaxRate)


def load_standard_markets(*, now: datetime) -> list[LoadedMarket]:
    """Load the markets that are shipped, each in a transaction of its own. Refuses as `load_market` does."""
    return [load_market(definition=definition, actor="system", now=now) for definition in read_standard_definitions()]


def load_market(*, definition: MarketDefinition, actor: str, now: datetime) -> LoadedMarket:
    """Bring a market to what its definition says, by Note [Loading]; its holidays for the years around `now`.

    Refuses, in this order: MarketFixed, RuleBegun.
    """
    loaded = _load(definition=definition, actor=actor, now=now)
    selectors.forget_markets()
    return loaded


def open_market(*, code: str, actor: str, reason: str, now: datetime) -> None:
    """Let the market take purchases. Opening what is open changes nothing. Refuses: UnknownMarket."""
    _set_open(code=code, is_open=True, actor=actor, reason=reason, now=now)
    selectors.forget_markets()


def close_market(*, code: str, actor: str, reason: str, now: datetime) -> None:
    """Let the market take no new purchases. Closing what is closed changes nothing. Refuses: UnknownMarket."""
    _set_open(code=code, is_open=False, actor=actor, reason=reason, now=now)
    selectors.forget_markets()


@db.use_case
def _load(*, definition: MarketDefinition, actor: str, now: datetime) -> LoadedMarket:
    today = local_day(definition.time_zone, now)
    market, done = _load_row(definition)
    done += _load_clocks(market, definition.clocks, today)
    done += _load_tax_rates(market, definition.tax_rates, today)
    done += _load_holidays(market, definition, today)
    done += _load_delivery_options(market, definition)
    loaded = LoadedMarket(code=market.code, added_count=done["added"], changed_count=done["changed"])
    if done.total():
        audit.record(actor=actor, action="market.loaded", subject=f"market:{market.code}", after=loaded, now=now)
    return loaded


def _load_row(definition: MarketDefinition) -> tuple[models.Market, Counter[str]]:
    row = models.Market.objects.filter(code=definition.code).first()
    if row is None:
        fields = {field: getattr(definition, field) for field in (*_FIXED_FIELDS, *_FREE_FIELDS)}
        return models.Market.objects.create(code=definition.code, **fields), Counter(added=1)
    for field in _FIXED_FIELDS:
        if getattr(row, field) != getattr(definition, field):
            raise MarketFixed(market=row.code, field=field)
    changed = {field: getattr(definition, field) for field in _FREE_FIELDS}
    changed = {field: value for field, value in changed.items() if getattr(row, field) != value}
    if changed:
        models.Market.objects.filter(pk=row.pk).update(**changed)
    return row, Counter(changed=len(changed))


def _load_clocks(market: models.Market, wanted: Iterable[ClockRule], today: date) -> Counter[str]:
    stored = [selectors.clock_rule_of(row) for row in market.clock_rules.all()]
    new, changed = _compare(market, stored, wanted, today)
    db.insert_later(*(models.ClockRule(market=market, **asdict(rule)) for rule in new))
    for rule in changed:
        market.clock_rules.filter(clock=rule.clock, valid_from=rule.valid_from).update(**asdict(rule))
    return Counter(added=len(new), changed=len(changed))


def _load_tax_rates(market: models.Market, wanted: Iterable[TaxRate], today: date) -> Counter[str]:
    stored = [selectors.tax_rate_of(row) for row in market.tax_rates.all()]
    new, changed = _compare(market, stored, wanted, today)
    db.insert_later(*(models.TaxRate(market=market, **asdict(rate)) for rate in new))
    for rate in changed:
        series = market.tax_rates.filter(region=rate.region, category=rate.category)
        series.filter(valid_from=rate.valid_from).update(rate_e5=rate.rate_e5)
    return Counter(added=len(new), changed=len(changed))


def _compare(
    market: models.Market, stored: Iterable[RuleT], wanted: Iterable[RuleT], today: date
) -> tuple[list[RuleT], list[RuleT]]:
    """The wanted rules that are new, and those that are stored otherwise. Refuses: RuleBegun."""
    known = {(rule.series, rule.valid_from): rule for rule in stored}
    new: list[RuleT] = []
    changed: list[RuleT] = []
    for rule in wanted:
        before = known.get((rule.series, rule.valid_from))
        if before is None:
            new.append(rule)
        elif before != rule:
            if rule.valid_from <= today:
                raise RuleBegun(market=market.code, rule=rule.series, valid_from=rule.valid_from)
            changed.append(rule)
    return new, changed


def _load_holidays(market: models.Market, definition: MarketDefinition, today: date) -> Counter[str]:
    first_year, last_year = today.year - HOLIDAY_YEARS_BEHIND, today.year + HOLIDAY_YEARS_AHEAD
    stored = set(market.holidays.values_list("on", flat=True))
    days = list_holidays(definition.holidays, first_year=first_year, last_year=last_year)
    new = [models.Holiday(market=market, on=day, name=name) for day, name in days.items() if day not in stored]
    db.insert_later(*new)
    return Counter(added=len(new))


def _load_delivery_options(market: models.Market, definition: MarketDefinition) -> Counter[str]:
    stored = dict(market.delivery_options.values_list("code", "name"))
    new = definition.delivery_options.keys() - stored.keys()
    db.insert_later(
        *(models.DeliveryOption(market=market, code=code, name=definition.delivery_options[code]) for code in new)
    )
    renamed = {code: name for code, name in definition.delivery_options.items() if stored.get(code, name) != name}
    for code, name in renamed.items():
        market.delivery_options.filter(code=code).update(name=name)
    return Counter(added=len(new), changed=len(renamed))


@db.use_case
def _set_open(*, code: str, is_open: bool, actor: str, reason: str, now: datetime) -> None:
    market = models.Market.objects.filter(code=code)
    if market.exclude(is_open=is_open).update(is_open=is_open):
        action = "market.opened" if is_open else "market.closed"
        audit.record(actor=actor, action=action, subject=f"market:{code}", reason=reason, now=now)
    elif not market.exists():
        raise UnknownMarket(market=code[:16])
