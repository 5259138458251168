"""What a process remembers, it remembers by world."""

import threading

import pytest
from django.db import connection

from tradecore import breakers, ids, worker_leases, worlds
from tradecore.breakers import Circuits, CircuitState
from tradecore.db import RETRIES
from tradecore.extensions import ExtensionPoint, UnknownExtension
from tradecore.memo import Memo
from tradecore.models import WorkerLease
from tradecore.rate_limits import Bucket, Rule, WithoutRedis

pytestmark = pytest.mark.django_db


def remembered(memo: Memo[str, str], value: str) -> str:
    """What the memo says under the one key, when the tables say `value`."""
    return memo.get_many(["key"], lambda keys: dict.fromkeys(keys, value))["key"]


class TestAMemo:
    def test_knows_in_the_shadow_nothing_of_the_real_world_and_the_other_way_round(self) -> None:
        memo: Memo[str, str] = Memo(ttl_s=60)
        assert remembered(memo, "real") == "real"
        with worlds.shadow("one"):
            assert remembered(memo, "shadow") == "shadow"
        assert remembered(memo, "?") == "real"

    def test_keeps_what_it_knows_in_earnest_when_the_shadow_forgets(self) -> None:
        memo: Memo[str, str] = Memo(ttl_s=60)
        remembered(memo, "real")
        with worlds.shadow("one"):
            memo.forget("key")
            memo.forget_all()
        assert remembered(memo, "?") == "real"

    def test_begins_empty_in_each_run(self) -> None:
        memo: Memo[str, str] = Memo(ttl_s=60)
        with worlds.shadow("one"):
            remembered(memo, "one")
        with worlds.shadow("two"):
            assert remembered(memo, "two") == "two"


class TestACircuit:
    def test_stays_closed_in_earnest_when_the_sandbox_of_a_stress_test_is_silent(self) -> None:
        circuits = Circuits("tests", failures=1, rest_s=60)
        with worlds.shadow("one"), pytest.raises(TimeoutError), circuits.to("sandbox").calling(TimeoutError):
            raise TimeoutError
        assert circuits.to("sandbox").state is CircuitState.CLOSED
        with worlds.shadow("one"):
            assert circuits.to("sandbox").state is CircuitState.OPEN
        breakers.close_all()


class TestRetries:
    def test_of_the_shadow_leave_those_of_the_real_world(self) -> None:
        real = RETRIES.get()
        with worlds.shadow("one"):
            while RETRIES.get().spend():
                pass
            assert RETRIES.get() is not real
        assert RETRIES.get().spend()


class TestABucket:
    def test_of_the_shadow_is_another_one(self) -> None:
        bucket = Bucket(Rule("browse.shop", 1, 60, WithoutRedis.OPEN), "7")
        with worlds.shadow("one"):
            assert bucket.key == "shadow:browse.shop:7"
        assert bucket.key == "browse.shop:7"


class TestAnExtensionPoint:
    def test_leads_elsewhere_from_the_shadow_and_nowhere_where_nothing_was_put(self) -> None:
        point: ExtensionPoint[list[str]] = ExtensionPoint("outsiders", leads_outside=True)
        point.register("bank", ["real"])
        point.register("post", ["real"])
        point.register_in_shadow("bank", list)
        with worlds.shadow("one"):
            assert point.get("bank") == []
            point.get("bank").append("run one")
            assert point.get("bank") == ["run one"]
            with pytest.raises(UnknownExtension):
                point.get("post")
        with worlds.shadow("two"):
            assert point.get("bank") == []
        assert point.get("bank") == ["real"]

    def test_that_leads_to_ourselves_is_the_same_in_both(self) -> None:
        point: ExtensionPoint[str] = ExtensionPoint("rules")
        point.register("one", "ours")
        with worlds.shadow("one"):
            assert point.get("one") == "ours"
        with pytest.raises(AssertionError):
            point.register_in_shadow("one", str)


class TestAWorkerNumber:
    def test_is_leased_in_the_real_world_whoever_needs_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A number of the shadow's table could be the number of another process, and two ids the same."""
        generator = ids._generator
        monkeypatch.setattr(worker_leases, "_held", None)
        ids.use_generator(None)
        try:
            with worlds.shadow("one"):
                worker_leases.ensure()
            assert WorkerLease.objects.count() == 1
        finally:
            ids.use_generator(generator)


class TestAThread:
    def test_begins_in_the_real_world(self) -> None:
        found: list[str] = []
        with worlds.shadow("one"):
            thread = threading.Thread(target=lambda: found.append(worlds.current()))
            thread.start()
            thread.join()
        assert found == [worlds.REAL]


class TestTheName:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("tradecore", "tradecore_shadow"),
            ("/srv/tradecore.sqlite3", "/srv/tradecore_shadow.sqlite3"),
            ("n" * 64, "n" * 57 + "_shadow"),
        ],
    )
    def test_is_another_one_on_the_same_server(self, name: str, expected: str) -> None:
        assert worlds.shadow_name(name) == expected

    def test_is_that_of_the_connection_in_the_shadow_only(self) -> None:
        real = str(connection.settings_dict["NAME"])
        with worlds.shadow("one"):
            assert str(connection.settings_dict["NAME"]) == worlds.shadow_name(real)
            with worlds.real():
                assert str(connection.settings_dict["NAME"]) == real
        assert str(connection.settings_dict["NAME"]) == real
