"""How what is on offer looks to a buyer."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.catalog.api import Listing, Offer, PricedSku
from apps.markets.api import DeliveryOption, Market
from apps.sellers.api import DeliveryRate, Shop
from tradecore import wire
from tradecore.money import Money


def market(contract: Market, options: Sequence[DeliveryOption]) -> dict[str, Any]:
    """A market, and how things are delivered there."""
    return {
        "code": contract.code,
        "name": contract.name,
        "currency": contract.currency,
        "prices_include_tax": contract.prices_include_tax,
        "time_zone": contract.time_zone,
        "delivery_options": [wire.to_json(option) for option in options],
    }


def shop(contract: Shop, rates: Sequence[DeliveryRate]) -> dict[str, Any]:
    """A shop, and what it charges for delivery."""
    return {
        **_shop_summary(contract),
        "market": contract.market,
        "currency": contract.currency,
        "delivery_rates": [_rate(rate, contract.currency) for rate in rates],
    }


def listed_product(listing: Listing, *, shop: Shop, available: Mapping[int, int]) -> dict[str, Any]:
    """A product as lists show it. `available` is pieces by SKU."""
    product = listing.product
    return {
        "id": str(product.id),
        "category_id": str(product.details.category_id),
        "title": product.details.title,
        "created_at": wire.to_json(product.created_at),
        "shop": _shop_summary(shop),
        "skus": [_listed_sku(priced, available) for priced in listing.skus],
    }


def product(listing: Listing, *, shop: Shop, available: Mapping[int, int]) -> dict[str, Any]:
    """A product on a page of its own."""
    described = {"description": listing.product.details.description}
    return listed_product(listing, shop=shop, available=available) | described


def sku(offer: Offer, *, available: int) -> dict[str, Any]:
    """A SKU on a page of its own."""
    return {
        "id": str(offer.sku_id),
        "product_id": str(offer.product_id),
        "shop_id": str(offer.shop_id),
        "category_id": str(offer.category_id),
        "title": offer.title,
        "code": offer.sku_code,
        "option_values": dict(offer.option_values),
        "weight_grams": offer.weight_grams,
        "price": wire.to_json(offer.price),
        "available": available,
    }


def _listed_sku(priced: PricedSku, available: Mapping[int, int]) -> dict[str, Any]:
    return {
        "id": str(priced.sku.id),
        "code": priced.sku.code,
        "option_values": dict(priced.sku.details.option_values),
        "weight_grams": priced.sku.details.weight_grams,
        "price": wire.to_json(priced.price),
        "available": available[priced.sku.id],
    }


def _shop_summary(contract: Shop) -> dict[str, Any]:
    return {
        "id": str(contract.id),
        "handle": contract.handle,
        "name": contract.name,
        "is_selling": contract.is_selling,
    }


def _rate(rate: DeliveryRate, currency: str) -> dict[str, Any]:
    def money(minor: int | None) -> Any:
        return None if minor is None else wire.to_json(Money(minor, currency))

    return {
        "option": rate.option,
        "base": money(rate.base_minor),
        "per_kg": money(rate.per_kg_minor),
        "included_grams": rate.included_grams,
        "free_from": money(rate.free_from_minor),
    }
