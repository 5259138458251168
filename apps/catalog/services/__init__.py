"""What is done to the catalog. Each function is a use case of its own, and leaves an audit entry."""

from apps.catalog.services.add_sku import add_sku
from apps.catalog.services.change_product_state import deactivate_product, delete_product, publish_product
from apps.catalog.services.create_category import create_category
from apps.catalog.services.create_product import create_product
from apps.catalog.services.edit_product import edit_product
from apps.catalog.services.edit_sku import edit_sku
from apps.catalog.services.set_price import carry_out_price_drop, set_price

__all__ = [
    "add_sku",
    "carry_out_price_drop",
    "create_category",
    "create_product",
    "deactivate_product",
    "delete_product",
    "edit_product",
    "edit_sku",
    "publish_product",
    "set_price",
]
