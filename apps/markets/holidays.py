"""Which days are holidays: computed for any year from rules that are data of each market.

A rule names a day of each year; the observance of a country says where a holiday goes that falls on a weekend.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, Protocol

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_SUNDAY: Final = 6
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Holidays = Mapping[date, str]
"""Day -> name."""


class YearlyDay(Protocol):
    """A day that every year has."""

    def of(self, year: int) -> date: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same date each year."""

    month: int
    day: int

    def of(self, year: int) -> date:
        return date(year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The n-th such weekday of a month; counted from the end of the month when n is negative."""

    month: int
    weekday: str
    nth: int

    def of(self, year: int) -> date:
        weekday = WEEKDAYS.index(self.weekday)
        if self.nth > 0:
            first = date(year, self.month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=self.nth - 1)
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - _DAY
        return last - timedelta(days=(last.weekday() - weekday) % 7, weeks=-self.nth - 1)


@dataclass(frozen=True, slots=True)
class FromEaster:
    """So many days after Easter Sunday; before it when negative."""

    days: int

    def of(self, year: int) -> date:
        return easter_sunday(year) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Equinox:
    """The day of the equinox of March or September in Japan, 1980 to 2099 (the Ephemeris Computation Office's rule)."""

    month: int

    def of(self, year: int) -> date:
        base_e6 = {3: 20_843_100, 9: 23_248_800}[self.month]
        elapsed = year - 1980
        return date(year, self.month, (base_e6 + 242_194 * elapsed) // 1_000_000 - elapsed // 4)


@dataclass(frozen=True, slots=True)
class HolidayRule:
    """A named holiday, since the year in which it was introduced."""

    name: str
    day: YearlyDay
    from_year: int = 1


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The holidays of a country: its rules, and the name of its observance in OBSERVANCES."""

    observance: str
    rules: tuple[HolidayRule, ...]


def list_holidays(calendar: HolidayCalendar, *, first_year: int, last_year: int) -> Holidays:
    """The days of those years on which the country does not work because of a holiday, in order."""
    # A holiday may be observed across New Year, so the neighbouring years are computed too and cut off again.
    days = {
        rule.day.of(year): rule.name
        for year in range(first_year - 1, last_year + 2)
        for rule in calendar.rules
        if year >= rule.from_year
    }
    observed = OBSERVANCES[calendar.observance](days)
    return {day: observed[day] for day in sorted(observed) if first_year <= day.year <= last_year}


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher)."""
    century, year_of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - leap_centuries - moon_shift + 15) % 30
    leap_years, year_rest = divmod(year_of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    late = (year % 19 + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _as_it_falls(days: Holidays) -> Holidays:
    return days


def _nearest_weekday(days: Holidays) -> Holidays:
    """Saturday's holiday is observed on Friday, Sunday's on Monday (5 U.S.C. 6103)."""
    moves = {_SATURDAY: -_DAY, _SUNDAY: _DAY}
    return {day + moves.get(day.weekday(), timedelta()): name for day, name in days.items()}


def _next_free_weekday(days: Holidays) -> Holidays:
    """A weekend's holiday is made up for on the next weekday that is no holiday itself (United Kingdom)."""
    observed = {day: name for day, name in days.items() if day.weekday() < _SATURDAY}
    for day in sorted(days.keys() - observed.keys()):
        substitute = day
        while substitute.weekday() >= _SATURDAY or substitute in observed:
            substitute += _DAY
        observed[substitute] = f"{days[day]} (substitute day)"
    return observed


def _next_free_day_and_between(days: Holidays) -> Holidays:
    """Sunday's holiday moves to the next day that is none; a day between two is one too (Japan, Act 178, art. 3)."""
    observed = dict(days)
    for day in sorted(days):
        if day.weekday() == _SUNDAY:
            substitute = day + _DAY
            while substitute in days:
                substitute += _DAY
            observed[substitute] = f"{days[day]} (substitute day)"
        between = day + _DAY
        if between not in observed and between + _DAY in days:
            observed[between] = "Citizens' holiday"
    return observed


OBSERVANCES: Final[Mapping[str, Callable[[Holidays], Holidays]]] = MappingProxyType(
    {
        "as_it_falls": _as_it_falls,
        "nearest_weekday": _nearest_weekday,
        "next_free_weekday": _next_free_weekday,
        "next_free_day_and_between": _next_free_day_and_between,
    }
)
