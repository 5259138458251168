"""What crosses the door of sellers."""

from dataclasses import dataclass
from enum import StrEnum


class ShopState(StrEnum):
    """How far the marketplace lets a shop go. RESTRICTED still sells, under the operators' eyes."""

    ONBOARDING = "ONBOARDING"
    ACTIVE = "ACTIVE"
    RESTRICTED = "RESTRICTED"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


_SELLING = frozenset({ShopState.ACTIVE, ShopState.RESTRICTED})


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as it stands. `market`, `currency` and `fee_plan` are codes; `version` is its ETag.

    `contact_email` is where its messages go: for the shop and the operators to see, and for no buyer. `legal_name` and
    `tax_number` stand on its invoices; empty: nobody has entered them.
    """

    id: int
    handle: str
    name: str
    contact_email: str
    market: str
    currency: str
    fee_plan: str
    state: ShopState
    version: int
    legal_name: str = ""
    tax_number: str = ""

    @property
    def is_selling(self) -> bool:
        """Whether the shop as such may sell; whether a certain thing is for sale is decided elsewhere."""
        return self.state in _SELLING


@dataclass(frozen=True, slots=True)
class DeliveryRate:
    """What a shop charges per order for one delivery option, in minor units of the shop's currency.

    `base_minor` covers the first `included_grams`, each kilogram begun beyond them costs `per_kg_minor`, and an order
    whose goods are worth `free_from_minor` or more goes free. None: no order goes free.
    """

    shop_id: int
    option: str
    base_minor: int
    per_kg_minor: int = 0
    included_grams: int = 0
    free_from_minor: int | None = None
