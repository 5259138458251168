"""A registered buyer at the store's API, signed in before anything is measured, as a storefront keeps its visitors.

Each call carries the access token, which the store looks up each time: that is counted. The password is asked for once.
"""

import itertools
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Visit:
    """What a buyer's process is given. run: what no other run's idempotency keys begin with. guest_count: how many
    guests it plays in each flash sale. webhook_key: what the provider signs with, base64.
    """

    account: Account
    port: int
    stage: Stage
    run: str
    guest_count: int
    webhook_key: str


class Shopper(ABC):
    """One signed-in buyer on one connection. What they do is for the scenarios.

    until_done: a round ends when there is nothing left to do, however long that takes.
    """

    until_done = False

    def __init__(self, visit: Visit) -> None:
        self.visit, self.stage = visit, visit.stage
        self.client = Client(visit.port, HOST, self.headers())
        self.chance, self.counts = random.Random(), Counter[str]()
        self._keys = itertools.count()

    def headers(self) -> dict[str, str]:
        """What every call says of its sender."""
        account = self.visit.account
        return {"Authorization": f"Bearer {account.token}", "X-Forwarded-For": network_of(account.number)}

    def connect(self) -> int | None:
        return self.client.connect()

    def fill(self, seconds: float) -> None:  # noqa: B027 - as few need it
        """Most scenarios use nothing up."""

    @abstractmethod
    def step(self) -> bool:
        """Do it once. False: there is nothing left to do it to. Raises Wrong."""

    def fill_for(self, seconds: float, bring: Callable[[], None]) -> None:
        """Bring one after the other for so long; what fails is counted and missed by nobody."""
        end_at = time.monotonic() + seconds
        while time.monotonic() < end_at:
            try:
                bring()
            except Wrong:
                self.counts["not filled"] += 1

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
        wish = wish_of(wares) | {"address_id": self.visit.account.address_id}
        return check_total(expect(self.client.ask("quote", "POST", f"{STORE}/quotes", wish), 200), wares)

    def purchase(self, quote: Any, *, method_token: str = "tok_ok") -> Answer:  # noqa: S107 - a name
        """Buy what was quoted, under a key of its own."""
        body = order_of(quote, method_token=method_token)
        return self.client.ask("purchase", "POST", f"{STORE}/purchases", body, Idempotency_Key=self.new_key())

    def buy(self, wares: Sequence[Ware]) -> Any:
        """A paid purchase of a piece of each. Raises Wrong."""
        quote = self.quote(wares)
        purchase = expect(self.purchase(quote), 201)
        if not is_paid(purchase, quote):
            raise Wrong("bought, but not paid as quoted")
        self.counts["paid"] += 1
        return purchase

    def new_key(self) -> str:
        return f"{self.visit.run}-{self.visit.account.number}-{next(self._keys)}"


def wish_of(wares: Sequence[Ware]) -> dict[str, Any]:
    """A piece of each, delivered to an address that is still to be named."""
    lines = [{"sku_id": str(ware.sku_id), "quantity": 1} for ware in wares]
    return {"market": MARKET, "lines": lines, "delivery_option": "standard"}


def order_of(quote: Any, *, method_token: str = "tok_ok") -> dict[str, Any]:  # noqa: S107 - a name
    """The body that buys a quote."""
    return {
        "quote_token": quote["quote_token"],
        "expected_total": quote["total"],
        "payment": {"provider": "sandbox", "method_token": method_token},
    }


def check_total(quote: Any, wares: Sequence[Ware]) -> Any:
    """The quote, if its total is the sum of what it is of. Raises Wrong."""
    minor = sum(ware.price_minor for ware in wares) + SHIPPING_MINOR
    if quote["total"] != {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "GBP"}:
        raise Wrong("another total than the sum of the prices")
    return quote


def is_paid(purchase: Any, quote: Any) -> bool:
    """Whether all of what was quoted was captured, and nothing else."""
    paid = purchase["total"] == purchase["payment"]["captured"] == quote["total"]
    return bool(paid and purchase["status"] == "PAID")
