"""The public door of sellers."""

from apps.sellers.contracts import DeliveryRate, Shop, ShopState
from apps.sellers.errors import HandleTaken, InvalidField, StateNotAllowed, UnknownShop, VersionStale
from apps.sellers.selectors import find_shop, get_shop, list_delivery_rates, list_shop_rates, list_shops, read_shops
from apps.sellers.services import change_shop_state, edit_shop, open_shop, set_delivery_rate, set_legal_identity

__all__ = [
    "DeliveryRate",
    "HandleTaken",
    "InvalidField",
    "Shop",
    "ShopState",
    "StateNotAllowed",
    "UnknownShop",
    "VersionStale",
    "change_shop_state",
    "edit_shop",
    "find_shop",
    "get_shop",
    "list_delivery_rates",
    "list_shop_rates",
    "list_shops",
    "open_shop",
    "read_shops",
    "set_delivery_rate",
    "set_legal_identity",
]
