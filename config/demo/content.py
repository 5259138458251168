"""The shape of the content. Amounts are decimals in the currency of the market: "129.00", or "1480" in yen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.catalog.api import TaxCategory
from apps.promotions.api import PromotionKind


@dataclass(frozen=True, slots=True)
class Sku:
    """`code` is its natural key in the shop. `stock` has the pieces in each warehouse of the shop, in their order."""

    code: str
    price: str
    grams: int
    stock: tuple[int, ...]
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """`title` is its natural key in the shop; `category` a path of CATEGORIES."""

    title: str
    category: str
    description: str
    skus: tuple[Sku, ...]
    tax: TaxCategory = TaxCategory.STANDARD


@dataclass(frozen=True, slots=True)
class Rate:
    """What delivery costs: `base` for the first `included_grams`, then `per_kg`; nothing from `free_from` on."""

    option: str
    base: str
    per_kg: str = "0"
    included_grams: int = 0
    free_from: str | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """`handle` is its natural key. `account` is where it is paid to: the number of an account at its bank.

    `warehouses` are codes and names, in the order in which they serve.
    """

    handle: str
    name: str
    market: str
    account: str
    warehouses: tuple[tuple[str, str], ...]
    rates: tuple[Rate, ...]
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """`title` is its natural key, of the shop (a handle) or of the platform (None).

    It gives one of `price`, `amount` and `percent`; a percentage may have a `cap`. It is about some of the shop's
    products, by title, or about everything that its owner sells.
    """

    kind: PromotionKind
    market: str
    title: str
    shop: str | None = None
    products: tuple[str, ...] = ()
    price: str | None = None
    amount: str | None = None
    percent: int | None = None
    cap: str | None = None
    platform_share_percent: int = 0
    code: str | None = None
    min_spend: str = "0"
    uses_per_buyer: int | None = None
    uses: int | None = None
    budget: str | None = None
