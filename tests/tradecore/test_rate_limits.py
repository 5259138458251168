"""Buckets: exact in Redis for any number of processes, by the process where there is no Redis, and never half taken."""

import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from django.conf import settings

from machine import packages, reaper, servers
from tradecore.breakers import CircuitState
from tradecore.rate_limits import (
    Bucket,
    Limiter,
    LocalStore,
    RateLimitsAway,
    RedisStore,
    Rule,
    Standing,
    WithoutRedis,
    exceeded,
)

PROCESSES, THREADS = 2, 3
LASTS_S = 3.0


def rule(count: int, *, period_s: int = 60, without_redis: WithoutRedis = WithoutRedis.LOCAL) -> Rule:
    return Rule(name="test", count=count, period_s=period_s, without_redis=without_redis)


def local(*, processes: int = 1) -> Limiter:
    return Limiter(shared=None, local=LocalStore(), processes=processes)


def admitted(limiter: Limiter, buckets: Sequence[Bucket], *, tries: int) -> int:
    return sum(limiter.take(buckets)[0] for _ in range(tries))


class TestBucket:
    def test_holds_its_count_and_is_empty_then(self) -> None:
        assert admitted(local(), [Bucket(rule(5), "robin")], tries=20) == 5

    def test_is_one_subject_s(self) -> None:
        limiter = local()
        assert admitted(limiter, [Bucket(rule(5), "robin")], tries=20) == 5
        assert admitted(limiter, [Bucket(rule(5), "sara")], tries=20) == 5

    def test_fills_evenly(self) -> None:
        limiter, bucket = local(), Bucket(rule(10, period_s=1), "robin")
        started = time.monotonic()
        assert admitted(limiter, [bucket], tries=10) == 10
        time.sleep(0.35)
        again = admitted(limiter, [bucket], tries=10)
        assert 3 <= again <= (time.monotonic() - started) * 10

    def test_gives_nothing_where_another_is_empty(self) -> None:
        limiter = local()
        small, large = Bucket(rule(1), "robin"), Bucket(rule(5), "shop")
        assert admitted(limiter, [small, large], tries=10) == 1
        assert admitted(limiter, [large], tries=10) == 4

    def test_is_forgotten_once_it_is_full(self) -> None:
        store = LocalStore()
        store._purge_at = 2
        quick = [Bucket(rule(1000, period_s=1), name) for name in ("robin", "sara", "tom")]
        store.take(quick[:1])
        time.sleep(0.01)
        store.take(quick[1:])
        assert len(store._full_at_us) == 2


class TestStanding:
    def test_says_what_is_left_and_when_it_is_full(self) -> None:
        _, (standing,) = local().take([Bucket(rule(60), "robin")])
        assert (standing.remaining, standing.full_in_s) == (59, 1)

    def test_says_how_long_to_wait_by_the_one_that_takes_longest(self) -> None:
        empty, slow = Standing(rule(60), lack_us=60_000_000), Standing(rule(6), lack_us=60_000_000)
        assert exceeded([empty, slow]).retry_after == 10
        assert exceeded([empty]).retry_after == 1


class TestPart:
    def test_of_a_process_is_its_share(self) -> None:
        assert admitted(local(processes=4), [Bucket(rule(20), "robin")], tries=40) == 5

    def test_is_one_at_least(self) -> None:
        assert admitted(local(processes=4), [Bucket(rule(1), "robin")], tries=4) == 1


# --- Redis ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[servers.Server]:
    """A Redis of this test's own, which it may stop."""
    programs = packages.find_servers()
    assert programs is not None
    mark = f"rates-{os.getpid()}"
    server = servers.start_redis(programs, tmp_path, {**os.environ, reaper.VARIABLE: mark})
    try:
        yield server
    finally:
        os.kill(server.pid, signal.SIGCONT)
        reaper.end_all(mark, [])


def hammer(url: str, prefix: str, count: int, until: float) -> tuple[float, int]:
    """Ask from several threads, without a pause, until that moment: when it began, and how many were let through."""
    limiter = Limiter(shared=RedisStore(url, prefix=prefix), local=LocalStore(), processes=1)
    bucket = Bucket(rule(count, period_s=2, without_redis=WithoutRedis.CLOSED), "robin")

    def ask(_number: int) -> int:
        passed = 0
        while time.time() < until:
            with suppress(RateLimitsAway):  # on a busy machine an answer may come too late
                passed += limiter.take([bucket])[0]
        return passed

    began = time.time()
    with ThreadPoolExecutor(THREADS) as pool:
        return began, sum(pool.map(ask, range(THREADS)))


