"""What the process is told from outside: every environment variable that the product reads is named in this file.

`.env.example` lists the same names; a test compares the two.
"""

from typing import NoReturn

import environ

ENVIRONMENTS = ("embedded", "production", "test")
PROCESSES = ("web", "batch", "migration")

env = environ.Env(
    TRADECORE_ENV=(str, "embedded"),
    TRADECORE_PROCESS=(str, "batch"),
    TRADECORE_TEST_DB_SUFFIX=(str, ""),
    SECRET_KEY=(str, ""),
    SECRET_KEY_FALLBACKS=(list, []),
    DEBUG=(bool, False),
    ALLOWED_HOSTS=(list, []),
    CSRF_TRUSTED_ORIGINS=(list, []),
    HTTPS_ONLY=(bool, True),
    TRUST_PROXY_HEADERS=(bool, False),
    DATABASE_URL=(str, ""),
    DATABASE_COLLATION=(str, "utf8mb4_nopad_bin"),
    DATABASE_CONNECTION_AGE_S=(int, 300),
    APPLICATION_DATABASE_USER=(str, ""),
    REDIS_URL=(str, ""),
    CELERY_BROKER_URL=(str, ""),
    SANDBOX_PROVIDER_URL=(str, ""),
    SANDBOX_BOOK=(str, ""),
    SANDBOX_WEBHOOK_SECRETS=(list, []),
    LEDGER_SIGNING_KEY=(str, ""),
    LEDGER_PUBLIC_KEYS=(list, []),
    EMAIL_URL=(str, ""),
    MESSAGES_FROM=(str, "tradecore <no-reply@localhost>"),
    LOG_LEVEL=(str, "INFO"),
    STATIC_ROOT=(str, ""),
    WEB_HOST=(str, "127.0.0.1"),
    WEB_PORT=(int, 8000),
    WEB_WORKERS=(int, 1),
    WEB_THREADS=(int, 8),
)


def refuse(fault: str) -> NoReturn:
    """End the process with one line that says what to set: what is wrong is the environment, not the program."""
    raise SystemExit(f"refused to start: {fault}")


def one_of(name: str, allowed: tuple[str, ...]) -> str:
    """The value of a variable that knows a few words only."""
    value = str(env(name))
    if value not in allowed:
        refuse(f"{name} is {value!r}: set it to one of {', '.join(allowed)}")
    return value
