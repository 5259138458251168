"""Log lines: one JSON object each in production, readable ones elsewhere.

Whatever is bound with structlog's contextvars (the request id first of all) is on every line of the request, also on
those that a library writes through the standard logging module.
"""

import logging
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# One line a second and process, whatever happens.
_SAYS_EVERY_TICK = ("celery.app.trace", "celery.beat", "celery.worker.strategy")


class OnceASecond(logging.Filter):
    """Lets one line a second through, without its traceback: a cache that is away fails every call in the same way."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created < self._quiet_until:
            return False
        self._quiet_until = record.created + 1
        if record.exc_info:
            record.msg, record.exc_info = f"{record.msg}: {record.exc_info[1]}", None
        return True


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING; also sets structlog up so that its own lines take the same way."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_rendering(as_json=as_json),
                ],
                "foreign_pre_chain": _SHARED,
            }
        },
        "filters": {"once_a_second": {"()": OnceASecond}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django brings a handler of its own for these; here every line takes the one way.
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": level, "handlers": [], "propagate": True},
            "django_redis.cache": {"filters": ["once_a_second"]},
            **{name: {"level": "WARNING"} for name in _SAYS_EVERY_TICK},
        },
    }


def _rendering(*, as_json: bool) -> list[Any]:
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Rich tracebacks take most of a second each.
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
