"""What checkout refuses."""

from dataclasses import dataclass

from apps.checkout.contracts import Quote
from tradecore.errors import Kind, Refusal
from tradecore.money import Money


@dataclass
class MarketClosed(Refusal):
    """The market takes no new purchases."""

    code = "checkout.market_closed"
    kind = Kind.CONFLICT
    title = "This market takes no purchases at the moment."

    market: str


@dataclass
class DeliveryOptionUnknown(Refusal):
    """The market, or one of the shops, does not deliver this way."""

    code = "checkout.delivery_option_unknown"
    kind = Kind.RULE
    title = "Not every shop of this basket delivers this way."

    delivery_option: str
    shop_ids: tuple[int, ...]


@dataclass
class SkuUnavailable(Refusal):
    """Some of the SKUs cannot be bought in this market now, whatever the stock."""

    code = "checkout.sku_unavailable"
    kind = Kind.CONFLICT
    title = "Some of these items cannot be bought here."

    sku_ids: tuple[int, ...]


@dataclass
class QuantityTooLarge(Refusal):
    """More pieces of one SKU than a purchase may have here, at the moment."""

    code = "checkout.quantity_too_large"
    kind = Kind.RULE
    title = "Nobody may buy so many pieces of this at once."

    sku_id: int
    quantity_max: int


@dataclass
class AmountTooLarge(Refusal):
    """The basket is worth more than any payment can be."""

    code = "checkout.amount_too_large"
    kind = Kind.RULE
    title = "This basket is worth more than can be paid at once."


@dataclass
class QuoteInvalid(Refusal):
    """The token was not issued here, or not to this buyer."""

    code = "checkout.quote_invalid"
    kind = Kind.RULE
    title = "This is not a quote of yours."


@dataclass
class QuoteUsed(Refusal):
    """The quote has bought already."""

    code = "checkout.quote_used"
    kind = Kind.CONFLICT
    title = "This quote has been used."

    purchase_id: int


@dataclass
class QuoteExpired(Refusal):
    """The quote is no longer honoured; `quote` is a fresh one."""

    code = "checkout.quote_expired"
    kind = Kind.GONE
    title = "This quote has expired."

    quote: Quote


@dataclass
class PriceChanged(Refusal):
    """The total is not what the buyer has seen; `quote` is what it would be."""

    code = "checkout.price_changed"
    kind = Kind.CONFLICT
    title = "The price has changed."

    expected: Money
    quoted: Money
    quote: Quote


@dataclass
class MethodUnknown(Refusal):
    """There is no such way of paying."""

    code = "checkout.payment_method_unknown"
    kind = Kind.RULE
    title = "There is no such payment method."

    method: str


@dataclass
class NotUnpaid(Refusal):
    """A purchase that is paid is cancelled order by order; one that is over already stays as it is."""

    code = "checkout.not_unpaid"
    kind = Kind.CONFLICT
    title = "This purchase is not unpaid any more. What is paid is cancelled order by order."

    purchase_status: str


@dataclass
class NotPayable(Refusal):
    """The purchase is paid, expired or cancelled."""

    code = "checkout.not_payable"
    kind = Kind.CONFLICT
    title = "This purchase can no longer be paid."

    purchase_status: str


@dataclass
class SuspectChanged(Refusal):
    """The provider has said something else about the tender since a person judged what it had said."""

    code = "checkout.suspect_changed"
    kind = Kind.CONFLICT
    title = "The provider says something else by now. Look at it again."
