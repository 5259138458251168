"""How long a request has waited, and how long its caller waits.

# Note [How long a request has waited]
The worker notes when a connection had something to read and began to wait for a thread (`config.web_worker`). A proxy
in front may know it earlier and say so in `X-Request-Start` (`t=` and seconds since 1970), which is believed only where
`TRUST_PROXY_HEADERS` is set. How long a caller waits at all they may say in `X-Request-Timeout-Ms`; a class of routes
has a bound of its own. What has waited for as long is refused; anything else carries what is left with it
(`tradecore.deadlines`).
"""

import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings

from tradecore.clock import real_now

_MILLISECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_STARTED = re.compile(r"t=([0-9]{10}\.[0-9]{1,6})", re.ASCII)

#: When the connection that this thread serves began to wait for it, on the monotonic clock.
waiting_since: ContextVar[float | None] = ContextVar("waiting_since", default=None)


def patience(environ: Mapping[str, Any], *, at_most: float) -> float:
    """How long the caller waits in all, in seconds."""
    sent = environ.get("HTTP_X_REQUEST_TIMEOUT_MS", "")
    return min(int(sent) / 1000, at_most) if _MILLISECONDS.fullmatch(sent) else at_most


def waited(environ: Mapping[str, Any]) -> float:
    """How long the request has waited for a thread, in seconds. See Note [How long a request has waited]."""
    since = waiting_since.get()
    here = 0.0 if since is None else time.monotonic() - since
    started = _STARTED.fullmatch(environ.get("HTTP_X_REQUEST_START", "")) if settings.TRUST_PROXY_HEADERS else None
    return here if started is None else max(here, real_now().timestamp() - float(started[1]))
