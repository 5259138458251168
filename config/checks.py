"""Production refuses to start with a setting that would lose money, events or secrets.

Each fault is one line that says what is wrong and what to set. The same list is behind `manage.py check --deploy`.
What is unreachable is told apart from what is wrong: without its database a process does not start, without Redis it
does, because losing Redis costs speed only.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from apps.ledger.api import is_key
from apps.settlement.api import BANKS
from tradecore.append_only import append_only_tables

# A floor under what is random: shorter or plainer keys can be guessed from one signed token.
MIN_SECRET_LENGTH = 50
MIN_SECRET_CHARACTERS = 5

MARIADB_MIN_VERSION = (10, 6)
MYSQL_MIN_VERSION = (8, 0)

# Compare byte for byte, trailing spaces included: MariaDB's and MySQL's names for it.
EXACT_COLLATIONS = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin")

# What the server says to a user without the right, and of a table that is not there.
_REFUSALS = frozenset({1142, 1143, 1146})

# The tables of this database that the session's user may drop, empty, or rid of their triggers, by whatever grant.
_DROPPABLE_SQL = """
    WITH held AS (
        SELECT grantee, privilege_type, NULL AS name FROM information_schema.user_privileges
        UNION ALL
        SELECT grantee, privilege_type, NULL FROM information_schema.schema_privileges
        WHERE DATABASE() LIKE table_schema
        UNION ALL
        SELECT grantee, privilege_type, table_name FROM information_schema.table_privileges
        WHERE table_schema = DATABASE()
    )
    SELECT DISTINCT there.table_name
    FROM information_schema.tables AS there
    JOIN held ON held.name IS NULL OR held.name = there.table_name
    WHERE there.table_schema = DATABASE()
        AND held.privilege_type IN ('DROP', 'TRIGGER', 'ALTER')
        AND held.grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')
"""

REDIS_TIMEOUT_S = 2

Variables = dict[str, str]


def refuse_wrong_settings() -> None:
    """End the process, with a line per fault, when this is production and something is set wrong."""
    if settings.TRADECORE_ENV != "production":
        return
    faults = list(find_faults())
    if faults:
        raise SystemExit("\n".join(f"refused to start: {fault}" for fault in faults))


def check_production_settings(**_: Any) -> list[checks.CheckMessage]:
    """The faults as messages of `manage.py check --deploy`."""
    return [checks.Error(fault, id="tradecore.E001") for fault in find_faults()]


def find_faults() -> Iterator[str]:
    """Everything that is set wrong, settings first, then the database that they name, then the broker."""
    faults = list(_settings_faults())
    yield from faults
    if connection.vendor == "mysql":
        yield from _database_faults()
    if _is_redis(settings.CELERY_BROKER_URL):
        yield from _broker_faults(settings.CELERY_BROKER_URL)


def _settings_faults() -> Iterator[str]:
    if settings.TRADECORE_ENV != "production":
        yield f"TRADECORE_ENV is {settings.TRADECORE_ENV!r}: set it to production"
    if settings.DEBUG:
        yield "DEBUG is on and shows secrets to whoever causes an error: set DEBUG=false"
    if not _is_secret(settings.SECRET_KEY):
        yield f"SECRET_KEY is known or too simple: set it to {MIN_SECRET_LENGTH} or more random characters"
    if not settings.SANDBOX_WEBHOOK_SECRETS or settings.EMBEDDED_WEBHOOK_SECRET in settings.SANDBOX_WEBHOOK_SECRETS:
        yield "SANDBOX_WEBHOOK_SECRETS is empty or known, so anybody could forge a payment: set one or two"
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS is empty or '*': set it to the host names that this site answers to, comma-separated"
    if connection.vendor != "mysql":
        yield f"DATABASE_URL names {connection.vendor}: set it to mysql://user:password@host:3306/name"
    if settings.PAYOUT_BANK not in BANKS.names():
        known = ", ".join(sorted(BANKS.names()))
        yield f"PAYOUT_BANK is {settings.PAYOUT_BANK!r}, so no seller could be paid: set it to one of {known}"
    yield from _key_faults()
    yield from _redis_faults(cache=settings.REDIS_URL, broker=settings.CELERY_BROKER_URL)


def _key_faults() -> Iterator[str]:
    """The keys of the ledger's manifests, and of marks."""
    if settings.STRESS_KEY and not _is_secret(settings.STRESS_KEY):
        yield f"STRESS_KEY is known or simple: set it to {MIN_SECRET_LENGTH} or more random characters, or leave it out"
    key = settings.LEDGER_SIGNING_KEY
    if not is_key(key) or key == settings.EMBEDDED_LEDGER_KEY:
        yield "LEDGER_SIGNING_KEY is empty, known or no key, so the books prove nothing: set it to base64 of 32 bytes"
    if not all(is_key(each) for each in settings.LEDGER_PUBLIC_KEYS):
        yield "LEDGER_PUBLIC_KEYS holds something else: set it to public keys, base64 of 32 bytes each, or leave it out"


