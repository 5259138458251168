"""Looking, asking, and buying."""

from collections import deque
from typing import Any

from bench.crew import Wrong
from bench.scenarios.shopper import (
    ADDRESS,
    STORE,
    Shopper,
    Visit,
    check_total,
    expect,
    is_paid,
    network_of,
    order_of,
    wish_of,
)
from bench.stage import MARKET, Ware

OUT_OF_STOCK = "inventory.out_of_stock"

#: So that a guest's network is nobody else's.
FIRST_GUEST_NETWORK = 100_000


class Browse(Shopper):
    """The first page of what there is, and the page of one product: two calls."""

    def step(self) -> bool:
        path = f"{STORE}/products?market={MARKET}"
        if not expect(self.client.ask("products", "GET", path), 200)["items"]:
            raise Wrong("nothing is on sale")
        product_id = str(self.chance.choice(self.stage.product_ids))
        path = f"{STORE}/products/{product_id}?market={MARKET}"
        if expect(self.client.ask("product", "GET", path), 200)["id"] != product_id:
            raise Wrong("another product")
        return True


class Quote(Shopper):
    """Only asking what two SKUs cost."""

    def step(self) -> bool:
        self.quote(self.choose_two())
        return True


class Purchase(Shopper):
    """A quote and its purchase, of two SKUs among thousands."""

    def step(self) -> bool:
        self.buy(self.choose_two())
        return True


class Hot(Shopper):
    """The same, of one SKU that everybody buys."""

    def step(self) -> bool:
        self.buy([self.stage.hot])
        return True


class Till(Shopper):
    """Only the purchase, of what was quoted before the clock starts: one piece of a SKU that everybody buys."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._quotes: deque[Any] = deque()

    def choose(self) -> Ware:
        return self.stage.hot

    def fill(self, seconds: float) -> None:
        self.fill_for(seconds, lambda: self._quotes.append(self.quote([self.choose()])))

    def step(self) -> bool:
        if not self._quotes:
            return False
        quote = self._quotes.popleft()
        if not is_paid(expect(self.purchase(quote), 201), quote):
            raise Wrong("bought, but not paid as quoted")
        self.counts["paid"] += 1
        return True


class Rush(Till):
    """The same, of a SKU that is marked as hot."""

    def choose(self) -> Ware:
        return self.stage.marked[0]


class RushOfFive(Till):
    """The same, of five that are marked as hot."""

    def choose(self) -> Ware:
        return self.chance.choice(self.stage.marked)


class SoldOut(Shopper):
    """A purchase of what is gone, tried again and again with the quote of before: each is refused."""

    _quote: Any = None

    def fill(self, seconds: float) -> None:
        self._quote = self.quote([self.stage.gone])

    def step(self) -> bool:
        if expect(self.purchase(self._quote), 409)["code"] != OUT_OF_STOCK:
            raise Wrong("refused for another reason")
        self.counts["refused"] += 1
        return True


class Flash(Shopper):
    """A SKU of a few pieces in each round, and three times as many guests, who each quote it and buy it, once.

    The round is over when each has been answered: paid, or refused because there is nothing left.
    """

    until_done = True

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._round, self._guest_count = -1, 0
        self._guests: deque[dict[str, str]] = deque()

    def headers(self) -> dict[str, str]:
        """Each guest says so for themselves."""
        return {}

    def fill(self, seconds: float) -> None:
        self._round += 1
        self._guests.extend(self._become_guest() for _ in range(self.visit.guest_count))

    def step(self) -> bool:
        if not self._guests:
            return False
        self._buy_as(self._guests.popleft())
        return True

    def _become_guest(self) -> dict[str, str]:
        """The headers of a new guest, from a network of their own."""
        self._guest_count += 1
        number = FIRST_GUEST_NETWORK * (self.visit.account.number + 1) + self._guest_count
        headers = {"X_Forwarded_For": network_of(number)}
        guest = expect(self.client.ask("guest", "POST", f"{STORE}/guests", {}, **headers), 201)
        return headers | {"Authorization": f"Bearer {guest['token']}"}

    def _buy_as(self, guest: dict[str, str]) -> None:
        wares = [self.stage.rushes[self._round]]
        wish = wish_of(wares) | {"address": ADDRESS}
        quote = check_total(expect(self.client.ask("quote", "POST", f"{STORE}/quotes", wish, **guest), 200), wares)
        order = order_of(quote) | {"email": "guest@visitor.example"}
        answer = self.client.ask(
            "purchase", "POST", f"{STORE}/purchases", order, Idempotency_Key=self.new_key(), **guest
        )
        if answer.status == 409 and answer.document()["code"] == OUT_OF_STOCK:
            self.counts["refused"] += 1
        elif is_paid(expect(answer, 201), quote):
            self.counts["paid"] += 1
        else:
            raise Wrong("bought, but not paid as quoted")
