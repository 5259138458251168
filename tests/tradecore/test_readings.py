"""What is read off the tables for whoever watches."""

from datetime import timedelta

import pytest
from django.db import connection

from apps.inventory.models import HotSku
from config.readings import READINGS
from tests.support import NOON, in_use_case
from tests.tradecore.test_outbox import Recorder, publish_some, relay_to
from tradecore import clock, ids, outbox, readings, timers
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


def values_of(name: str) -> dict[tuple[str, ...], float]:
    (reading,) = [reading for reading in READINGS if reading.name == name]
    return dict(reading.read())


class TestEveryReading:
    @pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
    def test_has_a_value_per_label(self, reading: readings.Reading) -> None:
        assert all(len(labels) == len(reading.labels) for labels in reading.read())


class TestAges:
    def test_are_nothing_where_nothing_waits(self) -> None:
        assert set(values_of("queue_age_seconds").values()) == {0}

    def test_of_events_are_those_of_the_oldest_that_is_not_parked(self) -> None:
        publish_some(1, thing=1)
        publish_some(1, thing=2)
        first, second = OutboxEvent.objects.order_by("id")
        OutboxEvent.objects.filter(pk=first.pk).update(dead_at=clock.real_now())
        assert outbox.read_age() <= clock.real_now() - ids.moment_of(second.pk)
        relay_to(Recorder())
        assert outbox.read_age() == timedelta()

    def test_of_timers_are_how_late_the_latest_is(self) -> None:
        deadline = timers.Deadline("test", 1, NOON - timedelta(minutes=3))
        in_use_case(lambda: timers.set_timers([deadline]))
        assert timers.read_age(now=NOON) == timedelta(minutes=3)
        assert timers.read_age(now=NOON - timedelta(minutes=4)) == timedelta()


class TestHotSkus:
    def test_are_those_that_are_not_over(self) -> None:
        now = clock.real_now()
        for sku_id, ends_at in ((1, None), (2, now + timedelta(minutes=1)), (3, now - timedelta(minutes=1))):
            HotSku.objects.create(sku_id=sku_id, reason="rush", marked_by="user:1", marked_at=now, ends_at=ends_at)
        assert values_of("hot_skus") == {(): 2}


class TestTheServer:
    def test_has_nothing_to_say_at_home(self) -> None:
        if connection.vendor == "sqlite":
            assert readings.read_server() == {}

    @pytest.mark.mariadb
    def test_tells_its_waits_for_rows(self) -> None:
        found = readings.read_server()
        assert found["connections"] >= 1
        assert {"waiting", "lock_waits", "lock_wait_ms"} <= found.keys()
