"""The benchmark: what it computes, and that a run of a few seconds says what it promises."""

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.checks import Check, compare_flash
from bench.client import Client, Dropped
from bench.counters import Cost, Memory, Meter
from bench.figures import middle, percentile, ratio
from bench.options import SCENARIOS, read_options
from bench.place import HTTP_FLOOR, SQL_FLOOR
from bench.report import disturbance, document, faults, memory_line, table
from bench.rounds import Contest, Round
from config.settings import BASE_DIR
from tests.api import Api, read, user_token
from tests.factories.accounts import UserFactory
from tests.factories.checkout import make_shop_floor

METER = Meter(connection=None, user="web", database_pid=0, web_pid=None)
ROUND = Round(
    count=100,
    seconds=2.0,
    rate=50.0,
    p50_ms=10.0,
    p99_ms=20.0,
    calls={"quote": (4.0, 8.0)},
    errors={},
    counts={"paid": 100},
    web_ms=9.5,
    database_ms=2.25,
    buyers_ms=0.25,
    others_cores=0.125,
    connections=[4, 4],
    statements={
        "select": 20.0,
        "insert": 23.0,
        "update": 14.0,
        "delete": 1.0,
        "commit": 3.0,
        "rollback": 0.0,
        "other": 8.0,
    },
)


def make_contest(name: str, *rates: float) -> Contest:
    return Contest(name, meter=METER, web=None, rounds=[replace(ROUND, rate=rate) for rate in rates])


class TestFigures:
    @pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
    def test_a_percentile_is_the_value_that_so_many_do_not_exceed(self, percent: float, value: float) -> None:
        assert percentile([*range(100, 0, -1)], percent) == value

    def test_a_percentile_of_one_value_is_that_value(self) -> None:
        assert percentile([7.0], 99) == 7.0

    def test_nothing_has_no_figures(self) -> None:
        assert (percentile([], 99), middle([])) == (0.0, 0.0)

    def test_the_middle_is_moved_by_no_outlier(self) -> None:
        assert middle([10.0, 1_000.0, 11.0]) == 11.0

    def test_there_is_no_ratio_to_nothing(self) -> None:
        assert (ratio(3.0, 2.0), ratio(3.0, 0.0)) == (1.5, None)


class TestCost:
    def test_is_what_was_spent_since(self) -> None:
        before = Cost(at_s=100.0, web_s=1.0, database_s=2.0, busy_s=5.0, statements={"select": 10, "commit": 1})
        after = Cost(at_s=104.0, web_s=1.5, database_s=2.25, busy_s=8.0, statements={"select": 14, "commit": 1})
        spent = Cost(at_s=4.0, web_s=0.5, database_s=0.25, busy_s=3.0, statements={"select": 4, "commit": 0})
        assert after.since(before) == spent


class TestOptions:
    def test_measure_everything_by_default(self) -> None:
        assert read_options([]).scenarios == SCENARIOS

    def test_name_scenarios_in_the_order_of_the_table(self) -> None:
        options = read_options(["--scenario", "hot", "--scenario", "quote", "--seconds", "2.5", "--set", "A=b=c"])
        assert (options.scenarios, options.seconds, options.settings) == (("quote", "hot"), 2.5, {"A": "b=c"})

    @pytest.mark.parametrize("wrong", [["--seconds", "0"], ["--repeat", "0"], ["--skus", "25"], ["--set", "A"]])
    def test_refuse_what_cannot_be_measured(self, wrong: list[str]) -> None:
        with pytest.raises(SystemExit):
            read_options(wrong)


