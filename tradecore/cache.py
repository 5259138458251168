"""Redis as the cache asks it: behind a circuit, so that one who is away costs a few calls a moment, and no request.

# Note [A cache that is away]
What django-redis sends goes through one client per process, and that through one circuit. Redis that does not answer is
waited for by the first three calls, a fifth of a second each; from then on every call is a miss at once, and one a
second asks whether it is back. A miss is what django-redis makes of a lost connection (`IGNORE_EXCEPTIONS`), so whoever
uses the cache knows nothing of circuits. What each of them does without it stands in `config/degradation.py`
(`CACHE_USERS`), where a test looks for everybody who imports the cache.
"""

from typing import Any, Final

import redis
from redis.client import Pipeline

from tradecore.breakers import Circuit

#: How many calls in a row Redis leaves without an answer until it is left alone, and for how long it then is.
FAILURES: Final = 3
REST_S: Final = 1.0

#: One per process: all of its caches are on one Redis.
CIRCUIT: Final = Circuit("redis.cache", failures=FAILURES, rest_s=REST_S)

#: That it refuses a command is an answer.
_SILENCE: Final = (redis.ConnectionError, redis.TimeoutError)


class CacheClient(redis.Redis):
    """The client of django-redis (`REDIS_CLIENT_CLASS`). Raises redis.ConnectionError at once while Redis is away."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        with CIRCUIT.calling(*_SILENCE):
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> "CachePipeline":  # noqa: FBT001, FBT002 - as it is there
        return CachePipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class CachePipeline(Pipeline):
    """Several commands as one call."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - as it is there
        with CIRCUIT.calling(*_SILENCE):
            return super().execute(raise_on_error)
