"""Who comes to a flash sale: guests, who try again and again, also when they were told that nothing is left.

Each attempt has an idempotency key of its own. What is answered with "try again" is tried again under the same key; and
who has bought asks once more under the same key, and must be told of the same purchase.
"""

import itertools
import time
from array import array
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Final

from bench.client import Answer, Client
from bench.crew import Notes, Wrong
from bench.place import HOST
from bench.scenarios.shopper import ADDRESS, STORE, check_total, expect, is_paid, network_of, order_of, wish_of
from bench.stage import Ware

OUT_OF_STOCK: Final = "inventory.out_of_stock"
#: What a store that has too much to do answers, and what it says of a request that is under way.
PASSING: Final = frozenset({429, 503})
STILL_RUNNING: Final = "idempotency.still_running"
TRIES_MAX, PAUSE_S = 150, 0.2


@dataclass
class _Guest:
    """One of them: the headers of their requests, and the quote that they hold."""

    headers: dict[str, str]
    quote: Any = None


class Visitors:
    """Guests who share a connection and take turns. An act of the benchmark's crew (`bench.crew.Act`).

    `attempts` are theirs together. Moments at which pieces were sold are noted as times of `sold`.
    """

    def __init__(self, *, port: int, number: int, ware: Ware, guests: int, attempts: int) -> None:
        self._client, self._number, self._ware = Client(port, HOST, {}), number, ware
        self._guest_count, self._left = guests, attempts
        self._guests: deque[_Guest] = deque()
        self._keys, self._counts, self._sold = itertools.count(), Counter[str](), array("d")

    def connect(self) -> int | None:
        return self._client.connect()

    def fill(self, seconds: float) -> None:
        """Everybody comes, and is told the price, before anybody buys."""
        for number in range(self._guest_count):
            headers = {"X_Forwarded_For": network_of(self._number * self._guest_count + number + 1)}
            guest = expect(self._ask("guest", f"{STORE}/guests", {}, headers), 201)
            self._guests.append(_Guest(headers | {"Authorization": f"Bearer {guest['token']}"}))
            self._quote(self._guests[-1])

    def step(self) -> bool:
        if not self._left:
            return False
        self._left -= 1
        self._guests.rotate()
        self._attempt(self._guests[0])
        return True

    def take_notes(self) -> Notes:
        notes = Notes({**self._client.times, "sold": self._sold}, self._counts)
        self._client.times.clear()
        self._counts, self._sold = Counter(), array("d")
        return notes

    def _quote(self, guest: _Guest) -> None:
        wish = wish_of([self._ware]) | {"address": ADDRESS}
        answer = self._ask("quote", f"{STORE}/quotes", wish, guest.headers)
        guest.quote = check_total(expect(answer, 200), [self._ware])

    def _attempt(self, guest: _Guest) -> None:
        key = f"{self._number}-{next(self._keys)}"
        answer = self._buy(guest, key)
        if answer.status == 409 and answer.document()["code"] == OUT_OF_STOCK:
            self._counts["refused"] += 1
            return
        purchase = expect(answer, 201)
        if not is_paid(purchase, guest.quote):
            raise Wrong("bought, but not paid as quoted")
        self._sold.append(time.monotonic())
        self._counts["paid"] += 1
        if expect(self._buy(guest, key), 201) != purchase:
            raise Wrong("another answer under the same key")
        self._counts["told again"] += 1
        self._quote(guest)

    def _buy(self, guest: _Guest, key: str) -> Answer:
        order = order_of(guest.quote) | {"email": "guest@visitor.example"}
        return self._ask("purchase", f"{STORE}/purchases", order, guest.headers | {"Idempotency_Key": key})

    def _ask(self, name: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        """The answer, once the store has the time for one. Raises Wrong when it has been too busy for too long."""
        for _ in range(TRIES_MAX):
            answer = self._client.ask(name, "POST", path, body, **headers)
            if not _passes(answer):
                return answer
            self._counts["asked again"] += 1
            time.sleep(PAUSE_S)
        raise Wrong("the store stayed busy")


def _passes(answer: Answer) -> bool:
    return answer.status in PASSING or (answer.status == 409 and answer.document()["code"] == STILL_RUNNING)
