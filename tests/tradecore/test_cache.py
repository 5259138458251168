"""The cache while its Redis is away: a few calls wait, then nobody does, and it is used again once it is back."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import CacheHandler

from machine import packages, reaper, servers
from tradecore.breakers import CircuitState
from tradecore.cache import CIRCUIT, FAILURES, CacheClient

pytestmark = pytest.mark.redis

CALLS = 200
#: On a busy machine too; without a circuit they would wait for 40 seconds.
CALLS_TAKE_S = 10.0
BACK_WITHIN_S = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[servers.Server]:
    """A Redis of this test's own, which it may stop and end."""
    programs = packages.find_servers()
    assert programs is not None
    mark = f"cache-{os.getpid()}"
    server = servers.start_redis(programs, tmp_path, {**os.environ, reaper.VARIABLE: mark})
    try:
        yield server
    finally:
        reaper.end_all(mark, [])


@pytest.fixture
def cache(server: servers.Server) -> Any:
    """The cache as the settings have it, on that Redis."""
    caches = deepcopy(settings.CACHES)
    caches["default"]["LOCATION"] = server.url
    made: Any = CacheHandler(caches)["default"]
    assert isinstance(made.client.get_client(), CacheClient)
    return made


def keep_pear(cache: Any) -> None:
    """Have it kept, also where Redis at first answers too late, because others have the processor."""
    ends_at = time.monotonic() + BACK_WITHIN_S
    while not cache.set("fruit", "pear"):
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def stop(server: servers.Server) -> None:
    """It takes connections and does not answer, which is worse than to be gone."""
    os.kill(server.pid, signal.SIGSTOP)


def end(server: servers.Server) -> None:
    os.kill(server.pid, signal.SIGKILL)


AWAY = pytest.mark.parametrize("leave", [stop, end])


@AWAY
class TestWhileRedisIsAway:
    def test_a_few_calls_wait_and_then_none_does(
        self, cache: Any, server: servers.Server, leave: Callable[[servers.Server], None]
    ) -> None:
        keep_pear(cache)
        leave(server)
        for _ in range(FAILURES):
            assert cache.get("fruit") is None
        assert CIRCUIT.state is CircuitState.OPEN
        took = []
        for _ in range(CALLS):
            started = time.monotonic()
            assert cache.get("fruit") is None
            took.append(time.monotonic() - started)
        assert sum(took) < CALLS_TAKE_S
        assert sorted(took)[CALLS // 2] < 0.01

    def test_every_call_is_a_miss(
        self, cache: Any, server: servers.Server, leave: Callable[[servers.Server], None]
    ) -> None:
        cache.set_many({"fruit": "pear", "number": 1})
        leave(server)
        for _ in range(2):  # while Redis is waited for, and once it is not
            assert cache.get("fruit", "none") == "none"
            assert not cache.add("fruit", "plum")
            assert cache.get_many(["fruit", "number"]) == {}
            assert not cache.set_many({"fruit": "plum"})
            assert not cache.delete("fruit")
        assert CIRCUIT.state is CircuitState.OPEN


class TestWhenRedisIsBack:
    def test_the_cache_is_used_again_by_itself(self, cache: Any, server: servers.Server) -> None:
        keep_pear(cache)
        stop(server)
        for _ in range(FAILURES):
            cache.get("fruit")
        os.kill(server.pid, signal.SIGCONT)
        ends_at = time.monotonic() + BACK_WITHIN_S
        while cache.get("fruit") != "pear" and time.monotonic() < ends_at:
            time.sleep(0.05)
        assert cache.get("fruit") == "pear"
        assert CIRCUIT.state is CircuitState.CLOSED


class TestARedisThatRefuses:
    def test_has_answered(self, cache: Any) -> None:
        client = cache.client.get_client()
        for _ in range(FAILURES + 1):
            with pytest.raises(redis.ResponseError):
                client.execute_command("NO-SUCH-COMMAND")
        assert CIRCUIT.state is CircuitState.CLOSED