@pytest.mark.redis
class TestWithRedis:
    def test_is_exact_for_several_processes(self) -> None:
        count, prefix, until = 400, uuid.uuid4().hex, time.time() + LASTS_S
        with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
            asked = [pool.submit(hammer, settings.REDIS_URL, prefix, count, until) for _ in range(PROCESSES)]
            results = [future.result() for future in asked]
        asked_for_s = until - min(began for began, _ in results)
        allowed = count + asked_for_s * count / 2
        assert sum(passed for _, passed in results) == pytest.approx(allowed, rel=0.05)

    def test_takes_of_each_bucket_or_of_none(self) -> None:
        limiter = Limiter(
            shared=RedisStore(settings.REDIS_URL, prefix=uuid.uuid4().hex), local=LocalStore(), processes=1
        )
        small, large = Bucket(rule(1), "robin"), Bucket(rule(5), "shop")
        assert admitted(limiter, [small, large], tries=10) == 1
        assert admitted(limiter, [large], tries=10) == 4

    def test_asks_once_for_all_scopes(self, server: servers.Server) -> None:
        store = RedisStore(server.url)
        limiter = Limiter(shared=store, local=LocalStore(), processes=1)
        buckets = [Bucket(rule(100), f"subject-{number}") for number in range(6)]
        limiter.take(buckets)  # the first one brings the script
        with redis.Redis.from_url(server.url) as client:
            before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
            for _ in range(10):
                limiter.take(buckets)
            stats = client.info("commandstats")
        assert stats["cmdstat_evalsha"]["calls"] - before == 10
        assert "cmdstat_eval" not in stats

    def test_leaves_no_bucket_that_is_full(self, server: servers.Server) -> None:
        RedisStore(server.url).take([Bucket(rule(20, period_s=1), "robin")])
        with redis.Redis.from_url(server.url) as client:
            assert len(client.keys("rates:*")) == 1
            time.sleep(0.1)
            assert client.keys("rates:*") == []


@pytest.mark.redis
class TestWithRedisStopped:
    """Stopped, not ended: it takes connections and does not answer, which is worse."""

    def test_each_rule_says_what_becomes_of_its_requests(self, server: servers.Server) -> None:
        limiter = Limiter(shared=RedisStore(server.url), local=LocalStore(), processes=1)
        os.kill(server.pid, signal.SIGSTOP)
        browse = Bucket(rule(1, without_redis=WithoutRedis.OPEN), "robin")
        sign_in = Bucket(rule(2, without_redis=WithoutRedis.LOCAL), "robin")
        refund = Bucket(rule(3, without_redis=WithoutRedis.CLOSED), "robin")
        assert admitted(limiter, [browse], tries=10) == 10
        assert admitted(limiter, [sign_in], tries=10) == 2
        with pytest.raises(RateLimitsAway):
            limiter.take([refund])

    def test_nobody_waits_for_it_for_long(self, server: servers.Server) -> None:
        store = RedisStore(server.url)
        limiter = Limiter(shared=store, local=LocalStore(), processes=1)
        os.kill(server.pid, signal.SIGSTOP)
        browse = Bucket(rule(1, without_redis=WithoutRedis.OPEN), "robin")
        admitted(limiter, [browse], tries=3)
        assert store.circuit.state is CircuitState.OPEN
        started = time.monotonic()
        admitted(limiter, [browse], tries=1000)
        assert time.monotonic() - started < 1.5, "one of a thousand asks whether it is back"

    def test_it_counts_again_when_it_is_back(self, server: servers.Server) -> None:
        store = RedisStore(server.url)
        limiter = Limiter(shared=store, local=LocalStore(), processes=1)
        bucket = Bucket(rule(3, without_redis=WithoutRedis.OPEN), "robin")
        os.kill(server.pid, signal.SIGSTOP)
        admitted(limiter, [bucket], tries=5)
        os.kill(server.pid, signal.SIGCONT)
        deadline = time.monotonic() + 20
        while store.circuit.state is not CircuitState.CLOSED and time.monotonic() < deadline:
            time.sleep(0.1)
            limiter.take([bucket])
        assert admitted(limiter, [bucket], tries=10) < 10
