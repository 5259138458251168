"""How many requests somebody may make per time: token buckets, in Redis where there is one, else in each process.

# Note [Buckets]
A bucket holds `count` tokens and fills evenly, over `period_s`. A request takes a token from each of its buckets; where
one of them is empty, from none. What is kept of a bucket is one number, the moment at which it will be full again (the
generic cell rate algorithm), and of a full one nothing. All buckets of a request are one script in Redis: one round
trip, exact for any number of processes, by Redis's own clock.

# Note [Without Redis]
Where no Redis is set there is one process, or each keeps its part of every bucket. Where Redis is set and does not
answer, each rule says what becomes of its requests: they pass (OPEN), the processes count by themselves, each its part
(LOCAL), or they are refused until Redis is back (CLOSED). The limits on guesses (`tradecore.attempts`) are in the
database and know no Redis.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Final, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tradecore import metrics
from tradecore.breakers import Circuit
from tradecore.db import assert_no_transaction
from tradecore.errors import Kind, Refusal
from tradecore.worlds import marked

#: Redis answers in a fraction of a millisecond or is in trouble.
ANSWER_TIMEOUT_S: Final = 0.1
#: How long Redis is left alone after it has not answered so many times, and when to come back where it is needed.
FAILURES: Final = 3
REST_S: Final = 1.0
COME_BACK_S: Final = 5

_US: Final = 1_000_000
_PURGE_FROM: Final = 10_000

# KEYS: the buckets. ARGV: of each the time in which it gets a token, and the time in which it fills, in microseconds.
# Answers 1 if tokens were taken, and of each bucket for how long it had yet to fill before that.
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {1}
for i, key in ipairs(KEYS) do
    local lack = math.max(tonumber(redis.call('GET', key) or now) - now, 0)
    answer[i + 1] = lack
    if lack + ARGV[2 * i - 1] > tonumber(ARGV[2 * i]) then
        answer[1] = 0
    end
end
if answer[1] == 1 then
    for i, key in ipairs(KEYS) do
        local lack = answer[i + 1] + ARGV[2 * i - 1]
        redis.call('SET', key, string.format('%.0f', now + lack), 'PX', math.ceil(lack / 1000))
    end
end
return answer
"""


class WithoutRedis(StrEnum):
    """What becomes of the requests under a rule while Redis does not answer. See Note [Without Redis]."""

    OPEN = "open"
    LOCAL = "local"
    CLOSED = "closed"


@dataclass
class RateLimitExceeded(Refusal):
    """More requests than the limit of that name allows. After `retry_after` seconds one may pass again."""

    code = "rate_limits.exceeded"
    kind = Kind.TOO_MANY
    title = "Too many requests. Wait before the next one."

    limit: str
    retry_after: int


@dataclass
class RateLimitsAway(Refusal):
    """What counts these requests does not answer, and they are none that may pass uncounted."""

    code = "rate_limits.away"
    kind = Kind.UNAVAILABLE
    title = "This cannot be done right now. Try again in a moment."

    retry_after: int = COME_BACK_S


