"""Whether a process can serve, said to whoever asks, however often."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from apps.integrations.views import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_readiness", health._Readiness())


def cannot_be_had(_connection: Any) -> None:
    raise OperationalError(2002, "Can't connect")


class TestReadyz:
    def test_says_that_all_is_there(self) -> None:
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "missing": [], "cache": "ok"})

    def test_names_what_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "MigrationExecutor", cannot_be_had)
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])

    def test_looks_once_however_many_ask(self, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "KNOWN_S", 600.0)
        Client().get("/readyz")
        with django_assert_num_queries(0):
            assert {Client().get("/readyz").status_code for _ in range(3)} == {200}

    def test_looks_again_after_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Client().get("/readyz")
        monkeypatch.setattr(health, "MigrationExecutor", cannot_be_had)
        monkeypatch.setattr(health, "KNOWN_S", 0.0)
        assert Client().get("/readyz").status_code == 503

    def test_holds_nobody_while_somebody_looks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Client().get("/readyz")
        monkeypatch.setattr(health, "MigrationExecutor", cannot_be_had)
        monkeypatch.setattr(health, "KNOWN_S", 0.0)
        with health._readiness._looking:
            assert Client().get("/readyz").status_code == 200
