"""When a clock runs out: elapsed seconds, or business days of a market's own calendar.

# Note [Business days]
A business day of a market is a local day that is neither Saturday nor Sunday nor one of its holidays. n business days
after a start end with the n-th business day after the day of the start, at 23:59:59 local time. The day of the start
never counts; with a cut-off, what starts later in the day counts as started on the day after. Local days are as long
as the clocks of the place make them, 23 and 25 hours included; where 23:59:59 comes twice, the later one is the end.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.markets.contracts import ClockRule, ClockUnit, Market

_DAY = timedelta(days=1)
_END_OF_DAY = time(23, 59, 59, fold=1)
_SATURDAY = 5


def deadline(*, market: Market, clock: str, start: datetime) -> datetime:
    """When the clock runs out (UTC) that starts at `start`, by Note [Business days] or by the second."""
    rule = market.clocks[clock]
    if rule.unit is ClockUnit.SECONDS:
        return start.astimezone(UTC) + timedelta(seconds=rule.amount)
    zone = ZoneInfo(market.time_zone)
    first = _day_of_start(rule, start.astimezone(zone))
    last = add_business_days(first, rule.amount, holidays=market.holidays)
    return datetime.combine(last, _END_OF_DAY, tzinfo=zone).astimezone(UTC)


def duration(*, market: Market, clock: str) -> timedelta:
    """How long a clock of seconds runs. Raises ValueError for one of business days: those have no one length."""
    rule = market.clocks[clock]
    if rule.unit is not ClockUnit.SECONDS:
        raise ValueError(f"{market.code}: the clock {clock} counts {rule.unit}")
    return timedelta(seconds=rule.amount)


def local_day(time_zone: str, moment: datetime) -> date:
    """The day that it is at that moment in that time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def add_business_days(day: date, count: int, *, holidays: frozenset[date]) -> date:
    """The count-th business day after a day; the day itself when count is 0."""
    while count > 0:
        day += _DAY
        count -= is_business_day(day, holidays=holidays)
    return day


def is_business_day(day: date, *, holidays: frozenset[date]) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays


def _day_of_start(rule: ClockRule, local_start: datetime) -> date:
    is_late = rule.cut_off is not None and local_start.time() > rule.cut_off
    return local_start.date() + _DAY if is_late else local_start.date()
