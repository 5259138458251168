"""Settings, all driven by the environment (`config/environment.py` names every variable).

Three environments: `embedded` (the default: one process, SQLite, no server), `test`, and `production`, which
`config/checks.py` refuses to start with a setting that would lose money, events or secrets.
"""

import re
from pathlib import Path
from typing import Any

from config.databases import database
from config.environment import ENVIRONMENTS, PROCESSES, env, minor_units, one_of, refuse, whole_number
from config.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

TRADECORE_ENV = one_of("TRADECORE_ENV", ENVIRONMENTS)
TRADECORE_PROCESS = one_of("TRADECORE_PROCESS", PROCESSES)
IN_PRODUCTION = TRADECORE_ENV == "production"

# --- Secrets and hosts ------------------------------------------------------------------------------------------------

# Known to everybody, so never a secret: good enough for a demo on 127.0.0.1, and config/checks.py refuses it elsewhere.
EMBEDDED_SECRET_KEY = "embedded-only-" + "not-a-secret-" * 4

SECRET_KEY = env("SECRET_KEY") or ("" if IN_PRODUCTION else EMBEDDED_SECRET_KEY)
if not SECRET_KEY:
    refuse("SECRET_KEY is not set: set it to 50 or more random characters")
SECRET_KEY_FALLBACKS = env("SECRET_KEY_FALLBACKS")
# What marks the requests of `manage.py stress`. Empty: none is taken, and nothing can be stressed.
EMBEDDED_STRESS_KEY = "embedded-only-" + "not-a-secret-" * 3
STRESS_KEY = env("STRESS_KEY") or ("" if IN_PRODUCTION else EMBEDDED_STRESS_KEY)
# Where a marked request may go: what shoppers and payment providers ask, and nothing that people operate by.
STRESS_PATHS = ("/store/v1/", "/payments/v1/webhooks/")
DEBUG = env("DEBUG")
ALLOWED_HOSTS = env("ALLOWED_HOSTS") or ([] if IN_PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS")

# --- Applications -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # The admin's look; its templates must be found before Django's own.
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # runserver leaves static files to whitenoise, as gunicorn does.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "tradecore",
    # The floors, from the lowest to the highest. Pricing has no tables and needs no place here.
    "apps.markets",
    "apps.fees",
    "apps.catalog",
    "apps.sellers",
    "apps.accounts",
    "apps.orders",
    "apps.payments",
    "apps.inventory",
    "apps.promotions",
    "apps.ledger",
    "apps.checkout",
    "apps.fulfilment",
    "apps.aftersales",
    "apps.settlement",
    "apps.documents",
    "apps.reconciliation",
    "apps.storefront",
    "apps.seller_desk",
    "apps.back_office",
    "apps.integrations",
    # The composition root, once all of them are ready.
    "config",
]

AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tradecore.http.middleware.MetricsMiddleware",
    "tradecore.http.middleware.RequestMiddleware",
    "tradecore.http.marks.ShadowMiddleware",
    "tradecore.http.middleware.RateLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data stores ------------------------------------------------------------------------------------------------------

if IN_PRODUCTION and not env("DATABASE_URL"):
    refuse("DATABASE_URL is not set: set it to mysql://user:password@host:3306/name")
DATABASES = {"default": database(local=LOCAL_DIR, process=TRADECORE_PROCESS, for_tests=TRADECORE_ENV == "test")}

# A transaction per use case, never per request: see tradecore/db.py.
DATABASES["default"]["ATOMIC_REQUESTS"] = False

DATABASE_COLLATION = env("DATABASE_COLLATION")
# Whom `manage.py grant_application` gives the rights of web, workers and beat, where they are not the migration's.
APPLICATION_DATABASE_USER = env("APPLICATION_DATABASE_USER")
REDIS_URL = env("REDIS_URL")
CELERY_BROKER_URL = env("CELERY_BROKER_URL") or "memory://localhost/"

_LOCAL_CACHE: dict[str, Any] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
_REDIS_CACHE: dict[str, Any] = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": {
        # A cache that answers late is worse than none: see Note [A cache that is away].
        "REDIS_CLIENT_CLASS": "tradecore.cache.CacheClient",
        "SOCKET_CONNECT_TIMEOUT": 0.2,
        "SOCKET_TIMEOUT": 0.2,
        # The cache is never the truth, so losing it is a miss and not an error; the log says so, once a second.
        "IGNORE_EXCEPTIONS": True,
    },
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
CACHES = {"default": _REDIS_CACHE if REDIS_URL else _LOCAL_CACHE}

# --- People -----------------------------------------------------------------------------------------------------------

# argon2 costs 50-100 ms by design; a test that signs in a hundred buyers pays that for nothing.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TRADECORE_ENV == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Where a page of this site sends people to sign in; the admin has a page of its own.
LOGIN_URL = "oauth_sign_in"
# Wrong passwords are counted on both.
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.LimitedBackend"]
PASSWORD_RESET_TIMEOUT = 3600

