"""What crosses the door of catalog."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tradecore.money import Money


class ProductState(StrEnum):
    """Whether buyers may see a product. DELETED is for nobody to see, its shop included."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"
    DELETED = "DELETED"


class TaxCategory(StrEnum):
    """Which of a market's rates a product is taxed at."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the category tree. `path` holds the slugs from the root down: `fashion/shoes`."""

    id: int
    parent_id: int | None
    path: str
    name: str


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """What a shop says about a product. `title` is one line, `description` plain text of many."""

    category_id: int
    title: str
    description: str = ""
    tax_category: TaxCategory = TaxCategory.STANDARD


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it stands. `version` is its ETag; its SKUs have their own."""

    id: int
    shop_id: int
    details: ProductDetails
    state: ProductState
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SkuDetails:
    """What a shop says about a SKU.

    `option_values` is what tells it from its siblings: `{"size": "M"}`. `hs6` is its heading in the Harmonized System,
    `gtin` its GTIN-8, -12, -13 or -14; an empty string is none. One that is not active is not for sale.
    """

    weight_grams: int
    option_values: Mapping[str, str] = field(default_factory=dict)
    hs6: str = ""
    gtin: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Sku:
    """A SKU as it stands. `code` is the shop's own; `version` is its ETag."""

    id: int
    product_id: int
    shop_id: int
    code: str
    details: SkuDetails
    version: int


@dataclass(frozen=True, slots=True)
class Price:
    """What a SKU costs in a market from a moment until the next price begins."""

    id: int
    sku_id: int
    market: str
    amount: Money
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class WaitingPrice:
    """A price that a second person must approve, in place of `price`. Without `valid_from` it begins as they do."""

    approval_id: int
    market: str
    price: Money
    amount: Money
    valid_from: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PricedSku:
    """A SKU with its price in one market at one moment; None where it has none."""

    sku: Sku
    price: Money | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A product with its SKUs and their prices in one market at one moment."""

    product: Product
    skus: tuple[PricedSku, ...]


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which products to list. What is left empty narrows nothing.

    `category_path` takes the category and all below it; `title_prefix` is matched without regard to case.
    """

    category_path: str = ""
    title_prefix: str = ""
    created_ge: datetime | None = None
    created_lt: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a quote needs to know of a SKU, in one market at one moment.

    `is_listed` says that product and SKU are on show. Whether it can be bought is decided in checkout.
    """

    sku_id: int
    product_id: int
    shop_id: int
    category_id: int
    title: str
    sku_code: str
    option_values: Mapping[str, str]
    is_listed: bool
    price: Money | None
    tax_category: TaxCategory
    weight_grams: int
    hs6: str
