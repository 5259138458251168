"""What buyers and sellers do while growth is measured."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.client import Client
from bench.crew import Act, Wrong
from bench.place import HOST, HTTP_FLOOR, Place, Web
from bench.scenarios.buying import Purchase, Quote
from bench.scenarios.floors import HttpFloor
from bench.scenarios.shopper import PASSWORD, STORE, Account, Shopper, Visit, expect, network_of
from bench.stage import Stage, Ware

#: Networks of sellers: nobody else's.
_FIRST_SELLER: Final = 1 << 20

#: How long a buyer waits between two purchases who comes by while events are relayed.
PAUSE_S: Final = 0.5


@dataclass(frozen=True)
class Seller:
    """Who looks at the orders of a shop."""

    shop_id: int
    token: str


def sign_in_seller(port: int, number: int, shop_id: int, email: str) -> Seller:
    client = Client(port, HOST, {"X-Forwarded-For": network_of(_FIRST_SELLER + number)})
    who = {"email": email, "password": PASSWORD}
    token = expect(client.ask("sign in", "POST", f"{STORE}/sessions", who), 201)["access_token"]
    client.close()
    return Seller(shop_id, token)


class BuyerOrders(Shopper):
    """The first page of a buyer's own orders."""

    def step(self) -> bool:
        _expect_page(self, f"{STORE}/orders", {})
        return True


class SellerOrders(Shopper):
    """The first page of a shop's orders."""

    def __init__(self, visit: Visit, seller: Seller) -> None:
        super().__init__(visit)
        self._path = f"/seller/v1/shops/{seller.shop_id}/orders"
        self.client.headers = {**self.client.headers, "Authorization": f"Bearer {seller.token}"}

    def step(self) -> bool:
        _expect_page(self, self._path, {})
        return True


def _expect_page(shopper: Shopper, path: str, headers: Mapping[str, str]) -> None:
    """Raises Wrong."""
    orders = expect(shopper.client.ask("orders", "GET", path, None, **headers), 200)["items"]
    ids = [int(order["id"]) for order in orders]
    if not ids or ids != sorted(ids, reverse=True):
        raise Wrong("no orders, or not the newest first")


class Trickle(Purchase):
    """A purchase now and then, while events are relayed."""

    def step(self) -> bool:
        super().step()
        time.sleep(PAUSE_S)
        return True


class QuoteOf(Shopper):
    """The same wares, asked for again and again."""

    def __init__(self, visit: Visit, wares: Sequence[Ware]) -> None:
        super().__init__(visit)
        self._wares = wares

    def step(self) -> bool:
        self.quote(self._wares)
        return True


@dataclass(frozen=True)
class Acts:
    """Called in each buyer's own process, with the buyer's number. basket: what `quote_few` takes two of, and
    `quote_many` all.
    """

    place: Place
    stage: Stage
    store: Web
    floor: Web
    accounts: Sequence[Account]
    sellers: Sequence[Seller]
    basket: Sequence[Ware] = ()
    _run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __call__(self, number: int) -> dict[str, Act]:
        seller = self.sellers[number % len(self.sellers)]
        return {
            HTTP_FLOOR: HttpFloor(port=self.floor.port, number=number, stage=self.stage),
            "purchase": Purchase(self._visit("purchase", number)),
            "trickle": Trickle(self._visit("trickle", number)),
            "quote": Quote(self._visit("quote", number)),
            "buyer_orders": BuyerOrders(self._visit("buyer_orders", number)),
            "seller_orders": SellerOrders(self._visit("seller_orders", number), seller),
            "quote_few": QuoteOf(self._visit("quote_few", number), self.basket[:2]),
            "quote_many": QuoteOf(self._visit("quote_many", number), self.basket),
        }

    def _visit(self, name: str, number: int) -> Visit:
        return Visit(
            account=self.accounts[number],
            port=self.store.port,
            stage=self.stage,
            run=f"{self._run}-{name}",
            guest_count=0,
            webhook_key=self.place.webhook_key,
        )
