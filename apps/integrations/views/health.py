"""Whether this process lives, and whether it can serve."""

import threading
import time
from typing import Any, Final

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

#: How old an answer may be. Nobody is kept from asking, and each look costs as much as a purchase.
KNOWN_S: Final = 1.0


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nothing of anybody."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can serve; else what is missing. The cache may be away: losing it costs speed."""
    said = _readiness.read()
    return JsonResponse(said, status=503 if said["missing"] else 200)


class _Readiness:
    """What this process has found out last. One thread looks at a time, so a database that is silent holds no other."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._said: dict[str, Any] | None = None
        self._looked_at = 0.0

    def read(self) -> dict[str, Any]:
        """What is said, as of KNOWN_S ago at most, or as it was before the look that is being taken."""
        said = self._said
        if said is not None and time.monotonic() - self._looked_at < KNOWN_S:
            return said
        if not self._looking.acquire(blocking=said is None):
            assert said is not None, "the first ones wait"
            return said
        try:
            self._said = said = _look()
            self._looked_at = time.monotonic()
        finally:
            self._looking.release()
        return said


_readiness = _Readiness()


def _look() -> dict[str, Any]:
    missing = _missing()
    return {"status": "missing" if missing else "ready", "missing": missing, "cache": _cache_state()}


def _missing() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return ["database"]
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return ["migrations"] if pending else []


def _cache_state() -> str:
    cache.set("readyz", "ok", timeout=5)
    return "ok" if cache.get("readyz") == "ok" else "away"
