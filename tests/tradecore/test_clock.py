"""The database's time: asked for once a second, and counted on from."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tradecore import clock

pytestmark = pytest.mark.django_db

ASK = clock._ask


class OwnClock:
    """This process's own clock, as a test moves it."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.asking_takes = 0.0

    def __call__(self) -> float:
        return self.at

    def asked(self, _reading: object = None) -> None:
        self.at += self.asking_takes


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> OwnClock:
    own = OwnClock()
    monkeypatch.setattr("tradecore.clock.time.monotonic", own)
    monkeypatch.setattr("tradecore.clock._ask", ASK)
    monkeypatch.setattr("tradecore.clock._reading", None)
    monkeypatch.setattr("tradecore.clock._latest", datetime.min.replace(tzinfo=UTC))
    return own


def asked_during(moments: int) -> tuple[int, list[datetime]]:
    with CaptureQueriesContext(connection) as captured:
        found = [clock.now() for _ in range(moments)]
    return len(captured), found


class TestNow:
    def test_is_the_databases_time(self, own: OwnClock) -> None:
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)

    def test_is_asked_for_once_a_second(self, own: OwnClock) -> None:
        asked, (first, second) = asked_during(2)
        assert (asked, first) == (1, second)
        own.at += 0.9
        asked, (later,) = asked_during(1)
        assert (asked, later) == (0, first + timedelta(seconds=0.9))
        own.at += 0.2
        asked, _ = asked_during(1)
        assert asked == 1

    def test_never_goes_back(self, own: OwnClock) -> None:
        clock.now()
        own.at += 0.9
        ahead = clock.now()
        own.at += 0.2  # the database, asked again, is where it was
        assert clock.now() == ahead

    def test_is_asked_for_anew_after_an_answer_that_took_long(
        self, own: OwnClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slow_cursor() -> object:
            own.at += 0.3
            return real_cursor()

        real_cursor = connection.cursor
        monkeypatch.setattr(connection, "cursor", slow_cursor)
        clock.now()
        own.at += 0.001
        asked, _ = asked_during(1)
        assert asked == 1
