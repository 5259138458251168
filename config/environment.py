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
    STRESS_KEY=(str, ""),
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
    SANDBOX_BANK_URL=(str, ""),
    SANDBOX_BANK_BOOK=(str, ""),
    PAYOUT_BANK=(str, "sandbox"),
    PAYOUT_RUN_MAX=(int, 200),
    PAYOUT_MINIMUMS_MINOR=(dict, {}),
    PAYOUT_ACCOUNT_REST_S=(int, 86_400),
    LEDGER_SIGNING_KEY=(str, ""),
    LEDGER_PUBLIC_KEYS=(list, []),
    EMAIL_URL=(str, ""),
    MESSAGES_FROM=(str, "tradecore <no-reply@localhost>"),
    LOG_LEVEL=(str, "INFO"),
    METRICS_DIR=(str, ""),
    METRICS_TOKEN=(str, ""),
    STATIC_ROOT=(str, ""),
    PRICE_DROP_MAX_BP=(int, 9_000),
    STOCK_CHANGE_MAX_PIECES=(int, 10_000),
    STOCK_CHANGE_MAX_BP=(int, 9_000),
    STOCK_CHANGE_MIN_PIECES=(int, 1_000),
    STOCK_FILLING_MAX_PIECES=(int, 1_000_000),
    FUSE_REFUND_TIMES=(int, 10),
    FUSE_REFUND_FLOORS_MINOR=(dict, {}),
    FUSE_PAYOUT_TIMES=(int, 5),
    FUSE_PAYOUT_FLOORS_MINOR=(dict, {}),
    FUSE_PAYOUT_MAX_MINOR=(dict, {}),
    FUSE_LATE_MONEY_BP=(int, 2_000),
    FUSE_LATE_MONEY_COUNT=(int, 5),
    RATE_LIMITS_PERCENT=(int, 100),
    WEB_HOST=(str, "127.0.0.1"),
    WEB_PORT=(int, 8000),
    WEB_WORKERS=(int, 1),
    WEB_THREADS=(int, 8),
)


def refuse(fault: str) -> NoReturn:
    """End the process with one line that says what to set: what is wrong is the environment, not the program."""
    raise SystemExit(f"refused to start: {fault}")


def whole_number(name: str, *, highest: int = 10**9) -> int:
    """The value of a variable that bounds something."""
    value = int(env(name))
    if not 0 <= value <= highest:
        refuse(f"{name} is {value}: set it to a number from 0 to {highest}")
    return value


def minor_units(name: str) -> dict[str, int]:
    """The amounts of a variable that has one for some currencies: GBP=1000,JPY=500."""
    amounts: dict[str, str] = env(name)
    if not all(amount.isdecimal() and amount.isascii() for amount in amounts.values()):
        refuse(f"{name} is {amounts}: set it to minor units by currency, such as GBP=1000,JPY=500")
    return {currency: int(amount) for currency, amount in amounts.items()}


def one_of(name: str, allowed: tuple[str, ...]) -> str:
    """The value of a variable that knows a few words only."""
    value = str(env(name))
    if value not in allowed:
        refuse(f"{name} is {value!r}: set it to one of {', '.join(allowed)}")
    return value