# Sessions live in the database: losing the cache logs nobody out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# What a page says to who is signed in lies there too. Django's own choice prepares cookies first, and their signatures,
# for each request of anybody.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# RFC 9700 throughout. TOKEN_STORAGE: without it access and refresh tokens lie in the tables in clear. Which application
# may ask for which scope: `apps/accounts/authorization_server.py`.
OAUTH2_PROVIDER: dict[str, Any] = {
    "SCOPES": {
        "store": "Buy as yourself",
        "seller": "Manage the shops whose staff you are",
        "events": "Read the events of your shops",
        "ops": "Operate the marketplace",
    },
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
    "PKCE_REQUIRED": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}

# --- REST -------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["tradecore.http.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["tradecore.http.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tradecore.http.problems.handle_exception",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # The format follows from Accept alone; ?format= would be a second way that nobody documents.
    "URL_FORMAT_OVERRIDE": None,
    # OPTIONS would answer what the OpenAPI document says better.
    "DEFAULT_METADATA_CLASS": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "tradecore",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Requests and answers have forms of their own, so none is split in two.
    "COMPONENT_SPLIT_REQUEST": False,
    "COMPONENT_SPLIT_PATCH": False,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}},
    "POSTPROCESSING_HOOKS": [
        "tradecore.http.openapi.add_components",
        "apps.storefront.openapi.degraded.add_degraded",
        "config.openapi.introduce",
    ],
    "OAS_VERSION": "3.1.0",
    # The docs page works offline: its assets come from the sidecar package.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# The largest body that any route takes; what is longer is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
APPEND_SLASH = False

# --- Payment providers ------------------------------------------------------------------------------------------------

# The sandbox provider: in this process when no address is set, else the one that `manage.py sandbox_provider` serves.
SANDBOX_PROVIDER_URL = env("SANDBOX_PROVIDER_URL")
# What the one in this process remembers: a refund must find what any process has captured, also before a restart.
# Two marketplaces on one machine have a book each, beside their databases.
_BOOK_DIR = Path(DATABASES["default"]["NAME"]).parent if "sqlite3" in DATABASES["default"]["ENGINE"] else LOCAL_DIR
_BOOK = ":memory:" if TRADECORE_ENV == "test" else str(_BOOK_DIR / "sandbox.sqlite3")
SANDBOX_BOOK = env("SANDBOX_BOOK") or _BOOK
# Two may be live at once, so that one can be exchanged while messages signed with the other are still on their way.
EMBEDDED_WEBHOOK_SECRET = "whsec_" + "ZW1iZWRkZWQtb25seS1ub3QtYS1zZWNyZXQ="
SANDBOX_WEBHOOK_SECRETS = env("SANDBOX_WEBHOOK_SECRETS") or ([] if IN_PRODUCTION else [EMBEDDED_WEBHOOK_SECRET])
if not all(re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}={0,2}", secret) for secret in SANDBOX_WEBHOOK_SECRETS):
    refuse("SANDBOX_WEBHOOK_SECRETS holds something else: set it to secrets of whsec_ and base64 of 24 or more bytes")

# --- Payouts ----------------------------------------------------------------------------------------------------------

# Who keeps our account, and pays sellers from it.
PAYOUT_BANK = env("PAYOUT_BANK")
# The sandbox bank: in this process, its book beside the provider's, or the one that `manage.py sandbox_bank` serves.
SANDBOX_BANK_URL = env("SANDBOX_BANK_URL")
SANDBOX_BANK_BOOK = env("SANDBOX_BANK_BOOK") or (
    ":memory:" if TRADECORE_ENV == "test" else str(_BOOK_DIR / "sandbox_bank.sqlite3")
)
# A second person reads a run of so many payouts at most.
PAYOUT_RUN_MAX = whole_number("PAYOUT_RUN_MAX", highest=1_000)
# Less than so many minor units of a currency wait until there is more.
PAYOUT_MINIMUMS_MINOR = minor_units("PAYOUT_MINIMUMS_MINOR")
# How long payouts wait after a shop was given another account.
PAYOUT_ACCOUNT_REST_S = whole_number("PAYOUT_ACCOUNT_REST_S")

# --- Guard rails ------------------------------------------------------------------------------------------------------

# Beyond these an act waits for a second person. Every one of them is a whole number; see .env.example.
PRICE_DROP_MAX_BP = whole_number("PRICE_DROP_MAX_BP", highest=10_000)
STOCK_CHANGE_MAX_PIECES = whole_number("STOCK_CHANGE_MAX_PIECES")
STOCK_CHANGE_MAX_BP = whole_number("STOCK_CHANGE_MAX_BP")
STOCK_CHANGE_MIN_PIECES = whole_number("STOCK_CHANGE_MIN_PIECES")
STOCK_FILLING_MAX_PIECES = whole_number("STOCK_FILLING_MAX_PIECES")

