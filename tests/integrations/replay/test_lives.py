"""What is to be lived of an order, by Note [Moments]."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.replay.lives import Act, LivedOtherwise, Obstacle, find_obstacles, plan_life
from apps.integrations.replay.records import RecordedOrder
from tests.integrations.replay.recorded import (
    DAY,
    HOUR,
    MINUTE,
    PURCHASED,
    SECOND,
    WINDOW,
    item,
    order,
    plan,
    tender,
)


class TestPlanLife:
    def test_lives_a_delivered_order_by_its_recorded_times(self) -> None:
        life = plan()
        assert life.moments == {
            Act.PLACE: PURCHASED,
            Act.PAY: PURCHASED + MINUTE,
            Act.ARRANGE: PURCHASED + MINUTE + SECOND,
            Act.COLLECT: PURCHASED + DAY,
            Act.DELIVER: PURCHASED + 5 * DAY,
            Act.COMPLETE: PURCHASED + 5 * DAY + WINDOW,
        }
        assert life.final_status == "COMPLETED"
        assert life.without_time == (Act.ARRANGE,)
        assert life.impossible == ()
        assert life.otherwise is None

    def test_lets_what_has_no_time_follow_the_latest_recorded_that_must_precede_it(self) -> None:
        life = plan(approved_at=None, delivered_at=None)
        assert life.moments[Act.PAY] == PURCHASED + SECOND
        assert life.moments[Act.DELIVER] == PURCHASED + DAY + SECOND
        assert life.without_time == (Act.PAY, Act.ARRANGE, Act.DELIVER)

    def test_keeps_everything_without_a_time_in_one_second(self) -> None:
        life = plan(handed_over_at=None, delivered_at=None)
        after_payment = PURCHASED + MINUTE + SECOND
        assert [life.moments[act] for act in (Act.ARRANGE, Act.COLLECT, Act.DELIVER)] == [after_payment] * 3

    def test_lives_a_hand_over_before_its_payment_a_second_after_it(self) -> None:
        life = plan(approved_at=PURCHASED + 2 * DAY)
        assert life.moments[Act.COLLECT] == PURCHASED + 2 * DAY + SECOND
        assert life.impossible == ("collected_before_paid",)

    def test_names_every_act_that_was_recorded_too_late(self) -> None:
        life = plan(handed_over_at=PURCHASED - DAY, delivered_at=PURCHASED - HOUR)
        assert life.impossible == (
            "collected_before_placed",
            "collected_before_paid",
            "delivered_before_placed",
            "delivered_before_paid",
        )
        assert life.moments[Act.DELIVER] == life.moments[Act.COLLECT] + SECOND

    def test_names_what_was_added_where_only_that_is_in_the_way(self) -> None:
        life = plan(handed_over_at=PURCHASED + MINUTE)
        assert life.impossible == ("collected_before_arranged",)
        assert life.moments[Act.COLLECT] == PURCHASED + MINUTE + SECOND

    @pytest.mark.parametrize(
        ("status", "final_status"),
        [
            ("created", "UNPAID"),
            ("approved", "AWAITING_SHIPMENT"),
            ("processing", "AWAITING_SHIPMENT"),
            ("invoiced", "AWAITING_SHIPMENT"),
            ("unavailable", "AWAITING_SHIPMENT"),
            ("shipped", "IN_TRANSIT"),
            ("delivered", "COMPLETED"),
        ],
    )
    def test_leaves_an_order_where_its_status_says(self, status: str, final_status: str) -> None:
        life = plan(status=status, approved_at=None, handed_over_at=None, delivered_at=None)
        assert life.final_status == final_status

    def test_believes_times_that_say_more_than_the_status(self) -> None:
        assert plan(status="created", handed_over_at=None, delivered_at=None).final_status == "AWAITING_SHIPMENT"

    def test_cancels_before_the_payment(self) -> None:
        life = plan(status="canceled", approved_at=None, handed_over_at=None, delivered_at=None)
        assert life.moments == {Act.PLACE: PURCHASED, Act.CANCEL: PURCHASED + SECOND}

    def test_cancels_a_second_after_the_last_recorded_time(self) -> None:
        life = plan(status="canceled", handed_over_at=None, delivered_at=None)
        assert life.moments[Act.CANCEL] == PURCHASED + MINUTE + SECOND
        assert (life.final_status, life.otherwise) == ("CANCELLED", None)

    def test_refuses_in_transit_what_was_cancelled_after_the_hand_over(self) -> None:
        life = plan(status="canceled", delivered_at=None)
        assert life.steps[-1].act is Act.REFUSE
        assert life.moments[Act.REFUSE] == PURCHASED + DAY + SECOND
        assert (life.final_status, life.otherwise) == ("CANCELLED", LivedOtherwise.REFUSED_IN_TRANSIT)

    def test_delivers_what_was_cancelled_after_its_delivery(self) -> None:
        life = plan(status="canceled")
        assert (life.final_status, life.otherwise) == ("COMPLETED", LivedOtherwise.DELIVERED)


_TIMES = ("approved_at", "handed_over_at", "delivered_at")
_STATUSES = ("created", "approved", "processing", "invoiced", "unavailable", "shipped", "delivered", "canceled")


@st.composite
def recorded_orders(draw: st.DrawFn) -> RecordedOrder:
    """Any status with any times, close together so that they often meet."""
    moments = st.none() | st.integers(-5, 5).map(lambda seconds: PURCHASED + timedelta(seconds=seconds))
    return order(status=draw(st.sampled_from(_STATUSES)), **{name: draw(moments) for name in _TIMES})


class TestAnyLife:
    @given(recorded=recorded_orders())
    def test_never_goes_back(self, recorded: RecordedOrder) -> None:
        steps = plan_life(recorded, window=WINDOW).steps
        assert steps[0].act is Act.PLACE
        assert all(before.at <= after.at for before, after in pairwise(steps))

    @given(recorded=recorded_orders())
    def test_leaves_out_no_recorded_time_and_moves_none_without_need(self, recorded: RecordedOrder) -> None:
        life = plan_life(recorded, window=WINDOW)
        lived = [step for step in life.steps if step.recorded_at is not None]
        assert sorted(step.recorded_at for step in lived if step.recorded_at) == sorted(recorded.moments)
        for step in lived:
            assert (step.at == step.recorded_at) == (step.too_early_for == ())

    @given(recorded=recorded_orders())
    def test_moves_and_adds_by_one_second(self, recorded: RecordedOrder) -> None:
        life = plan_life(recorded, window=WINDOW)
        latest: datetime = PURCHASED
        for step in life.steps:
            if step.act is not Act.COMPLETE and step.at != step.recorded_at:
                assert step.at == latest + SECOND
            if step.recorded_at is not None:
                latest = step.at


class TestFindObstacles:
    @pytest.mark.parametrize(
        ("parts", "obstacle"),
        [
            ({"items": ()}, Obstacle.NO_ITEMS),
            ({"status": "lost"}, Obstacle.STATUS_UNKNOWN),
            ({"tenders": (tender("cheque"),)}, Obstacle.TENDER_TYPE_UNKNOWN),
            ({"tenders": (tender(instalments=0),)}, Obstacle.NO_INSTALMENTS),
            ({"items": (item(1000), item(999))}, Obstacle.TWO_PRICES_AT_ONCE),
        ],
    )
    def test_says_why_an_order_cannot_be_lived(self, parts: dict[str, Any], obstacle: Obstacle) -> None:
        assert find_obstacles([order(**parts)]) == {"order": obstacle}

    def test_finds_none_in_repeated_lines(self) -> None:
        assert find_obstacles([order(items=(item(), item(), item(999, product="another")))]) == {}

    def test_finds_two_orders_that_give_one_sku_two_prices_at_one_moment(self) -> None:
        orders = [order(id="first"), order(id="second", items=(item(999),)), order(id="third")]
        assert find_obstacles(orders) == {"second": Obstacle.TWO_PRICES_AT_ONCE}
