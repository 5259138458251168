"""The page Live: how it goes now, of all processes, and what it makes of what they have written down."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.back_office.charts import HEIGHT, WIDTH, Chart, Line
from apps.back_office.live import Live, read_live
from tests.support import NOON
from tradecore import clock, degradation, samples

A_SLOT = timedelta(seconds=samples.EVERY_S)


def write(source: str, *, slots_ago: int = 0, levels: dict[str, float] | None = None, **counts: float) -> None:
    """One row; in the names of series `__` stands for a space."""
    samples.write(
        source=source,
        slot=NOON - slots_ago * A_SLOT,
        counts={name.replace("__", " "): value for name, value in counts.items()},
        levels=levels or {},
    )


def chart_of(live: Live, title: str) -> Chart:
    (chart,) = [chart for chart in live.charts if chart.title == title]
    return chart


def line_of(live: Live, title: str, name: str) -> tuple[float | None, ...]:
    (line,) = [line for line in chart_of(live, title).lines if line.name == name]
    return line.values


@pytest.mark.django_db
class TestRates:
    def test_are_of_all_processes_together(self) -> None:
        write("web-1", http_requests__browse__200=30)
        write("web-2", http_requests__browse__200=20, http_requests__purchase__503=10)
        assert line_of(read_live(now=NOON), "Requests", "served")[-1] == 6

    def test_are_unknown_where_nobody_has_said_anything(self) -> None:
        write("web-1", slots_ago=2, http_requests__browse__200=30)
        write("web-1", http_requests__browse__200=10)
        assert line_of(read_live(now=NOON), "Requests", "served")[-3:] == (3, None, 1)

    def test_are_of_a_quarter_of_an_hour(self) -> None:
        write("web-1", slots_ago=89, http_requests__browse__200=10)
        write("web-1", slots_ago=90, http_requests__browse__200=70)
        served = line_of(read_live(now=NOON), "Requests", "served")
        assert len(served) == 90
        assert served[0] == 1

    def test_of_a_class_are_those_of_the_last_minute(self) -> None:
        write("web-1", slots_ago=6, http_requests__browse__200=600)
        write("web-1", slots_ago=5, http_requests__browse__200=50, http_shed__browse__overload_shed=6)
        write("web-1", http_requests__browse__500=10, levels={"http_threads_busy browse": 3})
        (row,) = read_live(now=NOON).traffic
        assert (row.name, row.rate, row.shed_rate, row.threads_busy) == ("browse", 1, 0.1, 3)
        assert row.failed_percent == pytest.approx(100 / 6)


@pytest.mark.django_db
class TestLatencies:
    def test_are_read_off_the_ranges(self) -> None:
        counts = {f"http_request_seconds in purchase {bound}": 50.0 for bound in ("0.01", "0.02")}
        samples.write(source="web-1", slot=NOON, counts=counts, levels={})
        live = read_live(now=NOON)
        assert line_of(live, "Latency of purchases", "p50")[-1] == pytest.approx(10)
        assert line_of(live, "Latency of purchases", "p99")[-1] == pytest.approx(19.8)

    def test_beyond_the_last_bound_are_that_bound(self) -> None:
        counts = {"http_request_seconds in purchase 15.0": 1.0, "http_request_seconds in purchase +Inf": 99.0}
        samples.write(source="web-1", slot=NOON, counts=counts, levels={})
        assert line_of(read_live(now=NOON), "Latency of purchases", "p99")[-1] == 15_000

    def test_of_one_class_are_not_those_of_another(self) -> None:
        samples.write(source="web-1", slot=NOON, counts={"http_request_seconds in browse 5.0": 9.0}, levels={})
        live = read_live(now=NOON)
        assert line_of(live, "Latency of purchases", "p99")[-1] is None
        assert line_of(live, "Latency of everything", "p99")[-1] is not None


@pytest.mark.django_db
class TestTables:
    def test_tell_what_waits_and_for_how_long(self) -> None:
        levels = {"queue_waiting events": 7, "queue_age_seconds events": 3.5}
        write(samples.TABLES, levels=levels)
        live = read_live(now=NOON)
        assert list(live.queues) == [("events", 7, 3.5)]
        assert line_of(live, "Age of queues", "events")[-1] == 3.5
        assert not live.processes

    def test_tell_how_often_rows_were_waited_for_in_between(self) -> None:
        for slots_ago, waits in ((3, 100), (2, 150), (1, 20), (0, 40)):
            write(samples.TABLES, slots_ago=slots_ago, levels={"database_events lock_waits": waits})
        assert line_of(read_live(now=NOON), "Waits for rows", "waits")[-4:] == (None, 5, None, 2)


@pytest.mark.django_db
class TestProcesses:
    def test_are_those_heard_of_in_the_last_minute(self) -> None:
        write(
            "web-1",
            slots_ago=1,
            levels={"process_resident_bytes web": 80_000_000, "retry_budget_left transactions": 99},
        )
        write("web-1", levels={"process_resident_bytes web": 90_000_000, "retry_budget_left transactions": 100})
        write("gone", slots_ago=6, levels={"process_resident_bytes web": 1})
        (row,) = read_live(now=NOON).processes
        assert (row.name, row.memory_mb, row.retries_left) == ("web-1", 90, 100)

    def test_tell_where_a_circuit_stands_worst(self) -> None:
        write("web-1", levels={"circuit_state provider.sandbox": 0})
        write("web-2", levels={"circuit_state provider.sandbox": 2})
        (row,) = read_live(now=NOON).circuits
        assert (row.name, row.state, row.processes) == ("provider.sandbox", "open", 2)

    def test_cost_no_statement_each(self) -> None:
        write("web-1", http_requests__browse__200=1)
        with CaptureQueriesContext(connection) as few:
            read_live(now=NOON)
        for number in range(20):
            write(f"web-{number}", slots_ago=1, http_requests__browse__200=1)
        with CaptureQueriesContext(connection) as many:
            read_live(now=NOON)
        assert len(many) == len(few)


class TestCharts:
    def draw(self, *values: float | None) -> Chart:
        line = Line(name="served", values=values, tone=0)
        return Chart(title="", note="", unit="", lines=(line,), begin=NOON, end=NOON)

    @pytest.mark.parametrize(
        ("highest", "top"), [(0, 0.001), (0.7, 1), (1, 1), (1.2, 2), (23, 25), (26, 50), (990, 1000)]
    )
    def test_end_at_a_round_number(self, highest: float, top: float) -> None:
        assert self.draw(0, highest).top == pytest.approx(top)

    def test_stay_within_their_place(self) -> None:
        ((_, (points,)),) = self.draw(0, 10, 5).drawn
        assert points == f"0.0,{HEIGHT}.0 {WIDTH / 2},0.0 {WIDTH}.0,{HEIGHT / 2}"

    def test_are_broken_where_nothing_is_known(self) -> None:
        ((_, parts),) = self.draw(1, 1, None, 1, 1).drawn
        assert len(parts) == 2

    def test_show_a_moment_that_is_alone(self) -> None:
        ((_, (points,)),) = self.draw(None, 1, None).drawn
        assert len(points.split()) == 2

    def test_of_nothing_have_no_line(self) -> None:
        ((line, parts),) = self.draw(None, None).drawn
        assert (line.latest, parts) == (None, ())


class TestThePage:
    def test_shows_everything(self, operator: Client) -> None:
        now = clock.real_now()
        samples.write(source="web-1", slot=samples.slot_of(now), counts={"http_requests browse 200": 5}, levels={})
        degradation.switch_on(
            plan=degradation.GUESTS, until=now + timedelta(hours=1), reason="bots", actor="user:1", now=now
        )
        page = operator.get(reverse("back_office:live")).content.decode()
        assert page.count("<svg") == len(read_live(now=now).charts)
        assert "web-1" in page
        assert "bots" in page
        assert "live.js" in page

    def test_has_a_part_that_moves(self, operator: Client) -> None:
        part = operator.get(reverse("back_office:live"), {"part": ""}).content.decode()
        assert "<svg" in part
        assert "<html" not in part
        assert "<script" not in part

    def test_says_what_is_not_there(self, operator: Client) -> None:
        page = operator.get(reverse("back_office:live")).content.decode()
        assert "None has written anything down." in page
        assert ("No lock waits here" in page) == (connection.vendor == "sqlite")

    def test_is_for_those_who_may_view_samples(self, clerk: Client) -> None:
        assert clerk.get(reverse("back_office:live")).status_code == 403