@dataclass(frozen=True, slots=True)
class Rule:
    """So many requests at once, and as many per period in the long run."""

    name: str
    count: int
    period_s: int
    without_redis: WithoutRedis

    @property
    def token_us(self) -> int:
        """How long one token takes to come back."""
        return self.period_s * _US // self.count

    @property
    def full_us(self) -> int:
        """How long an empty bucket takes to fill."""
        return self.token_us * self.count

    def part(self, processes: int) -> "Rule":
        """What each of so many processes may let through by itself; one request there is always."""
        return self if processes == 1 else replace(self, count=max(1, self.count // processes))


@dataclass(frozen=True, slots=True)
class Bucket:
    """The tokens of one subject under one rule."""

    rule: Rule
    subject: str

    @property
    def key(self) -> str:
        """Those of the shadow are buckets of their own, wherever they are kept."""
        return marked(f"{self.rule.name}:{self.subject}")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a bucket stands after a request: for how long it has yet to fill."""

    rule: Rule
    lack_us: int

    @property
    def remaining(self) -> int:
        """The tokens that are left."""
        return max(self.rule.full_us - self.lack_us, 0) // self.rule.token_us

    @property
    def full_in_s(self) -> int:
        return ceil(self.lack_us / _US)

    @property
    def until_token_us(self) -> int:
        """How long until there is a token; not positive where there is one."""
        return self.lack_us + self.rule.token_us - self.rule.full_us

    @property
    def wait_s(self) -> int:
        """The same in whole seconds, one at least."""
        return max(1, ceil(self.until_token_us / _US))


class Store(Protocol):
    """Where buckets are kept."""

    def take(self, buckets: Sequence[Bucket]) -> tuple[bool, list[int]]:
        """Take a token of each, or of none. Whether they were taken, and what each lacked before, in microseconds."""


class RedisStore:
    """Buckets that all processes share. Raises redis.RedisError."""

    def __init__(self, url: str, *, prefix: str = "rates") -> None:
        self._prefix = prefix
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=ANSWER_TIMEOUT_S,
            socket_connect_timeout=ANSWER_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # a request does not wait for it twice
        )
        self._take = self._client.register_script(_TAKE)
        self.circuit = Circuit("redis.rate_limits", failures=FAILURES, rest_s=REST_S)

    def take(self, buckets: Sequence[Bucket]) -> tuple[bool, list[int]]:
        assert_no_transaction()
        keys = [f"{self._prefix}:{bucket.key}" for bucket in buckets]
        times = [time for bucket in buckets for time in (bucket.rule.token_us, bucket.rule.full_us)]
        with self.circuit.calling(redis.RedisError):
            taken, *lacks = self._take(keys=keys, args=times)
        return bool(taken), lacks


class LocalStore:
    """Buckets of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full_at_us: dict[str, int] = {}
        self._purge_at = _PURGE_FROM

    def take(self, buckets: Sequence[Bucket]) -> tuple[bool, list[int]]:
        now = time.monotonic_ns() // 1000
        with self._lock:
            lacks = [max(self._full_at_us.get(bucket.key, now) - now, 0) for bucket in buckets]
            afterwards = [(each, lack + each.rule.token_us) for each, lack in zip(buckets, lacks, strict=True)]
            taken = all(lack <= bucket.rule.full_us for bucket, lack in afterwards)
            if taken:
                self._full_at_us.update({bucket.key: now + lack for bucket, lack in afterwards})
                self._purge(now)
        return taken, lacks

    def _purge(self, now: int) -> None:
        """Forget the full ones, each time that there are twice as many as were left."""
        if len(self._full_at_us) >= self._purge_at:
            self._full_at_us = {key: full_at for key, full_at in self._full_at_us.items() if full_at > now}
            self._purge_at = max(_PURGE_FROM, 2 * len(self._full_at_us))


class Limiter:
    """Takes tokens: from Redis where it is set and answers, else by Note [Without Redis].

    processes: how many serve together, and count by themselves where nothing is shared.
    """

    def __init__(self, *, shared: Store | None, local: Store, processes: int) -> None:
        self._shared = shared
        self._local = local
        self._processes = processes

    def take(self, buckets: Sequence[Bucket]) -> tuple[bool, list[Standing]]:
        """A token of each bucket, or of none. Whether they were taken, and how each that was asked stands now.

        Refuses: RateLimitsAway.
        """
        if self._shared is None:
            return self._take_here(buckets)
        try:
            taken, lacks = self._shared.take(buckets)
        except redis.RedisError:
            return self._take_without_redis(buckets)
        return taken, _stand(buckets, lacks, taken=taken)

    def _take_without_redis(self, buckets: Sequence[Bucket]) -> tuple[bool, list[Standing]]:
        if any(bucket.rule.without_redis is WithoutRedis.CLOSED for bucket in buckets):
            metrics.RATE_LIMITED.add("away")
            raise RateLimitsAway
        return self._take_here([bucket for bucket in buckets if bucket.rule.without_redis is WithoutRedis.LOCAL])

    def _take_here(self, buckets: Sequence[Bucket]) -> tuple[bool, list[Standing]]:
        parts = [replace(bucket, rule=bucket.rule.part(self._processes)) for bucket in buckets]
        taken, lacks = self._local.take(parts)
        return taken, _stand(parts, lacks, taken=taken)


def exceeded(standings: Sequence[Standing]) -> RateLimitExceeded:
    """The refusal of a request that found a bucket empty: by the one that takes longest."""
    longest = max(standings, key=lambda standing: standing.until_token_us)
    metrics.RATE_LIMITED.add(longest.rule.name)
    return RateLimitExceeded(limit=longest.rule.name, retry_after=longest.wait_s)


def _stand(buckets: Sequence[Bucket], lacks: Sequence[int], *, taken: bool) -> list[Standing]:
    return [
        Standing(bucket.rule, lack_us=lack + bucket.rule.token_us if taken else lack)
        for bucket, lack in zip(buckets, lacks, strict=True)
    ]
