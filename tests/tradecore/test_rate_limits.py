"""Buckets: exact in Redis for any number of processes, by the process where there is no Redis, and never half taken."""

import math
import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
import redis
from django.conf import settings

from machine import packages, reaper, servers
from tradecore import rate_limits
from tradecore.breakers import CircuitState
from tradecore.rate_limits import (
    REST_S,
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
#: Of the bucket that many ask for at once: longer than a busy machine keeps all of them from asking.
FILLS_S = 20
#: For what comes in a moment, on a machine that has other things to do.
PATIENCE_S = 20.0


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


def hammer(url: str, prefix: str, bucket: Bucket, until: float) -> tuple[float, float, int]:
    """Ask from several threads, without a pause, until that moment, and until the bucket is empty.

    When it began, when somebody had found it empty for the first time, and how many were let through.
    """
    limiter = Limiter(shared=RedisStore(url, prefix=prefix), local=LocalStore(), processes=1)

    def ask(_number: int) -> tuple[float, int]:
        passed, empty_by = 0, math.inf
        while time.time() < until or empty_by == math.inf:
            if limiter.take([bucket])[0]:
                passed += 1
            else:
                empty_by = min(empty_by, time.time())
        return empty_by, passed

    began = time.time()
    with ThreadPoolExecutor(THREADS) as pool:
        found_empty, passed = zip(*pool.map(ask, range(THREADS)), strict=True)
    return began, min(found_empty), sum(passed)


@pytest.mark.redis
class TestWithRedis:
    @pytest.fixture(autouse=True)
    def _patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A Redis that answers late, because others have the processor, is not away here."""
        monkeypatch.setattr(rate_limits, "ANSWER_TIMEOUT_S", PATIENCE_S)

    def test_is_exact_for_several_processes(self) -> None:
        """To the token, by two moments between which the bucket was never full: whoever comes late finds them all."""
        per_s, prefix, until = 20, uuid.uuid4().hex, time.time() + LASTS_S
        bucket = Bucket(rule(per_s * FILLS_S, period_s=FILLS_S), "robin")
        with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
            asked = [pool.submit(hammer, settings.REDIS_URL, prefix, bucket, until) for _ in range(PROCESSES)]
            began, found_empty, passed = zip(*(future.result() for future in asked), strict=True)
        asked_at = time.time()
        left = admitted(
            Limiter(shared=RedisStore(settings.REDIS_URL, prefix=prefix), local=LocalStore(), processes=1),
            [bucket],
            tries=bucket.rule.count,
        )
        least = bucket.rule.count + (asked_at - min(found_empty)) * per_s
        most = bucket.rule.count + (time.time() - min(began)) * per_s
        assert least - 2 <= sum(passed) + left <= most + 1

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
        quick, slow = Bucket(rule(20, period_s=1), "robin"), Bucket(rule(60, period_s=3600), "sara")
        RedisStore(server.url).take([quick, slow])
        with redis.Redis.from_url(server.url) as client:
            ends_at = time.monotonic() + PATIENCE_S
            while len(client.keys("rates:*")) == 2 and time.monotonic() < ends_at:
                time.sleep(0.05)
            assert client.keys("rates:*") == [f"rates:{slow.key}".encode()]
            assert 0 < client.pttl(f"rates:{slow.key}") <= 60_000, "for as long as it has yet to fill"


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
        with patch.object(store, "_take", wraps=store._take) as asked:
            admitted(limiter, [browse], tries=1000)
        rests = (time.monotonic() - started) / REST_S
        assert asked.call_count <= rests + 1, "one of a thousand asks whether it is back"

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