class TestReport:
    @pytest.fixture
    def reported(self) -> dict[str, Any]:
        contests = [
            make_contest(SQL_FLOOR, 100.0, 50.0, 200.0),
            make_contest(HTTP_FLOOR, 50.0, 25.0, 100.0),
            make_contest("purchase", 25.0, 12.5, 10.0),
        ]
        return document(contests, [Check("the sum is right", holds=True)], [Memory(151.6, 90.2)], about={"cores": 2})

    def test_takes_medians_over_the_rounds(self, reported: dict[str, Any]) -> None:
        assert reported["scenarios"]["purchase"]["rate"] == 12.5

    def test_compares_each_round_with_the_floors_of_the_same_round(self, reported: dict[str, Any]) -> None:
        # 25/100, 12.5/50 and 10/200: the medians of the rates would be 12.5/100.
        assert reported["scenarios"]["purchase"]["of_floors"] == {SQL_FLOOR: 0.25, HTTP_FLOOR: 0.5}

    def test_holds_only_if_everything_does(self) -> None:
        checks = [Check("the sum is right", holds=True), Check("the stock is right", holds=False)]
        assert document([], checks, [], about={})["holds"] is False

    def test_names_each_kind_of_error(self) -> None:
        contest = make_contest("purchase", 1.0)
        contest.rounds.append(replace(ROUND, errors={"500 internal": 2}))
        contest.rounds.append(replace(ROUND, errors={"500 internal": 1, "not paid": 1}))
        reported = document([contest], [], [], about={})
        assert faults(reported) == ["purchase: 3 times 500 internal", "purchase: 1 times not paid"]
        assert table(reported).splitlines()[-1].split()[4] == "4"

    def test_says_who_else_was_at_work(self, reported: dict[str, Any]) -> None:
        assert disturbance(reported) == "others kept up to 0.12 of 2 cores busy in a round"

    def test_says_what_the_workers_have_in_memory(self, reported: dict[str, Any]) -> None:
        assert memory_line(reported) == "each worker of the web has in memory: 152 MB (90 without what is shared)"

    def test_is_a_table_of_equal_lines(self, reported: dict[str, Any]) -> None:
        heading, *lines = table(reported).splitlines()
        assert [line.split()[0] for line in lines] == [SQL_FLOOR, HTTP_FLOOR, "purchase"]
        assert {len(line) for line in lines} == {len(heading)}
        assert lines[-1].split()[1:] == [
            *("12.5", "10.0", "20.0", "0", "9.50", "2.25"),
            *("20.0", "23.0", "14.0", "1.0", "3.0", "0.500", "0.250"),
        ]


class TestAFlashSale:
    @staticmethod
    def check(*, paid: int, refused: int, errors: dict[str, int] | None = None) -> bool:
        counts = Counter(paid=paid, refused=refused)
        played = replace(ROUND, count=paid + refused, counts=counts, errors=errors or {})
        return compare_flash(Contest("flash", meter=METER, web=None, rounds=[played]), pieces=10).holds

    def test_holds_when_every_piece_is_sold_once(self) -> None:
        assert self.check(paid=10, refused=20)

    @pytest.mark.parametrize("paid", [9, 11])
    def test_is_broken_by_a_piece_too_many_or_too_few(self, paid: int) -> None:
        assert not self.check(paid=paid, refused=20)

    def test_is_broken_by_any_other_answer(self) -> None:
        assert not self.check(paid=10, refused=19, errors={"500": 1})


class TestTheClient:
    """Against a server that answers what it is told to."""

    @staticmethod
    @contextmanager
    def serve(*answers_by_connection: list[bytes]) -> Iterator[Client]:
        """Each connection gets its answers, one to a request, and is closed after them."""
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def run() -> None:
                for answers in answers_by_connection:
                    accepted, _ = listener.accept()
                    with accepted:
                        for answer in answers:
                            accepted.recv(65_536)
                            accepted.sendall(answer)

            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            client = Client(listener.getsockname()[1], "shop.example", {})
            yield client
            client.close()
            thread.join(timeout=10)

    @staticmethod
    def answer(body: bytes, *, status: int = 200, length: int | None = None) -> bytes:
        return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, length or len(body), body)

    def test_keeps_its_connection(self) -> None:
        with self.serve([self.answer(b"1"), self.answer(b"2", status=409)]) as client:
            answers = [client.ask("a", "GET", "/"), client.ask("a", "GET", "/")]
        assert [(answer.status, answer.document()) for answer in answers] == [(200, 1), (409, 2)]
        assert (client.reconnect_count, len(client.times["a"])) == (0, 2)

    def test_connects_again_when_it_was_closed_meanwhile(self) -> None:
        with self.serve([self.answer(b"1")], [self.answer(b"2")]) as client:
            assert [client.ask("a", "GET", "/").document() for _ in range(2)] == [1, 2]
        assert client.reconnect_count == 1

    def test_asks_a_third_time_for_nothing(self) -> None:
        with self.serve([self.answer(b"1")], []) as client:
            client.ask("a", "GET", "/")
            with pytest.raises(Dropped):
                client.ask("a", "GET", "/")

    def test_takes_no_part_of_an_answer_for_the_whole(self) -> None:
        with self.serve([self.answer(b"12", length=9)]) as client, pytest.raises(ConnectionError):
            client.ask("a", "GET", "/")


