"""The knee and the first bottleneck, from figures that are known."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from config.stress.chart import draw
from config.stress.verdict import CAUSES, Step, judge, percentile

SVG = "{http://www.w3.org/2000/svg}"


def step(came: int, done: int | None = None, **parts: Any) -> Step:
    """One second of so many who came, of whom so many were served: all, unless it says so."""
    return Step(**{"seconds": 1.0, "came": came, "done": came if done is None else done, "p99_s": 0.1, **parts})


class TestTheKnee:
    def test_is_the_last_step_before_the_first_that_was_not_carried(self) -> None:
        verdict = judge([step(10), step(20), step(40, 37), step(80, 40)], p99_max_s=1)
        assert (verdict.knee, verdict.is_reached) == (1, True)

    def test_is_carried_at_ninety_five_in_a_hundred(self) -> None:
        assert judge([step(100), step(100, 95), step(100, 94)], p99_max_s=1).knee == 1

    def test_is_before_the_step_that_was_too_slow(self) -> None:
        assert judge([step(10), step(20, p99_s=1.0), step(40, p99_s=1.01)], p99_max_s=1).knee == 1

    def test_is_not_reached_while_all_is_carried(self) -> None:
        verdict = judge([step(10), step(20, use={"machine": 1.0})], p99_max_s=1)
        assert (verdict.knee, verdict.is_reached, verdict.bottleneck) == (1, False, "")

    def test_is_below_the_first_step_that_was_not_carried(self) -> None:
        verdict = judge([step(10, 5)], p99_max_s=1)
        assert (verdict.knee, verdict.is_reached) == (None, True)

    def test_is_none_of_nothing(self) -> None:
        assert judge([], p99_max_s=1).knee is None

    def test_comes_before_a_step_that_happens_to_be_carried_again(self) -> None:
        assert judge([step(10), step(20, 10), step(30)], p99_max_s=1).knee == 0


class TestTheFirstBottleneck:
    @pytest.mark.parametrize("cause", CAUSES, ids=lambda each: each.name)
    def test_is_what_was_used_up(self, cause: Any) -> None:
        steps = [step(10, use={cause.name: cause.bound * 0.9}), step(20, 10, use={cause.name: cause.bound})]
        verdict = judge(steps, p99_max_s=1)
        assert verdict.bottleneck == cause.name
        assert cause.shown in verdict.reason
        assert "step 2" in verdict.reason

    def test_is_what_was_used_up_first(self) -> None:
        steps = [step(10, use={"web processor": 0.9}), step(20, 10, use={"web processor": 1.0, "row locks": 0.5})]
        assert judge(steps, p99_max_s=1).bottleneck == "web processor"

    def test_of_one_step_is_the_one_that_explains_the_others(self) -> None:
        used = {"threads": 0.5, "web processor": 1.0, "row locks": 0.6}
        verdict = judge([step(10), step(20, 5, use=used, contended="`shop`.`inventory_stock`")], p99_max_s=1)
        assert verdict.bottleneck == "row locks"
        assert verdict.reason.endswith("most of it in `shop`.`inventory_stock`")

    def test_is_nothing_that_came_after_the_knee(self) -> None:
        steps = [step(10), step(20, 10, use={"machine": 0.5}), step(40, 10, use={"connections": 1.0})]
        verdict = judge(steps, p99_max_s=1)
        assert verdict.bottleneck == ""
        assert "nearest to it: 50% of the machine's cores were busy" in verdict.reason

    def test_says_so_where_nothing_could_be_measured(self) -> None:
        assert judge([step(10, 1)], p99_max_s=1).reason == "nothing could be measured here"


@pytest.mark.parametrize(
    ("values", "percent", "expected"), [([], 99, 0.0), ([3.0, 1.0, 2.0], 50, 2.0), ([1.0] * 99 + [9.0], 99, 1.0)]
)
def test_a_percentile_is_a_value_that_there_was(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


class TestTheChart:
    def test_is_a_document_that_names_the_knee(self) -> None:
        steps = [step(10), step(20), step(40, 25, p99_s=3.0, use={"threads": 0.3})]
        drawn = ET.fromstring(draw(steps, judge(steps, p99_max_s=1), title="a <b> & c"))
        words = [text.text for text in drawn.iter(f"{SVG}text")]
        assert "a <b> & c" in words
        assert "knee 20.0/s" in words
        assert len(list(drawn.iter(f"{SVG}circle"))) == 3

    def test_is_drawn_of_nothing(self) -> None:
        assert draw([], judge([], p99_max_s=1), title="").startswith("<svg")
