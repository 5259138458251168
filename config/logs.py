"""Log lines: one JSON object each in production, readable ones elsewhere.

Whatever is bound with structlog's contextvars (the request id first of all) is on every line of the request, also on
those that a library writes through the standard logging module.
"""

import logging
import re
from collections.abc import MutableMapping
from copy import copy
from typing import Any

import structlog

from tradecore.card_numbers import looks_like_card_number, mask_card_number

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# One list, however often logging is set up: loggers keep the one that they met first, and tests listen in on it.
_PROCESSORS: list[Any] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]

# What a terminal obeys instead of showing it: control characters, and those that turn or break a line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

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


class ForeignHosts(logging.Filter):
    """Makes a warning of a request that names a host which is not ours: anybody can send one, so it is no error."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


class Lines(structlog.stdlib.ProcessorFormatter):
    """Renders a line of our own without the copies of its record, which take as long as the rendering itself."""

    def format(self, record: logging.LogRecord) -> str:
        if not hasattr(record, "_logger"):  # structlog's mark of what it hands over, whose message is its fields
            return super().format(record)
        line: Any = copy(record.msg)
        for process in self.processors:
            line = process(record.name, record.levelname, line)
        return str(line)


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING; also sets structlog up so that its own lines take the same way."""
    if as_json:
        _look_for_nothing_unsaid()
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": Lines,
                "processors": [_mask, *_rendering(as_json=as_json)],
                "foreign_pre_chain": [*_SHARED, structlog.stdlib.ProcessorFormatter.remove_processors_meta],
            }
        },
        "filters": {"once_a_second": {"()": OnceASecond}, "foreign_hosts": {"()": ForeignHosts}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django brings a handler of its own for these; here every line takes the one way.
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": level, "handlers": [], "propagate": True},
            "django_redis.cache": {"filters": ["once_a_second"]},
            # Of a refusal it would say again what our own line says of each request.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"filters": ["foreign_hosts"]},
            **{name: {"level": "WARNING"} for name in _SAYS_EVERY_TICK},
        },
    }


def _look_for_nothing_unsaid() -> None:
    """Which code, thread and process wrote a line stands in no line, and to look for it takes a sixth of each."""
    logging._srcfile = None  # noqa: SLF001 - documented for this
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _rendering(*, as_json: bool) -> list[Any]:
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Rich tracebacks take most of a second each.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    return [_escape_values, console, _escape_line]


def _mask(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Card numbers are logged nowhere: paths and names may hold anything."""
    # All at once, as there is next to never anything to be found. No number goes across a letter.
    if not looks_like_card_number(" x ".join(value for value in line.values() if isinstance(value, str))):
        return line
    return {name: mask_card_number(value) if isinstance(value, str) else value for name, value in line.items()}


def _escape_values(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A value is on one line: nobody writes lines of the log by asking for a path."""
    return {name: _escape(value, _CONTROL) if isinstance(value, str) else value for name, value in line.items()}


def _escape_line(_logger: Any, _name: str, line: str) -> str:
    """A traceback has lines, but nothing that a terminal would obey."""
    return _escape(line, _CONTROL_IN_LINES)


def _escape(text: str, characters: re.Pattern[str]) -> str:
    return characters.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
