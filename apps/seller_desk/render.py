"""How the contracts of the apps below look to the people of a shop."""

from collections.abc import Sequence
from typing import Any, Final

from apps.aftersales.api import CaseView
from apps.catalog.api import Listing, Product, Sku
from apps.fulfilment.api import PackageView
from apps.inventory.api import StockLevel
from apps.orders.api import CancelRequestView, OrderSummary, OrderView
from apps.seller_desk.serializers.orders import BUYERS_OWN
from apps.sellers.api import DeliveryRate, Shop
from tradecore import wire
from tradecore.money import Money

#: Where an order stands while its shop ships to the recipient, or has shipped. Before that, and when nothing is to be
#: shipped any more, name and address are nobody's business.
_RECIPIENT_SHOWN: Final = frozenset(
    {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"}
)


def shop(contract: Shop) -> dict[str, Any]:
    """A shop for its own people."""
    return {**wire.to_json(contract), "is_selling": contract.is_selling}


def delivery_rate(rate: DeliveryRate, *, currency: str) -> dict[str, Any]:
    """What the shop charges for one delivery option."""

    def money(minor: int | None) -> Any:
        return None if minor is None else wire.to_json(Money(minor, currency))

    return {
        "option": rate.option,
        "base": money(rate.base_minor),
        "per_kg": money(rate.per_kg_minor),
        "included_grams": rate.included_grams,
        "free_from": money(rate.free_from_minor),
    }


def product(contract: Product) -> dict[str, Any]:
    """A product without its SKUs."""
    document: dict[str, Any] = wire.to_json(contract)
    return {**document.pop("details"), **document}


def listing(contract: Listing) -> dict[str, Any]:
    """A product with its SKUs and what they cost in the shop's market."""
    skus = [{**sku(priced.sku), "price": wire.to_json(priced.price)} for priced in contract.skus]
    return {**product(contract.product), "skus": skus}


def sku(contract: Sku) -> dict[str, Any]:
    """A SKU without its price."""
    document: dict[str, Any] = wire.to_json(contract)
    return {**document.pop("details"), **document}


def stock(contract: Listing, levels: Sequence[StockLevel]) -> dict[str, Any]:
    """The stock of a product: of each SKU, what lies in which warehouse."""
    return {
        "product_id": str(contract.product.id),
        "title": contract.product.details.title,
        "skus": [
            {
                "sku_id": str(priced.sku.id),
                "code": priced.sku.code,
                "levels": [wire.to_json(level) for level in levels if level.sku_id == priced.sku.id],
            }
            for priced in contract.skus
        ],
    }


def order_summary(contract: OrderSummary) -> dict[str, Any]:
    """An order as lists show it."""
    return _without(wire.to_json(contract), *BUYERS_OWN)


def order(
    contract: OrderView, packages: Sequence[PackageView], cancel_request: CancelRequestView | None
) -> dict[str, Any]:
    """One order with its parcels and its latest request to cancel. The recipient is shown by the privacy rule above."""
    document = _without(wire.to_json(contract), *BUYERS_OWN, "facts")
    if contract.status not in _RECIPIENT_SHOWN:
        document["address"] = None
    return document | {
        "packages": [package(parcel) for parcel in packages],
        "cancel_request": wire.to_json(cancel_request),
    }


def case(contract: CaseView) -> dict[str, Any]:
    """One case about an order of the shop."""
    return _without(wire.to_json(contract), *BUYERS_OWN)


def package(contract: PackageView) -> dict[str, Any]:
    """One parcel, where it is, and what its carrier has said."""
    return _without(wire.to_json(contract), *BUYERS_OWN)


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}
