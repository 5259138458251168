"""Which deadlines of the standard market a life would have missed."""

from datetime import datetime
from typing import Any

import pytest

from apps.integrations.replay.defaults import list_missed
from apps.integrations.replay.records import TenderType
from apps.markets.api import Clock, ClockRule, ClockUnit, Market, TaxBasePolicy, TaxCategory
from tests.integrations.replay.recorded import DAY, HOUR, MINUTE, PURCHASED, SECOND, plan, tender

SOON = PURCHASED + 10 * DAY
FAR = PURCHASED + 1000 * DAY

SLIP: dict[str, Any] = {"tenders": (tender(TenderType.BOLETO),)}

#: Cards half an hour, slips three days, an hour of remorse, two days to ship, seven until that cancels.
SECONDS = {
    Clock.PAY_CARD: 1800,
    Clock.PAY_SLIP: 3 * 86400,
    Clock.REMORSE: 3600,
    Clock.SHIP_BY: 2 * 86400,
    Clock.SHIP_CANCEL: 7 * 86400,
    Clock.COLLECT_CANCEL: 3 * 86400,
    Clock.LOST: 7 * 86400,
}
MARKET = Market(
    code="BR",
    name="Brazil",
    currency="BRL",
    prices_include_tax=True,
    tax_base_policy=TaxBasePolicy.NET_PAID,
    platform_remits_tax=False,
    refunds_standard_delivery=False,
    shipping_tax_category=TaxCategory.STANDARD,
    time_zone="America/Sao_Paulo",
    is_open=True,
    clocks={
        clock.value: ClockRule(clock, seconds, ClockUnit.SECONDS, PURCHASED.date())
        for clock, seconds in SECONDS.items()
    },
    holidays=frozenset(),
)


def missed(until: datetime = SOON, **parts: Any) -> list[Clock]:
    return list_missed(plan(**parts), market=MARKET, until=until)


class TestListMissed:
    def test_finds_none_in_a_quick_life(self) -> None:
        assert missed() == []

    def test_gives_a_deadline_its_last_second(self) -> None:
        assert missed(approved_at=PURCHASED + 30 * MINUTE) == []
        assert missed(approved_at=PURCHASED + 30 * MINUTE + SECOND) == [Clock.PAY_CARD]

    def test_measures_a_slip_by_its_own_clock(self) -> None:
        assert missed(**SLIP, approved_at=PURCHASED + HOUR) == []
        late = PURCHASED + 4 * DAY
        assert missed(**SLIP, approved_at=late, handed_over_at=late + DAY) == [Clock.PAY_SLIP]

    @pytest.mark.parametrize(
        ("days", "clocks"),
        [
            (1, []),
            (3, [Clock.SHIP_BY]),
            (4, [Clock.SHIP_BY, Clock.COLLECT_CANCEL]),
            (8, [Clock.SHIP_BY, Clock.SHIP_CANCEL, Clock.COLLECT_CANCEL]),
        ],
    )
    def test_measures_the_seller_by_the_hand_over(self, days: int, clocks: list[Clock]) -> None:
        handed_over_at = PURCHASED + days * DAY
        assert missed(handed_over_at=handed_over_at, delivered_at=handed_over_at + DAY) == clocks

    def test_finds_a_hand_over_within_the_remorse(self) -> None:
        assert missed(handed_over_at=PURCHASED + HOUR) == [Clock.REMORSE]
        assert missed(handed_over_at=PURCHASED + HOUR + MINUTE) == []

    def test_takes_a_parcel_for_lost_that_was_silent_for_too_long(self) -> None:
        assert missed(delivered_at=PURCHASED + 9 * DAY) == [Clock.LOST]

    def test_counts_what_had_not_happened_by_the_end_of_the_record(self) -> None:
        parts: dict[str, Any] = {"status": "shipped", "delivered_at": None}
        assert missed(until=PURCHASED + 3 * DAY, **parts) == []
        assert missed(until=FAR, **parts) == [Clock.LOST]

    def test_says_nothing_of_what_was_cancelled_before_it_happened(self) -> None:
        assert missed(until=FAR, status="canceled", handed_over_at=None, delivered_at=None) == []
