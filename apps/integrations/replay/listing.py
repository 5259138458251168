"""What was for sale: shops, products, SKUs with the price of each day, and stock.

Prices are set before anything is bought, all of them, so that a quote as of any recorded moment reads the price of that
moment, in whatever order the orders are lived.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.catalog import api as catalog
from apps.integrations.replay import keys
from apps.integrations.replay.market import ACTOR, Stage
from apps.integrations.replay.records import CURRENCY, RecordedOrder, RecordedProduct, SkuKey
from apps.inventory import api as inventory
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from tradecore.money import Money

#: No stock was recorded, so every SKU has more than was ever sold of any.
STOCK_PIECES: Final = 1_000_000

_ROOT_CATEGORY: Final = "olist"
_UNCATEGORISED: Final = "uncategorised"
_SLUG_LENGTH_MAX: Final = 40
_WAREHOUSE: Final = "main"
_UNKNOWN: Final = RecordedProduct(category="", weight_grams=0)
_EVERYTHING: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """From when on a SKU had which price."""

    valid_from: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SkuListing:
    """One SKU that is to be listed, with each price that it had; the first begins with its first purchase."""

    product_id: str
    product: RecordedProduct
    prices: tuple[ListedPrice, ...]

    @property
    def listed_at(self) -> datetime:
        return self.prices[0].valid_from

    @property
    def category(self) -> str:
        """The slug of its category."""
        return self.product.category.replace("_", "-")[:_SLUG_LENGTH_MAX].strip("-") or _UNCATEGORISED

    @property
    def title(self) -> str:
        """Products were recorded without names."""
        return f"{self.category.replace('-', ' ')} {self.product_id}"


@dataclass(frozen=True, slots=True)
class ShopListing:
    """One shop that is to be opened, with what it sold."""

    seller_id: str
    skus: tuple[SkuListing, ...]

    @property
    def opened_at(self) -> datetime:
        return min(sku.listed_at for sku in self.skus)


@dataclass(frozen=True, slots=True)
class ListedShop:
    """A shop that is open: its id, and those of its SKUs by product."""

    seller_id: str
    shop_id: int
    sku_ids: Mapping[str, int]


def plan_listings(orders: Iterable[RecordedOrder], products: Mapping[str, RecordedProduct]) -> list[ShopListing]:
    """What is to be listed for these orders, which come by time: by seller, then product."""
    prices: dict[SkuKey, list[ListedPrice]] = defaultdict(list)
    for order in orders:
        for sku, amount_minor in {item.sku: item.price_minor for item in order.items}.items():
            known = prices[sku]
            if not known or known[-1].amount_minor != amount_minor:
                known.append(ListedPrice(order.purchased_at, amount_minor))
    by_seller: dict[str, list[SkuListing]] = defaultdict(list)
    for sku in sorted(prices, key=lambda sku: (sku.seller_id, sku.product_id)):
        product = products.get(sku.product_id, _UNKNOWN)
        by_seller[sku.seller_id].append(SkuListing(sku.product_id, product, tuple(prices[sku])))
    return [ShopListing(seller_id, tuple(skus)) for seller_id, skus in by_seller.items()]


def list_categories(listings: Iterable[ShopListing], *, now: datetime) -> dict[str, int]:
    """Make sure of every category that is needed. Returns their ids by slug."""
    known = {category.path: category.id for category in catalog.list_categories()}
    root_id = known.get(_ROOT_CATEGORY) or _create_category(_ROOT_CATEGORY, "Olist", None, now=now)
    return {
        slug: known.get(f"{_ROOT_CATEGORY}/{slug}")
        or _create_category(slug, slug.replace("-", " ").capitalize(), root_id, now=now)
        for slug in sorted({sku.category for listing in listings for sku in listing.skus})
    }


def list_shop(listing: ShopListing, *, stage: Stage, category_ids: Mapping[str, int]) -> ListedShop:
    """Make sure that a shop is open and has everything that it sold, at the prices of the days, and in stock."""
    shop_id = _open_shop(listing, stage)
    _open_account(shop_id, listing)
    known = {found.product.details.title: found for found in _list_known(shop_id, listing, stage)}
    sku_ids = {
        sku.product_id: _list_sku(
            sku, known.get(sku.title), shop_id=shop_id, category_id=category_ids[sku.category], stage=stage
        )
        for sku in listing.skus
    }
    _stock(shop_id, sku_ids.values(), now=listing.opened_at)
    return ListedShop(listing.seller_id, shop_id, sku_ids)


def _create_category(slug: str, name: str, parent_id: int | None, *, now: datetime) -> int:
    return catalog.create_category(slug=slug, name=name, parent_id=parent_id, actor=ACTOR, now=now).id


def _open_shop(listing: ShopListing, stage: Stage) -> int:
    handle, now = keys.handle_of(listing.seller_id), listing.opened_at
    shop = sellers.find_shop(handle=handle) or sellers.open_shop(
        handle=handle,
        name=f"Seller {listing.seller_id}",
        contact_email=f"{handle}@sellers.invalid",
        market=stage.market.code,
        currency=stage.market.currency,
        fee_plan=stage.plan.code,
        actor=ACTOR,
        now=now,
    )
    if shop.state is sellers.ShopState.ONBOARDING:
        active = sellers.ShopState.ACTIVE
        sellers.change_shop_state(shop_id=shop.id, state=active, reason="sold as recorded", actor=ACTOR, now=now)
    return shop.id


def _open_account(shop_id: int, listing: ShopListing) -> None:
    """Let the shop be paid to an account at the sandbox bank: its first one, which nobody else has to look at."""
    accounts = settlement.get_payout_accounts(shop_id=shop_id)
    if accounts.current is None:
        settlement.set_payout_account(
            shop_id=shop_id,
            version=accounts.version,
            holder_name=f"Seller {listing.seller_id}",
            account_number=keys.account_number_of(listing.seller_id),
            currency=CURRENCY,
            actor=ACTOR,
            now=listing.opened_at,
        )


def _list_known(shop_id: int, listing: ShopListing, stage: Stage) -> list[catalog.Listing]:
    """What the shop lists already."""
    return catalog.list_shop_products(
        shop_id=shop_id, market=stage.market.code, now=listing.opened_at, before=None, limit=_EVERYTHING
    )


def _list_sku(sku: SkuListing, known: catalog.Listing | None, *, shop_id: int, category_id: int, stage: Stage) -> int:
    """List one SKU, or what is missing of it. Returns its id."""
    product = known.product if known else _create_product(sku, shop_id=shop_id, category_id=category_id)
    sku_id = known.skus[0].sku.id if known and known.skus else _add_sku(sku, shop_id=shop_id, product_id=product.id)
    begun = _list_begun(shop_id, sku_id, stage) if known else frozenset()
    for price in sku.prices:
        if price.valid_from not in begun:
            _set_price(price, shop_id=shop_id, sku_id=sku_id, stage=stage)
    if product.state is catalog.ProductState.DRAFT:
        catalog.publish_product(shop_id=shop_id, product_id=product.id, actor=ACTOR, now=sku.listed_at)
    return sku_id


def _create_product(sku: SkuListing, *, shop_id: int, category_id: int) -> catalog.Product:
    details = catalog.ProductDetails(category_id=category_id, title=sku.title)
    return catalog.create_product(shop_id=shop_id, details=details, actor=ACTOR, now=sku.listed_at)


def _add_sku(sku: SkuListing, *, shop_id: int, product_id: int) -> int:
    details = catalog.SkuDetails(weight_grams=sku.product.weight_grams)
    return catalog.add_sku(
        shop_id=shop_id, product_id=product_id, code=sku.product_id, details=details, actor=ACTOR, now=sku.listed_at
    ).id


def _list_begun(shop_id: int, sku_id: int, stage: Stage) -> frozenset[datetime]:
    """The moments at which a price of the SKU begins already."""
    prices = catalog.list_prices(shop_id=shop_id, sku_id=sku_id, before=None, limit=_EVERYTHING)
    return frozenset(price.valid_from for price in prices if price.market == stage.market.code)


def _set_price(price: ListedPrice, *, shop_id: int, sku_id: int, stage: Stage) -> None:
    catalog.set_price(
        shop_id=shop_id,
        sku_id=sku_id,
        market=stage.market.code,
        amount=Money(price.amount_minor, stage.market.currency),
        valid_from=price.valid_from,
        actor=ACTOR,
        now=price.valid_from,
    )


def _stock(shop_id: int, sku_ids: Iterable[int], *, now: datetime) -> None:
    """Put STOCK_PIECES of every SKU that has no stock into the shop's warehouse."""
    sku_ids = list(sku_ids)
    warehouses = inventory.list_warehouses(shop_id=shop_id)
    warehouse = (
        warehouses[0]
        if warehouses
        else inventory.create_warehouse(shop_id=shop_id, code=_WAREHOUSE, name="Main", actor=ACTOR, now=now)
    )
    stocked = {level.sku_id for level in inventory.list_levels(sku_ids=sku_ids)}
    for sku_id in sku_ids:
        if sku_id not in stocked:
            inventory.adjust_stock(
                shop_id=shop_id,
                warehouse_id=warehouse.id,
                sku_id=sku_id,
                delta=STOCK_PIECES,
                reason="no stock was recorded",
                actor=ACTOR,
                now=now,
            )
