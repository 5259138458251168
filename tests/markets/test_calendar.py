"""Deadlines: by the second, or by the business days of a place."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.markets.calendar import add_business_days, deadline, duration, is_business_day
from apps.markets.contracts import Clock, ClockRule, ClockUnit, Market, TaxBasePolicy, TaxCategory

SOME_DAY = date(2025, 1, 1)


def market_with(
    amount: int,
    unit: ClockUnit = ClockUnit.BUSINESS_DAYS,
    *,
    time_zone: str = "UTC",
    holidays: frozenset[date] = frozenset(),
    cut_off: time | None = None,
) -> Market:
    """A market of which only the clock `ship_by` matters."""
    rule = ClockRule(clock=Clock.SHIP_BY, amount=amount, unit=unit, valid_from=SOME_DAY, cut_off=cut_off)
    return Market(
        code="XX",
        name="Somewhere",
        currency="EUR",
        prices_include_tax=True,
        tax_base_policy=TaxBasePolicy.NET_PAID,
        platform_remits_tax=False,
        refunds_standard_delivery=True,
        shipping_tax_category=TaxCategory.STANDARD,
        time_zone=time_zone,
        is_open=True,
        clocks={"ship_by": rule},
        holidays=holidays,
    )


def local(time_zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone))


def ship_by(market: Market, start: datetime) -> datetime:
    return deadline(market=market, clock=Clock.SHIP_BY, start=start)


class TestDeadlineInSeconds:
    def test_is_so_many_seconds_later(self) -> None:
        market = market_with(1800, ClockUnit.SECONDS, time_zone="America/Los_Angeles")
        start = datetime(2026, 3, 11, 12, tzinfo=UTC)
        assert ship_by(market, start) == datetime(2026, 3, 11, 12, 30, tzinfo=UTC)

    def test_counts_elapsed_time_when_the_clocks_change(self) -> None:
        market = market_with(24 * 3600, ClockUnit.SECONDS, time_zone="Europe/London")
        start = local("Europe/London", "2026-03-28T12:00")
        assert ship_by(market, start) == local("Europe/London", "2026-03-29T13:00")

    def test_is_in_utc(self) -> None:
        market = market_with(1, ClockUnit.SECONDS)
        assert ship_by(market, local("Asia/Tokyo", "2026-03-11")).tzinfo is UTC


class TestDeadlineInBusinessDays:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-03-09T10:00", "2026-03-11"),  # Monday -> Wednesday
            ("2026-03-12T10:00", "2026-03-16"),  # Thursday -> Monday
            ("2026-03-13T10:00", "2026-03-17"),  # Friday -> Tuesday
            ("2026-03-14T10:00", "2026-03-17"),  # Saturday -> Tuesday
            ("2026-03-15T10:00", "2026-03-17"),  # Sunday -> Tuesday
        ],
    )
    def test_is_the_end_of_the_second_day_that_is_worked(self, start: str, end: str) -> None:
        market = market_with(2)
        assert ship_by(market, local("UTC", start)) == local("UTC", f"{end}T23:59:59")

    def test_skips_holidays_and_the_turn_of_the_year(self) -> None:
        holidays = frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)})
        market = market_with(5, time_zone="Europe/London", holidays=holidays)
        # Christmas Eve is a Thursday; the 29th to 31st, then the 4th and 5th of January are worked.
        assert ship_by(market, local("Europe/London", "2026-12-24T09:00")) == local(
            "Europe/London", "2027-01-05T23:59:59"
        )

    def test_takes_the_day_from_the_clock_on_the_wall(self) -> None:
        market = market_with(1, time_zone="America/Los_Angeles")
        # 02:00 UTC on Thursday is still Wednesday evening there.
        start = datetime(2026, 1, 15, 2, tzinfo=UTC)
        assert ship_by(market, start) == local("America/Los_Angeles", "2026-01-15T23:59:59")

    def test_ends_with_the_local_day_after_the_clocks_went_forward(self) -> None:
        market = market_with(1, time_zone="America/Los_Angeles")
        friday = local("America/Los_Angeles", "2026-03-06T12:00")
        assert ship_by(market, friday) == datetime(2026, 3, 10, 6, 59, 59, tzinfo=UTC)

    def test_ends_with_the_local_day_after_the_clocks_went_back(self) -> None:
        market = market_with(1, time_zone="America/Los_Angeles")
        friday = local("America/Los_Angeles", "2026-10-30T12:00")
        assert ship_by(market, friday) == datetime(2026, 11, 3, 7, 59, 59, tzinfo=UTC)

    def test_ends_with_the_later_of_two_last_seconds(self) -> None:
        # Cairo put its clocks back from 24:00 to 23:00 on that Thursday.
        market = market_with(1, time_zone="Africa/Cairo")
        wednesday = local("Africa/Cairo", "2025-10-29T12:00")
        assert ship_by(market, wednesday) == datetime(2025, 10, 30, 21, 59, 59, tzinfo=UTC)


class TestCutOff:
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-03-09T14:00:00", "2026-03-10"),  # at the cut-off: still Monday's
            ("2026-03-09T14:00:01", "2026-03-11"),  # after it: Tuesday's
            ("2026-03-13T14:00:01", "2026-03-16"),  # Friday's goes to Saturday, which is not worked either way
        ],
    )
    def test_sends_what_is_late_to_the_day_after(self, start: str, end: str) -> None:
        market = market_with(1, cut_off=time(14, 0))
        assert ship_by(market, local("UTC", start)) == local("UTC", f"{end}T23:59:59")

    def test_is_local(self) -> None:
        market = market_with(1, time_zone="Asia/Tokyo", cut_off=time(14, 0))
        assert ship_by(market, local("Asia/Tokyo", "2026-03-09T15:00")) == local("Asia/Tokyo", "2026-03-11T23:59:59")


zones = st.sampled_from(["America/Los_Angeles", "Europe/London", "Europe/Paris", "Asia/Tokyo", "America/Sao_Paulo"])
first_moment, last_moment = datetime(2015, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
moments = st.datetimes(first_moment, last_moment, timezones=st.just(UTC))
holiday_sets = st.frozensets(st.dates(min_value=date(2015, 1, 1), max_value=date(2036, 1, 1)), max_size=40)
counts = st.integers(min_value=1, max_value=60)


class TestBusinessDaysAlways:
    @given(zone=zones, start=moments, count=counts, holidays=holiday_sets)
    def test_end_at_the_last_second_of_a_day_that_is_worked(
        self, zone: str, start: datetime, count: int, holidays: frozenset[date]
    ) -> None:
        end = ship_by(market_with(count, time_zone=zone, holidays=holidays), start).astimezone(ZoneInfo(zone))
        assert end.time() == time(23, 59, 59)
        assert is_business_day(end.date(), holidays=holidays)

    @given(zone=zones, start=moments, count=counts, holidays=holiday_sets)
    def test_leave_the_seller_that_many_whole_days(
        self, zone: str, start: datetime, count: int, holidays: frozenset[date]
    ) -> None:
        end = ship_by(market_with(count, time_zone=zone, holidays=holidays), start).astimezone(ZoneInfo(zone)).date()
        day, worked = start.astimezone(ZoneInfo(zone)).date(), 0
        while day < end:
            day += timedelta(days=1)
            worked += is_business_day(day, holidays=holidays)
        assert worked == count

    @given(zone=zones, start=moments, later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
    def test_never_end_earlier_for_what_starts_later(self, zone: str, start: datetime, later: timedelta) -> None:
        market = market_with(2, time_zone=zone, cut_off=time(14, 0))
        assert ship_by(market, start) <= ship_by(market, start + later)

    @given(day=st.dates(date(2015, 1, 1), date(2035, 1, 1)), first=counts, second=counts, holidays=holiday_sets)
    def test_add_up(self, day: date, first: int, second: int, holidays: frozenset[date]) -> None:
        in_two_steps = add_business_days(add_business_days(day, first, holidays=holidays), second, holidays=holidays)
        assert add_business_days(day, first + second, holidays=holidays) == in_two_steps


class TestDuration:
    def test_is_that_of_a_clock_of_seconds(self) -> None:
        market = market_with(1800, ClockUnit.SECONDS)
        assert duration(market=market, clock="ship_by") == timedelta(minutes=30)

    def test_is_not_had_of_business_days(self) -> None:
        with pytest.raises(ValueError, match="business_days"):
            duration(market=market_with(2), clock="ship_by")
