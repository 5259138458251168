"""Documents of orders that were bought on a shop floor, issued as their handlers would."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from apps.documents import api as documents
from apps.documents.api import DocumentKind
from apps.documents.models import Document
from apps.fulfilment.api import TrackingStatus
from apps.markets.api import forget_markets, load_standard_markets
from apps.orders import api as orders
from apps.pricing.api import (
    AmountOff,
    DutyTerms,
    PaymentDiscount,
    PricedBasket,
    RateOff,
    ShopShipping,
    Surcharge,
    SurchargeKind,
)
from tests.factories.accounts import make_address
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order, ship, track
from tests.factories.orders import open_purchase, pay
from tests.factories.pricing import a_basket, a_coupon, a_line, price
from tests.factories.sellers import ShopFactory
from tests.support import NOON
from tradecore.ids import new_id


def issue_receipts(purchase_id: int, *, event_id: int | None = None, now: datetime = READY) -> None:
    """As if an event had said that the purchase is paid; a new one unless it is named."""
    documents.issue_receipts(purchases={event_id or new_id(): purchase_id}, now=now)


def bill(order: orders.OrderView, *, event_id: int | None = None, now: datetime = READY) -> None:
    """As if an event had said that something happened to the order; a new one unless it is named."""
    documents.bill_order(order_id=order.id, event_id=event_id or new_id(), now=now)


def send(order: orders.OrderView, units: Sequence[orders.LineUnits] | None = None) -> int:
    """Let a carrier have units of the order, all that are left unless some are named. Returns the parcel's id."""
    return track(ship(order, units), TrackingStatus.COLLECTED).id


def make_invoiced_order(floor: ShopFloor, *quantities: int, coupon_codes: tuple[str, ...] = ()) -> orders.OrderView:
    """An order on its way, with its invoice and no receipt."""
    order = make_ready_order(floor, *quantities, coupon_codes=coupon_codes)
    send(order)
    bill(order)
    return orders.get_order(order_id=order.id)


def documents_of(order: orders.OrderView, kind: DocumentKind) -> list[Document]:
    """The rows of a kind, in the order in which they were issued."""
    return list(Document.objects.filter(order_id=order.id, kind=kind.value).order_by("number"))


def invoice_of(order: orders.OrderView) -> Document:
    return Document.objects.get(order_id=order.id, kind=DocumentKind.INVOICE.value)


@dataclass(frozen=True, slots=True)
class Sold:
    """What an order is sold as: a market, its tax, and what a basket may be made of."""

    market: str
    currency: str
    region: str = ""
    tax_rate_e5: int = 20000
    tax_payable_to: str = ""
    has_duty: bool = False

    @property
    def is_inclusive(self) -> bool:
        return not self.tax_payable_to

    def price(self, shop_id: int) -> PricedBasket:
        """Two lines of three and two units, with everything that a price can have."""
        lines = [
            a_line(1, 1999, 3, shop_id=shop_id, tax_rate_e5=self.tax_rate_e5, hs6="610910"),
            a_line(2, 755, 2, shop_id=shop_id, tax_rate_e5=0, hs6="420212"),
        ]
        basket = a_basket(
            *lines,
            currency=self.currency,
            tax_inclusive=self.is_inclusive,
            shipping=(ShopShipping(shop_id, 399, self.tax_rate_e5),),
            surcharges=(Surcharge(SurchargeKind.HANDLING, 101),),
            payment_discount=PaymentDiscount(9, RateOff(333)),
            recorded_difference_minor=17,
            duty=DutyTerms(300, 100_000) if self.has_duty else None,
        )
        rules = [
            a_coupon(5, AmountOff(211), shop_id=shop_id, currency=self.currency),
            a_coupon(6, RateOff(777), shop_id=None, currency=self.currency),
        ]
        return price(basket, *rules)


BRITISH = Sold("GB", "GBP")
AMERICAN = Sold("US", "USD", region="NY", tax_rate_e5=4000, tax_payable_to="US-NY")
IMPORTED = Sold("US", "USD", region="NY", tax_rate_e5=4000, tax_payable_to="US-NY", has_duty=True)


def sell(sold: Sold) -> orders.OrderView:
    """A paid order of a new shop, with nothing around it: no stock and no payment."""
    load_standard_markets(now=NOON)
    forget_markets()
    shop = ShopFactory(market=sold.market, currency=sold.currency)
    priced = sold.price(shop.pk)
    (order,) = priced.orders
    address = make_address(region=sold.region, country=sold.market, phone="+442079250918")
    items = {
        line.sku_id: orders.SoldItem(
            sku_id=line.sku_id, product_id=line.sku_id, title=f"<b>Thing {line.sku_id}</b>", sku_code="THING", terms={}
        )
        for line in order.lines
    }
    draft = orders.OrderDraft(
        shop_id=shop.pk,
        priced=order,
        items=items,
        delivery_option="standard",
        address=asdict(address),
        tax_payable_to=sold.tax_payable_to,
    )
    purchase = open_purchase(priced, market=sold.market, orders=(draft,))
    pay(purchase)
    return orders.get_order(order_id=purchase.orders[0].id)
