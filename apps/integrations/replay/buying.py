"""A recorded order is bought: freight offered, wish quoted, purchase placed, as of the moment at which it was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apps.accounts.api import Address, validate_address
from apps.checkout import api as checkout
from apps.integrations.replay import keys
from apps.integrations.replay.listing import ListedShop
from apps.integrations.replay.market import ACTOR, Stage
from apps.integrations.replay.records import (
    CURRENCY,
    RecordedBuyer,
    RecordedOrder,
    RecordedTender,
    TenderType,
)
from apps.orders.api import PurchaseView
from apps.sellers import api as sellers
from tradecore.money import Money

PROVIDER: Final = "sandbox"

#: Recorded type -> method, and the token that makes the sandbox treat it so.
_METHODS: Final[Mapping[str, tuple[str, str]]] = {
    TenderType.CREDIT_CARD: ("card", "tok_ok"),
    TenderType.DEBIT_CARD: ("card", "tok_ok"),
    TenderType.VOUCHER: ("voucher", "tok_voucher"),
    TenderType.BOLETO: ("bank_slip", "tok_slip"),
}


class RecordContradicted(Exception):
    """What was quoted is not what was recorded: what is for sale here is not what the files say."""


def place(order: RecordedOrder, *, shops: Mapping[str, ListedShop], stage: Stage) -> PurchaseView:
    """Quote what was bought, and buy it. Raises RecordContradicted."""
    now = order.purchased_at
    offer_freights(order, shops=shops, now=now)
    buyer = _buyer(order.buyer)
    quote = checkout.make_quote(
        wish=_wish(order, shops=shops, stage=stage),
        buyer=buyer,
        quote_id=keys.quote_id_of(order.id, buyer_ref=buyer.ref),
        now=now,
    )
    if quote.total.minor != sum(tender.value_minor for tender in order.opened_tenders):
        raise RecordContradicted(f"order {order.id} is quoted {quote.total}")
    command = checkout.PlacePurchase(
        buyer=buyer,
        quote_token=quote.token,
        expected_total=quote.total,
        tenders=tuple(_tender_wish(tender) for tender in order.opened_tenders),
    )
    return checkout.place_purchase(command=command, now=now).purchase


def offer_freights(order: RecordedOrder, *, shops: Mapping[str, ListedShop], now: datetime) -> None:
    """Offer what carrying this order cost, at each of its shops, as an option that nobody else will choose."""
    option = keys.delivery_option_of(order.id)
    for seller_id, freight_minor in order.freights_minor.items():
        rate = sellers.DeliveryRate(shop_id=shops[seller_id].shop_id, option=option, base_minor=freight_minor)
        sellers.set_delivery_rate(rate=rate, actor=ACTOR, now=now)


def _wish(order: RecordedOrder, *, shops: Mapping[str, ListedShop], stage: Stage) -> checkout.Wish:
    return checkout.Wish(
        market=stage.market.code,
        lines=tuple(
            checkout.WantedLine(shops[sku.seller_id].sku_ids[sku.product_id], quantity)
            for sku, quantity in order.quantities.items()
        ),
        address=_address(order.buyer),
        delivery_option=keys.delivery_option_of(order.id),
        recorded_difference_minor=order.difference_minor,
    )


def _buyer(buyer: RecordedBuyer) -> checkout.Buyer:
    ref = keys.buyer_ref_of(buyer.id)
    return checkout.Buyer(ref=ref, scope=f"guest:{ref}", is_guest=True, email=f"{buyer.id}@buyers.invalid")


def _address(buyer: RecordedBuyer) -> Address:
    """As much of it as was recorded."""
    address = Address(
        recipient=f"Buyer {buyer.id}",
        line1="(not recorded)",
        city=buyer.city,
        region=buyer.state,
        postal_code=buyer.postal_code,
        country="BR",
    )
    return validate_address(address)


def _tender_wish(tender: RecordedTender) -> checkout.TenderWish:
    method, token = _METHODS[tender.type]
    return checkout.TenderWish(
        provider=PROVIDER,
        method=method,
        method_token=token,
        amount=Money(tender.value_minor, CURRENCY),
        instalments=tender.instalments,
    )
