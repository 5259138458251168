"""Paid purchases."""

from bench.scenarios.shopper import Shopper


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


class Quote(Shopper):
    """Only asking what two SKUs cost."""

    def step(self) -> bool:
        self.quote(self.choose_two())
        return True