#: As short as a run can be.
ARGUMENTS = (
    *("--scenario", "purchase", "--scenario", "flash", "--seconds", "1", "--warm-up", "1", "--repeat", "1"),
    *("--buyers", "2", "--workers", "1", "--skus", "20", "--pieces", "3", "--data", "memory"),
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a run has written."""
    path = tmp_path_factory.mktemp("benchmark") / "benchmark.json"
    done = subprocess.run(
        [sys.executable, BASE_DIR / "scripts" / "benchmark.py", *ARGUMENTS, "--json", path],
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

    def test_holds_what_must_hold(self, measured: Any) -> None:
        assert measured["holds"], measured["checks"]
        assert "Every invariant holds (all)." in measured["checks"][-1]["text"]
        assert measured["about"]["server"]["innodb_flush_log_at_trx_commit"] == "1"

    def test_measures_the_floors_and_what_was_asked_for(self, measured: Any) -> None:
        assert list(measured["scenarios"]) == [SQL_FLOOR, HTTP_FLOOR, "purchase", "flash"]
        for scenario in measured["scenarios"].values():
            (played,) = scenario["rounds"]
            assert (scenario["errors"], played["errors"]) == ({}, {})
            assert played["count"] > 0
            assert 0 < scenario["p50_ms"] <= scenario["p99_ms"]
            assert scenario["database_ms"] >= 0
            assert set(scenario["of_floors"]) == {SQL_FLOOR, HTTP_FLOOR}

    def test_says_what_each_worker_has_in_memory(self, measured: Any) -> None:
        (worker,) = measured["workers"]
        assert 0 < worker["proportional_mb"] <= worker["resident_mb"]

    def test_counts_the_statements_of_the_floors(self, measured: Any) -> None:
        for floor in (SQL_FLOOR, HTTP_FLOOR):
            statements = measured["scenarios"][floor]["statements"]
            wanted = {"insert": 6, "update": 3, "delete": 0, "commit": 2}
            assert {kind: statements[kind] for kind in wanted} == wanted
            # Twice a second a web process asks what has been switched and set.
            assert statements["select"] < 1

    def test_counts_the_statements_of_a_purchase_as_django_does(self, measured: Any, db: None) -> None:
        counted = self.statements_of_a_purchase()
        statements = measured["scenarios"]["purchase"]["statements"]
        # A process leases its number now and then, once for many purchases.
        assert {kind: round(statements[kind]) for kind in ("insert", "update", "delete")} == {
            kind: counted[kind] for kind in ("insert", "update", "delete")
        }
        # What is remembered of the masters for seconds is read now and then.
        assert counted["select"] <= statements["select"] <= counted["select"] + 15

    @staticmethod
    def statements_of_a_purchase() -> Counter[str]:
        """A quote and its purchase by a member, the masters being remembered already; by the first word."""
        floor = make_shop_floor()
        skus = [floor.add_sku(), floor.add_sku()]
        member = Api(token=user_token(UserFactory()))
        address = {"recipient": "Bea", "line1": "3 Station Road", "city": "Norwich", "postal_code": "NR1 1EF"}
        address_id = read(member.post("/store/v1/addresses", address | {"country": "GB"}))["id"]
        wish = {
            "market": "GB",
            "lines": [{"sku_id": str(sku), "quantity": 1} for sku in skus],
            "address_id": address_id,
            "delivery_option": "standard",
        }

        def buy(key: str) -> None:
            quote = read(member.post("/store/v1/quotes", wish))
            order = {
                "quote_token": quote["quote_token"],
                "expected_total": quote["total"],
                "payment": {"provider": "sandbox", "method_token": "tok_ok"},
            }
            assert read(member.post("/store/v1/purchases", order, key=key))["status"] == "PAID"

        buy("the first")
        with CaptureQueriesContext(connection) as captured:
            buy("the second")
        return Counter(query["sql"].split()[0].lower() for query in captured.captured_queries)
