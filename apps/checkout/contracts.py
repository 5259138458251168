"""What crosses the door of checkout."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from apps.accounts.api import Address
from apps.fees.api import FeeBasis
from apps.inventory.api import OutOfStock
from apps.orders.api import PurchaseView
from apps.payments.api import Call, Payment, TenderRequest
from apps.pricing.api import PricedBasket
from tradecore.extensions import ExtensionPoint
from tradecore.locks import JustWritten
from tradecore.money import BASIS_POINTS, Money

LINES_MAX = 200
QUANTITY_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys. `ref` is the id of the user or guest; `scope` binds a quote to its principal."""

    ref: int
    scope: str
    is_guest: bool
    email: str


@dataclass(frozen=True, slots=True)
class WantedLine:
    """So many pieces of one SKU."""

    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to buy: at most LINES_MAX lines of 1 to QUANTITY_MAX pieces."""

    market: str
    lines: tuple[WantedLine, ...]
    address: Address
    delivery_option: str
    coupon_codes: tuple[str, ...] = ()
    payment_method: str | None = None
    recorded_difference_minor: int = 0
    """Signed; only a replay of recorded purchases sets it, and no route can."""


@dataclass(frozen=True, slots=True)
class GoneQuote:
    """A quote of which there is too little left: whose it is (the scope of its buyer), and how buying it is refused."""

    scope: str
    refusal: OutOfStock


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatorShare:
    """What somebody who brought the buyer to a SKU gets of its sale: a share of `basis`, on account of the seller.

    It goes back with the goods, pro rata. As it stands at purchase it is frozen on the line, as `terms["creator"]`.
    """

    creator_ref: int
    basis: FeeBasis
    rate_bp: int

    def __post_init__(self) -> None:
        if not 0 < self.rate_bp <= BASIS_POINTS:
            raise ValueError(f"a creator's share is more than nothing and at most the whole: {self.rate_bp}")


class CreatorShares(Protocol):
    """Who knows whose creators' sales these are. It may read, and is asked by every quote and again at purchase."""

    def shares_for(self, *, sku_ids: Collection[int], buyer_ref: int, now: datetime) -> Mapping[int, CreatorShare]:
        """SKU -> the share of its creator, for those of the SKUs that have one; of others nothing is looked at."""
        ...


#: Whoever is named "default" here is asked. `config/extensions.py` fills it.
CREATOR_SHARES: ExtensionPoint[CreatorShares] = ExtensionPoint("creator shares")


class NoCreators:
    """Every sale is the seller's own."""

    def shares_for(self, *, sku_ids: Collection[int], buyer_ref: int, now: datetime) -> Mapping[int, CreatorShare]:
        return {}


@dataclass(frozen=True, slots=True)
class QuotedItem:
    """What is known of one SKU of a quote beside its price. `terms` are the terms of sale, frozen at purchase."""

    sku_id: int
    product_id: int
    shop_id: int
    title: str
    sku_code: str
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a wish costs now, and why. It holds nothing and is written nowhere; `token` buys it once, until
    `expires_at`. `tax_payable_to` is the jurisdiction that the platform remits its tax to, empty where sellers do.
    `standard_shipping` is what each shop's cheapest delivery costs, where the law gives so much back, else empty.
    """

    id: int
    market: str
    total: Money
    priced: PricedBasket
    tax_payable_to: str
    standard_shipping: Mapping[int, int]
    items: Mapping[int, QuotedItem]
    expires_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class PlacePurchase:
    """The command to buy a quote: its token, the total that the buyer has seen, and how they pay.

    `tenders` may leave one amount open (None): it pays the rest.
    """

    buyer: Buyer
    quote_token: str
    expected_total: Money
    tenders: tuple["TenderWish", ...]


@dataclass(frozen=True, slots=True)
class TenderWish:
    """How the buyer wants to pay a part; the whole where `amount` is None."""

    provider: str
    method: str
    method_token: str
    amount: Money | None = None
    instalments: int = 1

    def asking(self, amount: Money) -> TenderRequest:
        """The request for it, `amount` being what is to be paid where this names none."""
        return TenderRequest(
            provider=self.provider,
            method=self.method,
            method_token=self.method_token,
            amount=amount if self.amount is None else self.amount,
            instalments=self.instalments,
        )


@dataclass(frozen=True, slots=True)
class PaymentProgress:
    """Where a purchase and its payment stand. Not final while there are calls that wait to be sent.

    `unsent` are those of them that were written with this; what `collect_payment` may begin with. `just_written` is
    what it may know of the purchase, where this is what placed it.
    """

    purchase: PurchaseView
    payment: Payment
    is_final: bool
    unsent: tuple[Call, ...] = ()
    just_written: JustWritten | None = field(default=None, repr=False, compare=False)
