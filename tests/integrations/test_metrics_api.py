"""What Prometheus is told: by whom it may be asked, what stands there, and what it does when something is away."""

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from apps.integrations.api import COUNTED, count_money
from config import readings as table
from config.subscriptions import EVENTS
from tests.support import NOON
from tradecore import metrics, readings, worlds
from tradecore.extensions import ExtensionPoint
from tradecore.outbox import DeliveredEvent
from tradecore.readings import Reading

ROUTE = "/metrics"


def told(**headers: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Name of a series -> labels' values -> value."""
    answer = Client().get(ROUTE, headers=headers)
    assert answer.status_code == 200
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


class TestWhoMayAsk:
    def test_is_anybody_at_home(self, db: None) -> None:
        assert Client().get(ROUTE).status_code == 200

    def test_is_nobody_in_production_without_a_token(self, settings: Settings) -> None:
        settings.IN_PRODUCTION = True
        assert Client().get(ROUTE).status_code == 404

    @pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic secret", "secret", "Bearer sécret"])
    def test_is_nobody_with_another_token(self, settings: Settings, sent: str) -> None:
        settings.METRICS_TOKEN = "secret"
        assert Client().get(ROUTE, headers={"Authorization": sent}).status_code == 404

    def test_is_whoever_brings_the_token(self, db: None, settings: Settings) -> None:
        settings.METRICS_TOKEN = "secret"
        settings.IN_PRODUCTION = True
        assert told(Authorization="Bearer secret")


@pytest.mark.django_db
class TestWhatIsTold:
    def test_counts_requests_by_class_and_status(self) -> None:
        before = told()["tradecore_http_requests_total"].get(("200", "browse"), 0)
        Client().get("/store/v1/markets")
        assert told()["tradecore_http_requests_total"][("200", "browse")] == before + 1

    def test_counts_those_of_a_stress_test_apart(self) -> None:
        Client().get("/store/v1/markets", headers={"X-Stress-Mark": "forged"})
        assert told()["tradecore_http_requests_total"][("403", "shadow:browse")] >= 1

    def test_says_how_long_they_took(self) -> None:
        Client().get("/store/v1/markets")
        buckets = told()["tradecore_http_request_seconds_bucket"]
        assert buckets[("+Inf", "browse")] >= 1

    def test_has_no_label_of_what_a_client_sends(self) -> None:
        Client().get("/store/v1/products/471100471100471?market=nowhere")
        Client().get("/nothing/like/it", headers={"X-Request-Id": "my-own-id"})
        text = Client().get(ROUTE).content.decode()
        assert not [word for word in ("471100471100471", "nowhere", "/nothing", "my-own-id") if word in text]

    def test_reads_what_the_tables_know(self) -> None:
        found = told()
        assert {reading.name for reading in table.READINGS if f"tradecore_{reading.name}" in found} >= {
            "queue_waiting",
            "queue_age_seconds",
            "plan_off",
            "freezes",
            "open_breaks",
        }
        assert set(found["tradecore_reading_failed"].values()) == {0}

    def test_leaves_out_what_cannot_be_read_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def lose() -> dict[tuple[str, ...], float]:
            asked.append("lost")
            raise OperationalError(2006, "gone")

        monkeypatch.setattr(readings, "READINGS", ExtensionPoint("test"))
        for name in ("a_lost", "b_after"):
            readings.READINGS.register(name, Reading(name=name, meaning="Of a test.", read=lose))
        Client().get("/healthz")
        found = told()
        assert found["tradecore_reading_failed"] == {("a_lost",): 1, ("b_after",): 1}
        assert asked == ["lost"]  # nobody waits for a database that is away a second time
        assert found["tradecore_http_requests_total"]


class TestMoney:
    @pytest.mark.parametrize("kind", COUNTED)
    def test_is_counted_by_events_once_everybody_else_has_had_them(self, kind: str) -> None:
        assert EVENTS[kind][-1] is count_money

    def test_is_counted_in_units_of_its_currency(self) -> None:
        series = ("captured", "GBP")
        counted = metrics.MONEY._find(series)._value
        before = counted.get()
        payload = {"amount": {"amount": "69.44", "currency": "GBP"}}
        count_money(DeliveredEvent(1, "payments.payment_captured", "payment", 1, 1, None, payload, NOON))
        assert counted.get() - before == pytest.approx(69.44)

    def test_of_a_stress_test_is_counted_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worlds, "marked", lambda name: f"shadow:{name}")
        earnest = metrics.MONEY._find(("captured", "GBP"))._value
        before = earnest.get()
        payload = {"amount": {"amount": "69.44", "currency": "GBP"}}
        count_money(DeliveredEvent(1, "payments.payment_captured", "payment", 1, 1, None, payload, NOON))
        assert earnest.get() == before
        assert metrics.MONEY._find(("shadow:captured", "GBP"))._value.get() >= 69.44
