"""The markets that are shipped: complete, and right where it is known what is right."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.markets import api as markets
from tests.support import NOON

pytestmark = pytest.mark.usefixtures("standard_markets")

_STATES = """
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY
"""
STATES = _STATES.split()


def rates(market: str, region: str = "", *, now: datetime = NOON) -> tuple[int, int, int]:
    found = markets.list_tax_rates(market, region, now=now)
    assert found.keys() == {"standard", "reduced", "zero"}
    return found["standard"], found["reduced"], found["zero"]


class TestMarketsThatAreShipped:
    def test_are_these(self) -> None:
        shipped = [
            (market.code, market.currency, market.prices_include_tax) for market in markets.list_markets(now=NOON)
        ]
        assert shipped == [
            ("BR", "BRL", True),
            ("DEMO", "GBP", True),
            ("FR", "EUR", True),
            ("GB", "GBP", True),
            ("JP", "JPY", True),
            ("US", "USD", False),
        ]

    def test_have_a_rule_for_every_clock_and_a_way_to_deliver(self) -> None:
        for market in markets.list_markets(now=NOON):
            assert market.clocks.keys() == set(markets.Clock)
            assert [option.code for option in markets.list_delivery_options(market.code)] == ["express", "standard"]

    @pytest.mark.parametrize(
        ("market", "expected"),
        [("GB", (20_000, 5_000, 0)), ("FR", (20_000, 5_500, 0)), ("JP", (10_000, 8_000, 0)), ("BR", (0, 0, 0))],
    )
    def test_tax_a_whole_country_alike(self, market: str, expected: tuple[int, int, int]) -> None:
        assert rates(market) == rates(market, "anywhere") == expected

    @pytest.mark.parametrize(("market", "days"), [("US", 15), ("JP", 15), ("BR", 15), ("GB", 30), ("FR", 30)])
    def test_have_the_default_clocks(self, market: str, days: int) -> None:
        found = markets.get_market(market, now=NOON)
        lengths = {
            clock: markets.duration(market=found, clock=clock)
            for clock, rule in found.clocks.items()
            if rule.unit is markets.ClockUnit.SECONDS
        }
        assert lengths == {
            "quote": timedelta(minutes=15),
            "pay_card": timedelta(minutes=30),
            "pay_slip": timedelta(days=3),
            "remorse": timedelta(hours=1),
            "cancel_request": timedelta(days=1),
            "lost": timedelta(days=7),
            "after_sales": timedelta(days=days),
            "case_review": timedelta(days=2),
            "case_escalate": timedelta(days=2),
            "case_answer_offer": timedelta(days=2),
            "case_buyer_ship": timedelta(days=5),
            "case_inspect": timedelta(days=8),
            "case_arbitrate": timedelta(days=5),
        }
        business_days = {clock: rule.amount for clock, rule in found.clocks.items() if clock not in lengths}
        assert business_days == {"ship_by": 2, "ship_cancel": 7, "collect_cancel": 3}

    @pytest.mark.parametrize(
        ("market", "start", "end"),
        [
            # Over the Fourth of July 2026, observed on Friday; 23:59:59 on the Pacific coast.
            ("US", datetime(2026, 7, 2, 17, tzinfo=UTC), datetime(2026, 7, 8, 6, 59, 59, tzinfo=UTC)),
            # Over Easter, out of winter time into summer time.
            ("GB", datetime(2027, 3, 25, 12, tzinfo=UTC), datetime(2027, 3, 31, 22, 59, 59, tzinfo=UTC)),
            # Over Golden Week.
            ("JP", datetime(2026, 5, 1, 3, tzinfo=UTC), datetime(2026, 5, 8, 14, 59, 59, tzinfo=UTC)),
        ],
    )
    def test_ship_by_their_own_calendar(self, market: str, start: datetime, end: datetime) -> None:
        found = markets.get_market(market, now=NOON)
        assert markets.deadline(market=found, clock=markets.Clock.SHIP_BY, start=start) == end


class TestUnitedStates:
    def test_are_all_there(self) -> None:
        assert len(STATES) == len(set(STATES)) == 51
        for state in STATES:
            standard, reduced, zero = rates("US", state)
            assert 0 <= standard <= 7_250
            assert (reduced, zero) == (standard, 0)

    def test_are_five_without_a_sales_tax(self) -> None:
        assert {state for state in STATES if rates("US", state)[0] == 0} == {"AK", "DE", "MT", "NH", "OR"}

    @pytest.mark.parametrize(
        ("state", "rate_e5"), [("CA", 7_250), ("NY", 4_000), ("TX", 6_250), ("MN", 6_875), ("MO", 4_225), ("DC", 6_000)]
    )
    def test_tax_at_the_base_rate_of_the_state(self, state: str, rate_e5: int) -> None:
        assert rates("US", state)[0] == rate_e5

    def test_change_a_rate_at_midnight_of_the_pacific_coast(self) -> None:
        midnight = datetime(2027, 7, 1, 7, tzinfo=UTC)
        assert rates("US", "SD", now=midnight - timedelta(seconds=1))[0] == 4_200
        assert rates("US", "SD", now=midnight)[0] == 4_500


class TestDemoMarket:
    def test_lets_an_order_live_for_less_than_two_minutes(self) -> None:
        demo = markets.get_market(markets.DEMO_MARKET, now=NOON)
        longest = ("pay_slip", "remorse", "ship_cancel", "after_sales")
        assert sum((markets.duration(market=demo, clock=clock) for clock in longest), timedelta()) < timedelta(
            minutes=2
        )

    def test_counts_seconds_only(self) -> None:
        demo = markets.get_market(markets.DEMO_MARKET, now=NOON)
        assert {rule.unit for rule in demo.clocks.values()} == {markets.ClockUnit.SECONDS}
