"""The measurement of growth: what it computes, and that a run in little keeps books that agree."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from bench.checks import Check
from bench.growth.fill import _chunks
from bench.growth.findings import Findings, Ratio, compare_costs, gather
from bench.growth.options import PARTS, read_options
from bench.growth.siblings import id_at
from config.settings import BASE_DIR
from tests.scripts.test_benchmark import ROUND, make_contest
from tests.support import NOON
from tradecore.ids import first_id_at


class TestOptions:
    def test_measure_everything_by_default(self) -> None:
        options = read_options([])
        assert (options.parts, options.orders, options.timers) == (PARTS, 1_000_000, 1_000_000)

    def test_name_parts_in_their_order(self) -> None:
        assert read_options(["--part", "timers", "--part", "purchases"]).parts == ("purchases", "timers")

    @pytest.mark.parametrize("wrong", [["--orders", "0"], ["--part", "shops"], ["--lines", "5000"]])
    def test_refuse_what_cannot_be_measured(self, wrong: list[str]) -> None:
        with pytest.raises(SystemExit):
            read_options(wrong)


class TestFilling:
    def test_knows_ids_as_the_product_makes_them(self) -> None:
        assert id_at(NOON.timestamp()) == first_id_at(NOON)

    def test_makes_every_copy_once_and_the_oldest_first(self) -> None:
        chunks = list(_chunks(copies=7, rows=40_000))
        assert [number for oldest, many in chunks for number in range(oldest, oldest - many, -1)] == [*range(7, 0, -1)]


class TestFindings:
    def test_compare_what_something_costs(self) -> None:
        little, much = make_contest("purchase", 10.0), make_contest("purchase", 10.0)
        much.rounds = [replace(ROUND, web_ms=19.0, database_ms=4.5, p50_ms=15.0)]
        ratios = compare_costs(little, much, what="purchase", at_most=1.2)
        assert [(each.figure, each.times) for each in ratios] == [("CPU ms", 2.0), ("p50 ms", 1.5), ("statements", 1.0)]

    def test_are_of_all_parts_and_hold_only_if_everything_does(self) -> None:
        part = Findings(
            [Ratio("orders", "rows", 10, 20)], {"relay": {"seconds": 1.5}}, {}, [Check("right", holds=True)]
        )
        other = Findings([], {}, {"quote": make_contest("quote", 1.0)}, [Check("wrong", holds=False)])
        document = gather([part, other]).document({"cores": 2})
        assert (document["holds"], document["relay"], document["ratios"][0]["times"]) == (False, {"seconds": 1.5}, 2.0)
        assert gather([part, other]).lines()[1].split() == ["orders", "rows", "10.00", "20.00", "2.00"]


#: How many more statements, or rows of an index, a busy machine may find without anything that grows: what is
#: remembered for seconds is read again for fewer requests, and a claim of a relay takes more events or fewer.
NOISE: Final = 20

#: As little as there can be of everything, if what grows with it is to stand out from what does not.
ARGUMENTS: Sequence[str] = (
    *("--lived", "12", "--orders", "240", "--promotions", "60", "--lines", "8", "--rules", "20"),
    *("--backlog", "2000", "--timers", "2000", "--timers-a-second", "20", "--timers-for", "2"),
    *("--seconds", "1", "--warm-up", "0.2", "--repeat", "1", "--buyers", "2", "--workers", "1", "--skus", "100"),
    *("--data", "memory", "--buffer", "128M", "--log", "96M"),
)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a run has written."""
    path = tmp_path_factory.mktemp("growth") / "growth.json"
    done = subprocess.run(
        [sys.executable, BASE_DIR / "scripts" / "growth.py", *ARGUMENTS, "--json", path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.redis
class TestARun:
    """The whole of it, on servers of its own."""

    @staticmethod
    def ratio(grown: Any, what: str, figure: str) -> Any:
        (found,) = [each for each in grown["ratios"] if (each["what"], each["figure"]) == (what, figure)]
        return found

    def test_holds_what_must_hold(self, grown: Any) -> None:
        assert grown["holds"], grown["checks"]
        assert "Every invariant holds (all)." in grown["checks"][-1]["text"]

    def test_meets_no_error(self, grown: Any) -> None:
        assert {
            name: each["errors"] for name, rounds in grown["rounds"].items() for each in rounds if each["errors"]
        } == {}

    def test_has_as_many_orders_as_were_asked_for(self, grown: Any) -> None:
        orders = self.ratio(grown, "orders", "rows")
        assert orders["much"] >= 120 > orders["little"]

    @pytest.mark.parametrize("what", ["purchase", "buyer_orders", "seller_orders", "quote", "quote, by promotions"])
    def test_sends_the_same_statements_with_much_in_the_tables(self, grown: Any, what: str) -> None:
        statements = self.ratio(grown, what, "statements")
        assert abs(statements["much"] - statements["little"]) <= NOISE

    def test_asks_the_database_no_more_for_many_lines(self, grown: Any) -> None:
        statements = self.ratio(grown, "quote, by lines", "statements")
        assert statements["much"] - statements["little"] <= 5

    def test_reads_no_more_rows_for_an_event_or_a_sweep_beside_many(self, grown: Any) -> None:
        for what in ("relay, one event", "sweep, nothing due"):
            rows = self.ratio(grown, what, "index rows")
            assert rows["much"] <= rows["little"] + NOISE

    def test_says_what_the_relay_costs(self, grown: Any) -> None:
        assert grown["relay"]["CPU ms an event, alone"] > 0
        assert grown["relay"]["CPU ms an event"] > 0

    def test_says_how_long_the_fresh_and_the_due_have_waited(self, grown: Any) -> None:
        assert grown["relay"]["fresh money events"] > 0
        assert 0 <= grown["relay"]["fresh p50 s"] <= grown["relay"]["fresh p99 s"]
        assert grown["timers"]["due"] > 0
        assert 0 <= grown["timers"]["late p50 s"] <= grown["timers"]["late p99 s"]

    def test_says_what_each_worker_has_in_memory(self, grown: Any) -> None:
        (worker,) = grown["memory"]["workers"]
        assert 0 < worker["proportional_mb"] <= worker["resident_mb"]
