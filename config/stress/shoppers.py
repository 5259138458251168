"""What shoppers do, over HTTP, as guests of the shadow: look, ask what it costs, buy, think better of it; and what the
provider tells of those who had to go to their bank.
"""

import itertools
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from apps.payments.sandbox.desk import Desk
from apps.payments.sandbox.entries import make_event
from apps.payments.sandbox.webhooks import Secrets, make_webhook
from config.stress.client import Answer, Client
from config.stress.shadow import Ware

STORE: Final = "/store/v1"
WEBHOOKS: Final = "/payments/v1/webhooks/sandbox"
#: What a refusal for want of room looks like.
SHED, LIMITED = 503, 429

#: Where shoppers live, by market.
ADDRESSES: Final[Mapping[str, Mapping[str, str]]] = {
    "GB": {"line1": "3 Station Road", "city": "Norwich", "postal_code": "NR1 1EF", "country": "GB"},
    "DEMO": {"line1": "3 Station Road", "city": "Norwich", "postal_code": "NR1 1EF", "country": "GB"},
    "US": {"line1": "1 Main Street", "city": "Portland", "region": "OR", "postal_code": "97201", "country": "US"},
    "FR": {"line1": "1 rue de Rivoli", "city": "Paris", "postal_code": "75001", "country": "FR"},
    "JP": {"line1": "1-1 Marunouchi", "city": "Chiyoda", "region": "13", "postal_code": "100-0005", "country": "JP"},
    "BR": {"line1": "Rua Augusta 1", "city": "São Paulo", "region": "SP", "postal_code": "01305-000", "country": "BR"},
}


class TurnedAway(Exception):
    """Too much was asked at once; `status` says whether of everybody (SHED) or of one (LIMITED)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Wrong(Exception):
    """Something else was answered than the act is about; the message is how such answers are counted."""


Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bought:
    """An order, and how its buyer says who they are."""

    order_id: str
    headers: Mapping[str, str]


class Shoppers:
    """Everybody who acts in one run. Each of `acts` is one act; a shopper who needs something done first does it.

    desk: that of the provider of the run, where what waits for a buyer is ended.
    """

    def __init__(self, client: Client, wares: Sequence[Ware], *, market: str, delivery: str, desk: Desk) -> None:
        self._client, self._wares, self._market, self._delivery = client, wares, market, delivery
        self._desk = desk
        self._secrets = Secrets(settings.SANDBOX_WEBHOOK_SECRETS)
        self._chance = random.Random(7)  # noqa: S311 - who wants what, not a secret
        self._keys = itertools.count()
        self._guests: list[Mapping[str, str]] = []
        self._bought: deque[Bought] = deque(maxlen=10_000)
        self._waiting: deque[int] = deque(maxlen=10_000)
        self.acts: Mapping[str, Act] = {
            "browse": self.browse,
            "quote": self.ask_price,
            "purchase": self.buy_one,
            "cancel": self.cancel,
            "webhook": self.tell,
        }

    async def arrive(self, count: int) -> None:
        """Let so many guests come, one after the other."""
        for _ in range(count):
            guest = _expect(await self._client.ask("POST", f"{STORE}/guests", {}), 201)
            self._guests.append({"Authorization": f"Bearer {guest['token']}"})

    async def browse(self) -> None:
        """The first page, or the page of one product."""
        product = self._chance.choice(self._wares).product_id
        path = self._chance.choice([f"{STORE}/products", f"{STORE}/products/{product}"])
        _expect(await self._client.ask("GET", f"{path}?market={self._market}"), 200)

    async def ask_price(self) -> None:
        await self.quote(self._wish(), guest=self._guest())

    async def buy_one(self) -> None:
        """A quote and its purchase, paid at once."""
        await self.buy(self._wish(), guest_number=self._chance.randrange(len(self._guests)))

    async def cancel(self) -> None:
        """Somebody thinks better of a paid order."""
        if not self._bought:
            await self.buy_one()
        bought = self._bought.popleft()
        path = f"{STORE}/orders/{bought.order_id}/cancel"
        _expect(await self._client.ask("POST", path, {}, headers={**bought.headers, **self._key()}), 200)

    async def tell(self) -> None:
        """The provider tells that somebody has confirmed a payment with their bank; a worker applies it later."""
        if not self._waiting:
            await self._leave_unconfirmed()
        event = make_event(self._desk.complete(reference=self._waiting.popleft(), succeeds=True))
        webhook = make_webhook(event, secrets=self._secrets, timestamp=int(time.time()))
        _expect(await self._client.ask("POST", WEBHOOKS, webhook.body, headers=webhook.headers), 200)

    async def buy(self, wish: Mapping[str, Any], *, guest_number: int) -> None:
        """Buy what is wished for, and pay at once, as one of those who have come."""
        guest = self._guests[guest_number % len(self._guests)]
        purchase = _expect(await self._purchase(await self.quote(wish, guest=guest), "tok_ok", guest=guest), 201)
        self._bought.extend(Bought(order["id"], guest) for order in purchase["orders"])

    async def quote(self, wish: Mapping[str, Any], *, guest: Mapping[str, str]) -> Any:
        return _expect(await self._client.ask("POST", f"{STORE}/quotes", wish, headers=guest), 200)

    async def _leave_unconfirmed(self) -> None:
        guest = self._guest()
        quote = await self.quote(self._wish(), guest=guest)
        purchase = _expect(await self._purchase(quote, "tok_3ds", guest=guest), 202)
        self._waiting.append(int(purchase["next_action"]["url"].rpartition("/")[2]))

    async def _purchase(self, quote: Any, token: str, *, guest: Mapping[str, str]) -> Answer:
        body = {
            "quote_token": quote["quote_token"],
            "expected_total": quote["total"],
            "email": "stress@visitor.example",
            "payment": {"provider": "sandbox", "method_token": token},
        }
        return await self._client.ask("POST", f"{STORE}/purchases", body, headers={**guest, **self._key()})

    def _guest(self) -> Mapping[str, str]:
        return self._chance.choice(self._guests)

    def _wish(self) -> Mapping[str, Any]:
        lines = [{"sku_id": str(self._chance.choice(self._wares).sku_id), "quantity": 1}]
        address = {"recipient": "Stress", **ADDRESSES[self._market]}
        return {"market": self._market, "lines": lines, "delivery_option": self._delivery, "address": address}

    def _key(self) -> Mapping[str, str]:
        return {"Idempotency-Key": f"stress-{id(self)}-{next(self._keys)}"}


def _expect(answer: Answer, status: int) -> Any:
    """The document of an answer of that status. Raises TurnedAway, Wrong."""
    if answer.status == status:
        return answer.document()
    if answer.status in (SHED, LIMITED):
        raise TurnedAway(answer.status)
    document = answer.document()
    raise Wrong(f"{answer.status} {document.get('code', '')}".strip())
