"""Who is let into the shadow: only what is marked by whoever has the key, lately, while a stress test is allowed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from tests.config.stress.conftest import RUN, TwoWorlds
from tests.support import NOON
from tradecore import clock, live_settings
from tradecore.http import marks

BROWSING = "/store/v1/markets"


def ask(mark: str, path: str = BROWSING) -> Any:
    return Client().get(path, headers={marks.HEADER: mark})


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "stress.mark_refused")


class TestAMark:
    def test_lets_into_the_shadow(self, two_worlds: TwoWorlds) -> None:
        assert ask(marks.make_mark(RUN)).status_code == 200

    @pytest.mark.parametrize("mark", ["", "run1", "run1:1:forged", "run1:" + "x" * 5_000])
    def test_is_refused_that_nobody_has_signed(self, two_worlds: TwoWorlds, mark: str) -> None:
        assert_refused(ask(mark))

    def test_is_refused_that_was_signed_by_another_key(self, two_worlds: TwoWorlds, settings: Any) -> None:
        key, settings.STRESS_KEY = settings.STRESS_KEY, "another"
        mark = marks.make_mark(RUN)
        settings.STRESS_KEY = key
        assert_refused(ask(mark))

    def test_is_refused_that_the_key_of_the_site_has_signed(self, two_worlds: TwoWorlds) -> None:
        assert_refused(ask(signing.TimestampSigner(salt="tradecore.http.marks").sign(RUN)))

    def test_is_refused_when_it_is_a_minute_old(self, two_worlds: TwoWorlds, monkeypatch: pytest.MonkeyPatch) -> None:
        mark = marks.make_mark(RUN)
        monkeypatch.setattr(marks, "MARK_S", -1)
        assert_refused(ask(mark))

    @pytest.mark.parametrize("path", ["/admin/", "/oauth/token", "/events/v1/events", "/seller/v1/shops", "/healthz"])
    def test_is_refused_where_no_shopper_goes(self, two_worlds: TwoWorlds, path: str) -> None:
        assert_refused(ask(marks.make_mark(RUN), path))

    def test_is_refused_where_no_key_is_set(self, two_worlds: TwoWorlds, settings: Any) -> None:
        mark, settings.STRESS_KEY = marks.make_mark(RUN), ""
        assert_refused(ask(mark))

    def test_is_refused_when_there_is_no_shadow(self, transactional_db: None) -> None:
        assert_refused(ask(marks.make_mark(RUN)))

    def test_is_no_way_into_the_real_world(self, two_worlds: TwoWorlds) -> None:
        """What is refused was not served: nobody becomes a guest."""
        answer = Client().post("/store/v1/guests", {}, "application/json", headers={marks.HEADER: "forged"})
        assert_refused(answer)


class TestInProduction:
    @pytest.fixture(autouse=True)
    def _production(self, settings: Any) -> None:
        settings.IN_PRODUCTION = True

    def allow(self, until: datetime) -> None:
        live_settings.set_value(
            name=marks.STRESS_UNTIL.name,
            target=live_settings.EVERYONE,
            value=until.isoformat(),
            actor="user:1",
            reason="tonight",
            now=NOON,
        )

    def test_nobody_is_let_in_unless_somebody_has_said_until_when(self, two_worlds: TwoWorlds) -> None:
        assert_refused(ask(marks.make_mark(RUN)))
        self.allow(clock.real_now() + timedelta(minutes=5))
        assert ask(marks.make_mark(RUN)).status_code == 200

    @pytest.mark.parametrize("left", [timedelta(0), timedelta(hours=25)], ids=["over", "no end in sight"])
    def test_an_end_is_near(self, two_worlds: TwoWorlds, left: timedelta) -> None:
        self.allow(clock.real_now() + left)
        assert_refused(ask(marks.make_mark(RUN)))


class TestTheSetting:
    @pytest.mark.parametrize("value", ["", "tomorrow", "2026-03-11T12:00", 7, True, ["2026-03-11T12:00Z"]])
    def test_is_a_moment_with_its_zone(self, value: Any) -> None:
        with pytest.raises(ValueError, match="with its zone"):
            marks.Moment().read(value)