# --- Crowds -----------------------------------------------------------------------------------------------------------

# The counts of config/traffic.py in percent; 0 limits nothing. Where no Redis counts for all, each of so many web
# processes counts its part.
RATE_LIMITS_PERCENT = whole_number("RATE_LIMITS_PERCENT", highest=100_000)
if TRADECORE_ENV == "test":
    RATE_LIMITS_PERCENT = 0
WEB_THREADS = max(2, whole_number("WEB_THREADS", highest=1_000))
WEB_WORKERS = 1 if TRADECORE_ENV == "embedded" else whole_number("WEB_WORKERS", highest=1_000)

# --- Fuses ------------------------------------------------------------------------------------------------------------

# Beyond these all refunds, or all payouts, stop until a person has looked; see .env.example.
FUSE_REFUND_TIMES = whole_number("FUSE_REFUND_TIMES")
FUSE_REFUND_FLOORS_MINOR = minor_units("FUSE_REFUND_FLOORS_MINOR")
FUSE_PAYOUT_TIMES = whole_number("FUSE_PAYOUT_TIMES")
FUSE_PAYOUT_FLOORS_MINOR = minor_units("FUSE_PAYOUT_FLOORS_MINOR")
FUSE_PAYOUT_MAX_MINOR = minor_units("FUSE_PAYOUT_MAX_MINOR")
FUSE_LATE_MONEY_BP = whole_number("FUSE_LATE_MONEY_BP", highest=10_000)
FUSE_LATE_MONEY_COUNT = whole_number("FUSE_LATE_MONEY_COUNT")

# --- Ledger -----------------------------------------------------------------------------------------------------------

# Ed25519, base64 of 32 bytes: what each day of the books is signed with. Those who have its public half can prove later
# that nothing was changed, so it is no use where everybody has the key itself.
EMBEDDED_LEDGER_KEY = "ZW1iZWRkZWQtb25seS1ub3QtYS1zZWNyZXQtbGVkZ2U="
LEDGER_SIGNING_KEY = env("LEDGER_SIGNING_KEY") or ("" if IN_PRODUCTION else EMBEDDED_LEDGER_KEY)
# Public halves of keys that have signed before: what they signed stays good.
LEDGER_PUBLIC_KEYS = env("LEDGER_PUBLIC_KEYS")

# --- Messages ---------------------------------------------------------------------------------------------------------

# What buyers and sellers are told goes to the log until there is a mail server: smtp+tls://user:password@host:587.
MESSAGES_BY_EMAIL = bool(env("EMAIL_URL"))
if MESSAGES_BY_EMAIL:
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env("MESSAGES_FROM")

# --- Pages ------------------------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "tradecore",
    "SITE_HEADER": "tradecore",
    "SITE_SUBHEADER": "Marketplace back office",
    "SITE_SYMBOL": "storefront",
    # The demo's landing page; production has nothing to see there.
    "SITE_URL": None if IN_PRODUCTION else "/",
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "apps.back_office.dashboard.fill",
    "SIDEBAR": {"navigation": "apps.back_office.navigation.sidebar"},
}

STATIC_URL = "static/"
# Production serves what `collectstatic` compressed and hashed; elsewhere files come from where they lie.
STATIC_ROOT = env("STATIC_ROOT") or (str(LOCAL_DIR / "static") if IN_PRODUCTION else None)
WHITENOISE_USE_FINDERS = not IN_PRODUCTION
_STATIC_STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": _STATIC_STORAGE if IN_PRODUCTION else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
# How the admin writes moments: to the second, by 24 hours.
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Transport security -----------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True

_HTTPS_ONLY = IN_PRODUCTION and env("HTTPS_ONLY")
SECURE_SSL_REDIRECT = _HTTPS_ONLY
SESSION_COOKIE_SECURE = _HTTPS_ONLY
CSRF_COOKIE_SECURE = _HTTPS_ONLY
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS_ONLY
SECURE_HSTS_PRELOAD = _HTTPS_ONLY
# A proxy asks for health without TLS, and Prometheus for metrics, inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
# Only where a proxy in front sets X-Forwarded-Proto itself, and thereby removes what a client sent, and appends the
# address that it was called from to X-Forwarded-For.
TRUST_PROXY_HEADERS = env("TRUST_PROXY_HEADERS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY_HEADERS else None

# --- What one sees ----------------------------------------------------------------------------------------------------

# Where the processes of one machine keep what they count, so that any of them tells it for all; empty: in the memory of
# each. Containers may share it.
METRICS_DIR = env("METRICS_DIR")
# What Prometheus brings to be told. Without one /metrics is there for whoever asks at home, and for nobody in
# production.
METRICS_TOKEN = env("METRICS_TOKEN")

LOGGING = logging_config(level=env("LOG_LEVEL"), as_json=IN_PRODUCTION)