def _redis_faults(*, cache: str, broker: str) -> Iterator[str]:
    if not cache:
        yield "REDIS_URL is not set, so each process would have a cache of its own: set it to redis://host:6379/0"
    if not _is_broker(broker):
        yield "CELERY_BROKER_URL is not set to a broker that other processes reach: set it to redis://host:6379/0"
    if cache and _place(cache) == _place(broker):
        yield "CELERY_BROKER_URL and REDIS_URL are one database, and a full cache would stop the broker: set two"


def _is_secret(key: str) -> bool:
    embedded = key == settings.EMBEDDED_SECRET_KEY or key.startswith("django-insecure-")
    return not embedded and len(key) >= MIN_SECRET_LENGTH and len(set(key)) >= MIN_SECRET_CHARACTERS


def _is_broker(url: str) -> bool:
    return urlsplit(url).scheme not in ("", "memory", "filesystem")


def _is_redis(url: str) -> bool:
    return urlsplit(url).scheme in ("redis", "rediss")


def _place(url: str) -> tuple[str | None, int, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or 6379, parts.path.strip("/") or "0"


# --- The database -----------------------------------------------------------------------------------------------------


def _database_faults() -> Iterator[str]:
    """What the server answers: about our own sessions, and about everybody who connects beside us."""
    try:
        session, server = _variables("SESSION"), _variables("GLOBAL")
        columns = _inexact_columns()
        changeable = _changeable_tables() if settings.TRADECORE_PROCESS != "migration" else []
    except DatabaseError as error:
        yield f"DATABASE_URL cannot be used ({error.args[-1]}): set it to a server that answers"
        return
    finally:
        connection.close()
    yield from _version_faults(server)
    yield from _session_faults(session, server)
    yield from _durability_faults(server)
    for table, column, collation in columns:
        yield (
            f"column {table}.{column} has the collation {collation}, which takes different codes for equal: "
            f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {settings.DATABASE_COLLATION}"
        )
    if changeable:
        yield (
            f"the database user may change or drop what is written once ({', '.join(changeable)}): set DATABASE_URL to "
            "another user than the migration's, and run manage.py grant_application USER as the migration's"
        )


def _variables(scope: str) -> Variables:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {scope} VARIABLES")
        return {name.lower(): value for name, value in cursor.fetchall()}


def _inexact_columns() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND collation_name LIKE %s ORDER BY 1, 2 LIMIT 3",
            [r"%\_ci"],
        )
        return list(cursor.fetchall())


