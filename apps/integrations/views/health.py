"""Whether this process lives, and whether it can serve."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers. Asks nothing of anybody."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can serve; else what is missing. The cache may be away: losing it costs speed."""
    missing = _missing()
    body = {"status": "missing" if missing else "ready", "missing": missing, "cache": _cache_state()}
    return JsonResponse(body, status=503 if missing else 200)


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
