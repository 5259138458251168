"""Holidays: computed, and compared with the days that the governments announced."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.markets.definitions import read_standard_definitions
from apps.markets.holidays import NthWeekday, easter_sunday, list_holidays

CALENDARS = {definition.code: definition.holidays for definition in read_standard_definitions()}

# As announced: opm.gov, gov.uk (England and Wales), service-public.fr, cao.go.jp, gov.br (national holidays).
ANNOUNCED = {
    ("US", 2025): "0101 0120 0217 0526 0619 0704 0901 1013 1111 1127 1225",
    ("US", 2026): "0101 0119 0216 0525 0619 0703 0907 1012 1111 1126 1225",
    ("US", 2027): "0101 0118 0215 0531 0618 0705 0906 1011 1111 1125 1224 1231",
    ("GB", 2025): "0101 0418 0421 0505 0526 0825 1225 1226",
    ("GB", 2026): "0101 0403 0406 0504 0525 0831 1225 1228",
    ("GB", 2027): "0101 0326 0329 0503 0531 0830 1227 1228",
    ("FR", 2025): "0101 0421 0501 0508 0529 0609 0714 0815 1101 1111 1225",
    ("FR", 2026): "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225",
    ("FR", 2027): "0101 0329 0501 0506 0508 0517 0714 0815 1101 1111 1225",
    ("JP", 2025): "0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0721 0811 0915 0923 1013 1103 1123 1124",
    ("JP", 2026): "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
    ("JP", 2027): "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123",
    ("BR", 2025): "0101 0418 0421 0501 0907 1012 1102 1115 1120 1225",
    ("BR", 2026): "0101 0403 0421 0501 0907 1012 1102 1115 1120 1225",
    ("BR", 2027): "0101 0326 0421 0501 0907 1012 1102 1115 1120 1225",
    ("DEMO", 2026): "",
}

EASTER_SUNDAYS = [
    date(2018, 4, 1),
    date(2024, 3, 31),
    date(2025, 4, 20),
    date(2026, 4, 5),
    date(2027, 3, 28),
    date(2028, 4, 16),
    date(2038, 4, 25),  # the latest that it can be
    date(2285, 3, 22),  # the earliest
]


class TestListHolidays:
    @pytest.mark.parametrize(("country", "year"), sorted(ANNOUNCED))
    def test_finds_the_days_that_were_announced(self, country: str, year: int) -> None:
        days = list_holidays(CALENDARS[country], first_year=year, last_year=year)
        assert [f"{day:%m%d}" for day in days] == ANNOUNCED[country, year].split()

    def test_observes_a_new_year_on_saturday_in_the_old_year(self) -> None:
        days = list_holidays(CALENDARS["US"], first_year=2027, last_year=2027)
        assert days[date(2027, 12, 31)] == "New Year's Day"

    def test_gives_two_holidays_of_one_weekend_a_substitute_each(self) -> None:
        days = list_holidays(CALENDARS["GB"], first_year=2027, last_year=2027)
        assert days[date(2027, 12, 27)] == "Christmas Day (substitute day)"
        assert days[date(2027, 12, 28)] == "Boxing Day (substitute day)"

    def test_makes_a_holiday_of_the_day_between_two(self) -> None:
        days = list_holidays(CALENDARS["JP"], first_year=2026, last_year=2026)
        assert days[date(2026, 9, 22)] == "Citizens' holiday"

    def test_leaves_out_what_was_not_a_holiday_yet(self) -> None:
        days = list_holidays(CALENDARS["BR"], first_year=2023, last_year=2024)
        assert date(2023, 11, 20) not in days
        assert date(2024, 11, 20) in days

    @given(first=st.integers(2000, 2080), years=st.integers(0, 5), country=st.sampled_from(sorted(CALENDARS)))
    def test_is_the_same_whichever_years_are_asked_for_together(self, first: int, years: int, country: str) -> None:
        together = list_holidays(CALENDARS[country], first_year=first, last_year=first + years)
        one_by_one: dict[date, str] = {}
        for year in range(first, first + years + 1):
            one_by_one |= list_holidays(CALENDARS[country], first_year=year, last_year=year)
        assert together == one_by_one
        assert list(together) == sorted(together)


class TestEasterSunday:
    @pytest.mark.parametrize("sunday", EASTER_SUNDAYS)
    def test_is_the_day_of_the_tables(self, sunday: date) -> None:
        assert easter_sunday(sunday.year) == sunday

    @given(st.integers(1583, 4099))
    def test_is_a_sunday_between_22_march_and_25_april(self, year: int) -> None:
        sunday = easter_sunday(year)
        assert sunday.weekday() == 6
        assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


class TestNthWeekday:
    @given(st.integers(1990, 2100), st.integers(1, 12), st.integers(1, 4))
    def test_counts_from_the_beginning(self, year: int, month: int, nth: int) -> None:
        day = NthWeekday(month=month, weekday="monday", nth=nth).of(year)
        assert (day.year, day.month, day.weekday()) == (year, month, 0)
        assert (day.day - 1) // 7 == nth - 1

    @given(st.integers(1990, 2100), st.integers(1, 12))
    def test_counts_from_the_end_when_negative(self, year: int, month: int) -> None:
        day = NthWeekday(month=month, weekday="friday", nth=-1).of(year)
        assert (day.year, day.month, day.weekday()) == (year, month, 4)
        assert (day + timedelta(days=7)).month != month