def _changeable_tables() -> list[str]:
    """The tables that are written once, and that this session's user may change, empty or drop all the same.

    Those that are not there yet are none: a process that comes before its migration says so in /readyz.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DROPPABLE_SQL)
        droppable = {table for (table,) in cursor.fetchall()}
        return [
            table
            for table, key in append_only_tables().items()
            if table in droppable
            or _is_let(cursor, f"UPDATE {table} SET {key} = {key} WHERE 1 = 0")  # noqa: S608 - names of our own
            or _is_let(cursor, f"DELETE FROM {table} WHERE 1 = 0")  # noqa: S608 - names of our own
        ]


def _is_let(cursor: CursorWrapper, statement: str) -> bool:
    try:
        cursor.execute(statement)
    except DatabaseError as error:
        if error.args[0] not in _REFUSALS:
            raise
        return False
    return True


def _version_faults(server: Variables) -> Iterator[str]:
    is_mariadb = "mariadb" in server["version"].lower()
    needed = MARIADB_MIN_VERSION if is_mariadb else MYSQL_MIN_VERSION
    version = tuple(int(part) for part in server["version"].split("-")[0].split(".")[:2])
    if version < needed:
        name = "MariaDB" if is_mariadb else "MySQL"
        yield f"the database is {name} {server['version']}: use {name} {needed[0]}.{needed[1]} or later"


def _session_faults(session: Variables, server: Variables) -> Iterator[str]:
    """The server's own defaults count too: a console or a script that connects beside us gets those."""
    for scope, variables in (("session", session), ("server", server)):
        isolation = _isolation(variables)
        if isolation != "READ-COMMITTED":
            yield f"the {scope}'s transaction isolation is {isolation}: set transaction-isolation=READ-COMMITTED"
        if "STRICT_TRANS_TABLES" not in variables["sql_mode"]:
            yield f"the {scope}'s sql_mode is {variables['sql_mode']!r}: set it to include STRICT_TRANS_TABLES"
    for variable in ("collation_connection", "collation_database"):
        if session[variable] not in EXACT_COLLATIONS:
            yield f"{variable} is {session[variable]}: set the server's and the database's to {EXACT_COLLATIONS[0]}"
    if session["time_zone"] not in ("+00:00", "UTC"):
        yield f"the session's time_zone is {session['time_zone']}: set default-time-zone=+00:00"
    if session["default_storage_engine"].lower() != "innodb":
        yield f"default_storage_engine is {session['default_storage_engine']}: set default-storage-engine=InnoDB"


def _isolation(variables: Variables) -> str:
    """MariaDB called it tx_isolation until 11.1."""
    return variables.get("transaction_isolation") or variables["tx_isolation"]


def _durability_faults(server: Variables) -> Iterator[str]:
    if server["innodb_flush_log_at_trx_commit"] != "1":
        yield "innodb_flush_log_at_trx_commit is not 1, so a crash loses commits: set innodb-flush-log-at-trx-commit=1"
    if server["innodb_rollback_on_timeout"] != "ON":
        yield "innodb_rollback_on_timeout is off, so half a story can commit: set innodb-rollback-on-timeout=ON"
    if server["log_bin"] == "ON" and server["sync_binlog"] != "1":
        yield "sync_binlog is not 1, so a crash loses commits on the replicas: set sync-binlog=1"
    if server["log_bin"] == "ON" and server["binlog_format"] != "ROW":
        yield f"binlog_format is {server['binlog_format']}, which READ COMMITTED cannot use: set binlog-format=ROW"


# --- The broker -------------------------------------------------------------------------------------------------------


def _broker_faults(url: str) -> Iterator[str]:
    """A Redis that does not answer is no fault: its absence costs speed and is no reason not to start."""
    client = redis.Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    try:
        policy = client.info("memory")["maxmemory_policy"]
    except (redis.AuthenticationError, redis.ResponseError) as error:
        yield f"Redis refuses CELERY_BROKER_URL ({error}): set it to redis://user:password@host:6379/0"
    except redis.RedisError:
        return
    else:
        if policy != "noeviction":
            yield f"the broker evicts tasks when it is full: set its maxmemory-policy to noeviction, not {policy}"
    finally:
        client.close()
