"""Buyers: each has a quote and buys it. Who is refused tries again at once, three times, and then goes away."""

import asyncio
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crowd.client import Client, NoAnswer

RETRIES = 3
#: What a refusal by the server looks like; anything else that is no purchase is a fault of the experiment.
REFUSALS = frozenset({429, 503})
_TICK_S = 0.01


@dataclass
class Second:
    """What the buyers saw in one second. Times are in seconds, as the buyers took them."""

    wanted: int = 0
    bought: int = 0
    refused: int = 0
    unanswered: int = 0
    without_quote: int = 0
    other: Counter[int] = field(default_factory=Counter)
    buying_s: list[float] = field(default_factory=list)
    refusing_s: list[float] = field(default_factory=list)


class Diary:
    """Second by second, from its first line on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.seconds: list[Second] = [Second()]

    @property
    def now(self) -> Second:
        """The second that runs."""
        number = int(time.monotonic() - self._began)
        while len(self.seconds) <= number:
            self.seconds.append(Second())
        return self.seconds[number]


class Buyers:
    """Everybody who buys, out of one stock of quotes."""

    def __init__(self, client: Client, quotes: "deque[Any]", *, headers: dict[str, str]) -> None:
        self._client = client
        self._quotes = quotes
        self._headers = headers
        self._under_way: set[asyncio.Task[None]] = set()

    async def buy_in_turn(self, diary: Diary, *, buyers: int, seconds: float) -> None:
        """So many buyers, each of whom buys again as soon as they have bought: what the server can do at most."""
        ends_at = time.monotonic() + seconds

        async def buy_and_buy() -> None:
            while time.monotonic() < ends_at:
                await self._buy(diary, retries=0)

        await asyncio.gather(*(buy_and_buy() for _ in range(buyers)))

    async def come(self, diary: Diary, *, per_second: float, seconds: float) -> None:
        """So many buyers a second, whatever becomes of those before them."""
        began, come = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            for _ in range(int(passed * per_second) - come):
                task = asyncio.create_task(self._buy(diary, retries=RETRIES))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
                come += 1
            await asyncio.sleep(_TICK_S)

    async def leave(self) -> None:
        """Wait for those who are still under way."""
        await asyncio.gather(*self._under_way)

    async def _buy(self, diary: Diary, *, retries: int) -> None:
        diary.now.wanted += 1
        if not self._quotes:  # all of them are in the hands of others, who wait for longer than was thought
            diary.now.without_quote += 1
            return
        quote, key = self._quotes.popleft(), uuid.uuid4().hex
        for _ in range(1 + retries):
            if await self._try(diary, quote, key):
                return
        self._quotes.append(quote)  # nothing was done with it

    async def _try(self, diary: Diary, quote: Any, key: str) -> bool:
        """One request. Whether the buyer has bought; a purchase without an answer is one for all that they know."""
        asked_at = time.monotonic()
        headers = self._headers | {"Idempotency-Key": key}
        try:
            answer = await self._client.ask("POST", "/store/v1/purchases", quote, headers=headers)
        except NoAnswer:
            diary.now.unanswered += 1
            return True
        second, took = diary.now, time.monotonic() - asked_at
        if answer.status in REFUSALS:
            second.refused += 1
            second.refusing_s.append(took)
            return False
        if answer.status in {201, 202}:
            second.bought += 1
            second.buying_s.append(took)
        else:
            second.other[answer.status] += 1
        return True


async def gather_quotes(
    client: Client, wish: Callable[[], Any], *, count: int, headers: dict[str, str], at_once: int = 3
) -> "deque[Any]":
    """So many quotes, as the bodies of their purchases."""
    quotes: deque[Any] = deque()

    async def gather() -> None:
        while len(quotes) < count:
            answer = await client.ask("POST", "/store/v1/quotes", wish(), headers=headers, patience_s=60)
            if answer.status == 200:
                quoted = answer.document
                payment = {"provider": "sandbox", "method_token": "tok_ok"}
                quotes.append(
                    {
                        "quote_token": quoted["quote_token"],
                        "expected_total": quoted["total"],
                        "email": "crowd@visitor.example",
                        "payment": payment,
                    }
                )
            elif answer.status in REFUSALS:
                await asyncio.sleep(1)
            else:
                raise NoAnswer(f"a quote is answered {answer.status}: {answer.body[:300]!r}")

    await asyncio.gather(*(gather() for _ in range(at_once)))
    return quotes
