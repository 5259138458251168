"""The one database, as DATABASE_URL names it: SQLite at home, MariaDB or MySQL in production.

# Note [Session guards]
Each session sets what correctness rests on, whatever the server's defaults are: strict mode, UTC, READ COMMITTED, an
exact collation. The time limits differ by what the process is for: somebody waits for an answer of `web`, nobody for
that of `batch`, and a `migration` may rewrite a table for as long as it takes, but may not queue the traffic behind it.
The server keeps these. Of one that has gone without a word nobody would hear for as long as TCP tries, with all threads
waiting: so the client itself does not listen for ever.
"""

from pathlib import Path
from typing import Any

from config.environment import env

STRICT_SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION"

# Seconds. `statement`: longest statement; `idle`, `idle_write`: longest pause inside a transaction before the server
# ends it and frees its locks; `row_lock`, `table_lock`: longest wait for somebody else's; `silence`: longest wait for
# an answer, after which the server, or the way to it, is taken for lost. 0 is no limit.
GUARDS_S = {
    "web": {"statement": 5, "idle": 30, "idle_write": 5, "row_lock": 3, "table_lock": 10, "silence": 15},
    "batch": {"statement": 60, "idle": 30, "idle_write": 5, "row_lock": 10, "table_lock": 10, "silence": 90},
    "migration": {"statement": 0, "idle": 0, "idle_write": 0, "row_lock": 50, "table_lock": 5, "silence": 0},
    # A test holds one transaction open around everything that it does, however long that takes.
    "test": {"statement": 60, "idle": 0, "idle_write": 0, "row_lock": 10, "table_lock": 60, "silence": 90},
}

# WAL and IMMEDIATE: writers queue for `timeout` seconds instead of failing with "database is locked" when a transaction
# that began as a reader wants to write. synchronous=NORMAL is safe with WAL against everything but a power cut.
# recursive_triggers: without it INSERT OR REPLACE would go past the triggers of what is append-only.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
}


def database(*, local: Path, process: str, for_tests: bool) -> dict[str, Any]:
    """Django's settings of the default database.

    local: the folder that holds the SQLite files. process: web, batch or migration. for_tests: name the test database
    after TRADECORE_TEST_DB_SUFFIX, so that several runs can share a server.
    """
    url = env("DATABASE_URL") or f"sqlite:///{local / 'tradecore.sqlite3'}"
    settings: dict[str, Any] = env.db_url_config(url)
    if settings["ENGINE"].endswith("sqlite3"):
        return settings | _sqlite(local)
    return settings | _mysql(settings, "test" if for_tests else process)


def _sqlite(local: Path) -> dict[str, Any]:
    local.mkdir(exist_ok=True)
    # A file, because threads that share Django's default test database in memory see "table is locked".
    test = {"NAME": str(local / f"test{env('TRADECORE_TEST_DB_SUFFIX')}.sqlite3")}
    return {"OPTIONS": _SQLITE_OPTIONS, "CONN_MAX_AGE": None, "TEST": test}


def _mysql(settings: dict[str, Any], guards: str) -> dict[str, Any]:
    collation = env("DATABASE_COLLATION")
    return {
        "ENGINE": "tradecore.mysql",
        "OPTIONS": {
            "charset": "utf8mb4",
            "collation": collation,
            "isolation_level": "read committed",
            "connect_timeout": 5,
            "read_timeout": GUARDS_S[guards]["silence"],
            "write_timeout": GUARDS_S[guards]["silence"],
            "init_command": _init_command(GUARDS_S[guards]),
            # What the URL names (such as ?ssl_mode=REQUIRED) wins; config/checks.py refuses what is dangerous.
            **settings.get("OPTIONS", {}),
        },
        "CONN_MAX_AGE": env("DATABASE_CONNECTION_AGE_S"),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {
            "NAME": f"test_{settings['NAME']}{env('TRADECORE_TEST_DB_SUFFIX')}",
            "CHARSET": "utf8mb4",
            "COLLATION": collation,
        },
    }


def _init_command(guards: dict[str, int]) -> str:
    """One SET statement; MySQL and MariaDB each skip the comment that is meant for the other."""
    return (
        f"SET sql_mode='{STRICT_SQL_MODE}', time_zone='+00:00', innodb_lock_wait_timeout={guards['row_lock']}, "
        f"lock_wait_timeout={guards['table_lock']} "
        f"/*M!100300 , max_statement_time={guards['statement']}, idle_transaction_timeout={guards['idle']}, "
        f"idle_write_transaction_timeout={guards['idle_write']} */"
        f"/*!80000 , max_execution_time={guards['statement'] * 1000} */"
    )
