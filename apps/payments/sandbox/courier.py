"""Sends webhooks from a thread of its own, and sends them again until they are accepted."""

import heapq
import http.client
import itertools
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import structlog

from apps.payments.provider import Statement
from apps.payments.sandbox.behaviour import Conduct
from apps.payments.sandbox.webhooks import Secrets, make_webhook

log = structlog.get_logger()

#: First pause before a webhook is sent again; doubled each time, up to PAUSE_MAX_S.
PAUSE_S: Final = 0.25
PAUSE_MAX_S: Final = 60.0
#: About twenty minutes in all. Whoever was away for longer finds out by asking.
ATTEMPTS_MAX: Final = 24
WAITING_MAX: Final = 100_000
RECEIVER_TIMEOUT_S: Final = 3.0
_STOP_TIMEOUT_S: Final = 5.0


@dataclass(order=True)
class _Delivery:
    """One webhook that waits to be sent. Sorts by when it is due, then by when it was made."""

    due_at: float
    number: int
    event: Statement = field(compare=False)
    failed_count: int = field(default=0, compare=False)


class Courier:
    """Takes events and delivers each at least once, unless its conduct is told otherwise.

    What waits is in memory: a process that ends forgets it, as it would be forgotten by a provider that gives up.
    """

    def __init__(self, *, url: str, secrets: Secrets, conduct: Conduct) -> None:
        self._receiver = urlsplit(url)
        if self._receiver.scheme != "http" or not self._receiver.hostname:
            raise ValueError(f"webhooks go to http://host:port/path, not to {url!r}")
        self._secrets = secrets
        self._conduct = conduct
        self._waiting: list[_Delivery] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery in hand."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join(timeout=_STOP_TIMEOUT_S)

    def post(self, event: Statement) -> None:
        """Send an event soon: once, or as often and as late as the conduct has it."""
        for delivery in self._deliveries(event):
            self._wait_for_turn(delivery)

    def deliver(self, event: Statement) -> None:
        """Send an event before this returns; what is not accepted then is sent again later."""
        for delivery in self._deliveries(event):
            self._attempt(delivery)

    def _deliveries(self, event: Statement) -> list[_Delivery]:
        behaviour = self._conduct.behaviour
        if self._conduct.happens(behaviour.webhook_lost_bp):
            return []
        repeats = behaviour.webhook_repeat_count if self._conduct.happens(behaviour.webhook_repeat_bp) else 0
        return [self._make_delivery(event) for _ in range(1 + repeats)]

    def _make_delivery(self, event: Statement) -> _Delivery:
        behaviour = self._conduct.behaviour
        is_held_back = self._conduct.happens(behaviour.webhook_shuffle_bp)
        delay_ms = self._conduct.draw_below(behaviour.webhook_shuffle_ms) if is_held_back else 0
        return _Delivery(time.monotonic() + delay_ms / 1000, next(self._numbers), self._conduct.bend(event))

    def _wait_for_turn(self, delivery: _Delivery) -> None:
        with self._changed:
            if len(self._waiting) >= WAITING_MAX:
                log.warning("webhook_dropped", event_id=delivery.event.event_id)
                return
            heapq.heappush(self._waiting, delivery)
            self._changed.notify()

    def _run(self) -> None:
        while (delivery := self._next_due()) is not None:
            self._attempt(delivery)

    def _next_due(self) -> _Delivery | None:
        """The next delivery, once it is due; None when it is time to stop."""
        with self._changed:
            while not self._is_stopping:
                pause = self._waiting[0].due_at - time.monotonic() if self._waiting else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._waiting)
                self._changed.wait(pause)
        return None

    def _attempt(self, delivery: _Delivery) -> None:
        if self._is_accepted(delivery.event):
            return
        if delivery.failed_count + 1 >= ATTEMPTS_MAX:
            log.warning("webhook_given_up", event_id=delivery.event.event_id)
            return
        pause_s = min(PAUSE_S * 2**delivery.failed_count, PAUSE_MAX_S)
        delivery.failed_count += 1
        delivery.due_at = time.monotonic() + pause_s
        self._wait_for_turn(delivery)

    def _is_accepted(self, event: Statement) -> bool:
        """Send it once, signed anew: a receiver refuses what was signed too long ago."""
        webhook = make_webhook(event, secrets=self._secrets, timestamp=int(time.time()))
        receiver = self._receiver
        connection = http.client.HTTPConnection(receiver.hostname or "", receiver.port, timeout=RECEIVER_TIMEOUT_S)
        try:
            connection.request("POST", receiver.path or "/", webhook.body, dict(webhook.headers))
            return HTTPStatus.OK <= connection.getresponse().status < HTTPStatus.MULTIPLE_CHOICES
        except (OSError, http.client.HTTPException) as error:
            log.info("webhook_undelivered", event_id=event.event_id, error=str(error))
            return False
        finally:
            connection.close()
