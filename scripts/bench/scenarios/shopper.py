"""A registered buyer at the store's API, signed in before anything is measured, as a storefront keeps its visitors.

Each call carries the access token, which the store looks up each time: that is counted. The password is asked for once.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.client import Answer, Client
from bench.crew import Notes, Wrong
from bench.place import HOST
from bench.stage import MARKET, SHIPPING_MINOR, Stage, Ware

STORE: Final = "/store/v1"
PASSWORD: Final = "market-day-42"  # noqa: S105 - of buyers who live as long as the run
ADDRESS: Final = {
    "recipient": "Bea Buyer",
    "line1": "3 Station Road",
    "city": "Norwich",
    "postal_code": "NR1 1EF",
    "country": "GB",
}


@dataclass(frozen=True)
class Account:
    """Who a buyer is: the token of their session, and the address that goods are sent to."""

    number: int
    token: str
    address_id: str


def open_account(port: int, number: int) -> Account:
    """Sign up, sign in, and give an address, as the store has it."""
    client = Client(port, HOST, {"X-Forwarded-For": network_of(number)})
    who = {"email": f"buyer-{number}@visitor.example", "password": PASSWORD}
    expect(client.ask("sign up", "POST", f"{STORE}/accounts", who), 201)
    token = expect(client.ask("sign in", "POST", f"{STORE}/sessions", who), 201)["access_token"]
    answer = client.ask("address", "POST", f"{STORE}/addresses", ADDRESS, Authorization=f"Bearer {token}")
    client.close()
    return Account(number, token, expect(answer, 201)["id"])


def network_of(number: int) -> str:
    """The address that a proxy saw: each visitor has one of their own."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def expect(answer: Answer, status: int) -> Any:
    """The document of an answer of that status. Raises Wrong."""
    document = answer.document()
    if answer.status != status:
        raise Wrong(f"{answer.status} {document.get('code', '')}".strip())
    return document


@dataclass
class Shopper:
    """One signed-in buyer on one connection. `run` makes their idempotency keys no one else's."""

    account: Account
    client: Client
    stage: Stage
    run: str
    counts: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=random.Random)
    _keys: "itertools.count[int]" = field(default_factory=itertools.count)

    def connect(self) -> int | None:
        return self.client.connect()

    def fill(self, seconds: float) -> None:
        """Most scenarios use nothing up."""

    def take_notes(self) -> Notes:
        notes = Notes(dict(self.client.times), self.counts)
        if self.client.reconnect_count:
            notes.counts["reconnected"] = self.client.reconnect_count
        self.client.times.clear()
        self.client.reconnect_count, self.counts = 0, Counter()
        return notes

    def choose_two(self) -> Sequence[Ware]:
        """Two different SKUs of one shop."""
        return self.chance.sample(self.chance.choice(self.stage.shelves), 2)

    def quote(self, wares: Sequence[Ware]) -> Any:
        """What a piece of each costs, and is to cost. Raises Wrong."""
        wish = {
            "market": MARKET,
            "lines": [{"sku_id": str(ware.sku_id), "quantity": 1} for ware in wares],
            "address_id": self.account.address_id,
            "delivery_option": "standard",
        }
        quote = expect(self.client.ask("quote", "POST", f"{STORE}/quotes", wish), 200)
        if quote["total"] != pounds(sum(ware.price_minor for ware in wares) + SHIPPING_MINOR):
            raise Wrong("another total than the sum of the prices")
        return quote

    def purchase(self, quote: Any, *, method_token: str = "tok_ok") -> Answer:  # noqa: S107 - a name
        """Buy what was quoted, under a key of its own."""
        body = {
            "quote_token": quote["quote_token"],
            "expected_total": quote["total"],
            "payment": {"provider": "sandbox", "method_token": method_token},
        }
        return self.client.ask("purchase", "POST", f"{STORE}/purchases", body, Idempotency_Key=self.new_key())

    def buy(self, wares: Sequence[Ware]) -> Any:
        """A paid purchase of a piece of each. Raises Wrong."""
        quote = self.quote(wares)
        purchase = expect(self.purchase(quote), 201)
        if purchase["status"] != "PAID" or not (purchase["total"] == purchase["payment"]["captured"] == quote["total"]):
            raise Wrong("bought, but not paid as quoted")
        self.counts["paid"] += 1
        self.counts["pieces"] += len(wares)
        return purchase

    def new_key(self) -> str:
        return f"{self.run}-{self.account.number}-{next(self._keys)}"


def make_client(port: int, account: Account) -> Client:
    """A client that says who asks."""
    return Client(
        port,
        HOST,
        {
            "Authorization": f"Bearer {account.token}",
            "X-Forwarded-For": network_of(account.number),
            "Accept": "application/json",
        },
    )


def pounds(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "GBP"}


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()
