"""What is known about products, SKUs, prices and categories.

# Note [The price at a moment]
It is the latest one that has begun, looked up per SKU by one step into the unique key of SkuPrice: the cost grows with
the number of SKUs and not with the length of their history. (MariaDB comes from the end of it, so what it steps over
are the prices that begin after the moment: few, unless the moment is long past.) Amount and currency come as one JSON
value, so that the index is entered once for both.

Lists are newest first and found by key: rows with an id below `before`, at most `limit` of them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from apps.catalog import models
from apps.catalog.contracts import (
    Category,
    Listing,
    ListingFilter,
    Offer,
    Price,
    PricedSku,
    Product,
    ProductDetails,
    ProductState,
    Sku,
    SkuDetails,
    TaxCategory,
    WaitingPrice,
)
from apps.catalog.errors import UnknownProduct, UnknownSku
from apps.catalog.fields import title_key
from apps.catalog.price_drops import PRICE_DROP, subject_of, to_waiting_price
from tradecore import approvals
from tradecore.money import Money
from tradecore.prepared import Select

_EVERYTHING = ListingFilter()
_LAST_CHARACTER = "\U0010ffff"


def list_offers(*, sku_ids: Collection[int], market: str, now: datetime) -> dict[int, Offer]:
    """What a quote needs to know of each SKU, by id, in one statement. SKUs that do not exist are left out."""
    return {row.pk: _offer_of(row, row.price) for row in _OFFERED(skus=set(sku_ids), market=market, now=now)}


def get_product(*, product_id: int, market: str, now: datetime) -> Listing:
    """A product that buyers may see, with its active SKUs. Refuses: UnknownProduct."""
    return _get(_visible(), product_id, skus=_active(), market=market, now=now)


def list_products(
    *,
    market: str,
    now: datetime,
    before: int | None,
    limit: int,
    shop_id: int | None = None,
    narrow: ListingFilter = _EVERYTHING,
) -> list[Listing]:
    """Products that buyers may see and that cost something in the market, with their active SKUs. Two statements."""
    rows = _priced(_visible(), market=market, now=now)
    if shop_id is not None:
        rows = rows.filter(shop_id=shop_id)
    page = _page(_narrowed(rows, narrow), before=before, limit=limit)
    return _listings(page, skus=_active(), market=market, now=now)


def get_shop_product(*, shop_id: int, product_id: int, market: str, now: datetime) -> Listing:
    """A product of the shop in any state but DELETED, with all of its SKUs. Refuses: UnknownProduct."""
    return _get(_owned(shop_id), product_id, skus=models.Sku.objects.all(), market=market, now=now)


def list_shop_products(
    *,
    shop_id: int,
    market: str,
    now: datetime,
    before: int | None,
    limit: int,
    narrow: ListingFilter = _EVERYTHING,
) -> list[Listing]:
    """The shop's products in any state but DELETED, with all of their SKUs. Two statements."""
    page = _page(_narrowed(_owned(shop_id), narrow), before=before, limit=limit)
    return _listings(page, skus=models.Sku.objects.all(), market=market, now=now)


def get_shop_sku(*, shop_id: int, sku_id: int) -> Sku:
    """A SKU of the shop. Refuses: UnknownSku."""
    return sku_of(get_sku_row(shop_id=shop_id, sku_id=sku_id))


def find_shop_sku(*, shop_id: int, code: str) -> Sku | None:
    """The SKU that the shop knows by this code, also when its product is deleted."""
    row = models.Sku.objects.filter(shop_id=shop_id, code=code).first()
    return sku_of(row) if row else None


def list_skus_by_code(*, code: str, limit: int) -> list[Sku]:
    """The SKUs of any shop that are known by this code, the newest first. For operators."""
    return [sku_of(row) for row in models.Sku.objects.filter(code=code).order_by("-pk")[:limit]]


def list_prices(*, shop_id: int, sku_id: int, before: int | None, limit: int) -> list[Price]:
    """Every price that was set for a SKU of the shop, of all markets, latest set first. Refuses: UnknownSku."""
    sku = get_sku_row(shop_id=shop_id, sku_id=sku_id)
    rows = models.SkuPrice.objects.filter(sku=sku)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [price_of(row) for row in rows.order_by("-pk")[:limit]]


def list_waiting_prices(*, sku_id: int, now: datetime) -> tuple[WaitingPrice, ...]:
    """The prices of a SKU that wait for a second person, longest first."""
    waiting = approvals.list_pending_of(subject=subject_of(sku_id), kind=PRICE_DROP, now=now)
    return tuple(map(to_waiting_price, waiting))


def list_categories() -> tuple[Category, ...]:
    """The whole tree, every category after its parent."""
    return tuple(category_of(row) for row in models.Category.objects.order_by("path"))


def get_product_row(*, shop_id: int, product_id: int) -> models.Product:
    """The row of a product of the shop, for this app. Refuses: UnknownProduct."""
    row = _owned(shop_id).filter(pk=product_id).first()
    if row is None:
        raise UnknownProduct(product_id=product_id)
    return row


def get_sku_row(*, shop_id: int, sku_id: int) -> models.Sku:
    """The row of a SKU of the shop, for this app. Refuses: UnknownSku."""
    kept = ~Q(product__state=ProductState.DELETED)
    row = models.Sku.objects.filter(kept, pk=sku_id, shop_id=shop_id).first()
    if row is None:
        raise UnknownSku(sku_id=sku_id)
    return row


def category_of(row: models.Category) -> Category:
    return Category(id=row.pk, parent_id=row.parent_id, path=row.path, name=row.name)


def product_of(row: models.Product) -> Product:
    details = ProductDetails(
        category_id=row.category_id,
        title=row.title,
        description=row.description,
        tax_category=TaxCategory(row.tax_category),
    )
    return Product(
        id=row.pk,
        shop_id=row.shop_id,
        details=details,
        state=ProductState(row.state),
        version=row.version,
        created_at=row.created_at,
    )


def sku_of(row: models.Sku) -> Sku:
    details = SkuDetails(
        weight_grams=row.weight_grams,
        option_values=row.option_values,
        hs6=row.hs6,
        gtin=row.gtin,
        is_active=row.is_active,
    )
    return Sku(
        id=row.pk, product_id=row.product_id, shop_id=row.shop_id, code=row.code, details=details, version=row.version
    )


def price_of(row: models.SkuPrice) -> Price:
    amount = Money(row.amount_minor, row.currency)
    return Price(id=row.pk, sku_id=row.sku_id, market=row.market, amount=amount, valid_from=row.valid_from)


def _offer_of(row: models.Sku, price: Mapping[str, Any] | None) -> Offer:
    return Offer(
        sku_id=row.pk,
        product_id=row.product_id,
        shop_id=row.shop_id,
        category_id=row.product.category_id,
        title=row.product.title,
        sku_code=row.code,
        option_values=row.option_values,
        is_listed=row.is_active and row.product.state == ProductState.ACTIVE,
        price=_money_of(price),
        tax_category=TaxCategory(row.product.tax_category),
        weight_grams=row.weight_grams,
        hs6=row.hs6,
    )


def _money_of(price: Mapping[str, Any] | None) -> Money | None:
    return Money(price["minor"], price["currency"]) if price else None


def _price_at(market: Any, now: Any) -> Subquery:
    """The price of the SKU of the outer query, as JSON or NULL. See Note [The price at a moment]."""
    begun = models.SkuPrice.objects.filter(sku=OuterRef("pk"), market=market, valid_from__lte=now)
    latest = begun.order_by("-valid_from").values(json=JSONObject(minor="amount_minor", currency="currency"))
    return Subquery(latest[:1])


def _visible() -> QuerySet[models.Product]:
    return models.Product.objects.filter(state=ProductState.ACTIVE)


def _priced(rows: QuerySet[models.Product], *, market: str, now: datetime) -> QuerySet[models.Product]:
    """Those with an active SKU that costs something in the market now.

    A scalar subquery is asked for row by row until the page is full; from EXISTS, MariaDB makes a table of all products
    that qualify first.
    """
    prices = models.SkuPrice.objects.filter(
        sku__product=OuterRef("pk"), sku__is_active=True, market=market, valid_from__lte=now
    )
    return rows.alias(a_price=Subquery(prices.values("pk")[:1])).filter(a_price__isnull=False)


def _owned(shop_id: int) -> QuerySet[models.Product]:
    return models.Product.objects.filter(shop_id=shop_id).exclude(state=ProductState.DELETED)


def _active() -> QuerySet[models.Sku]:
    return models.Sku.objects.filter(is_active=True)


def _narrowed(rows: QuerySet[models.Product], narrow: ListingFilter) -> QuerySet[models.Product]:
    """Both texts are ranges of an index: what LIKE makes of case differs from one database to the next."""
    if path := narrow.category_path:
        # "0" is the character after "/".
        below = Q(category__path__gte=f"{path}/", category__path__lt=f"{path}0")
        rows = rows.filter(Q(category__path=path) | below)
    if key := title_key(narrow.title_prefix):
        rows = rows.filter(title_key__gte=key, title_key__lt=key + _LAST_CHARACTER)
    if narrow.created_ge is not None:
        rows = rows.filter(created_at__gte=narrow.created_ge)
    if narrow.created_lt is not None:
        rows = rows.filter(created_at__lt=narrow.created_lt)
    return rows


def _page(rows: QuerySet[models.Product], *, before: int | None, limit: int) -> list[models.Product]:
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def _get(
    rows: QuerySet[models.Product], product_id: int, *, skus: QuerySet[models.Sku], market: str, now: datetime
) -> Listing:
    found = _listings(list(rows.filter(pk=product_id)), skus=skus, market=market, now=now)
    if not found:
        raise UnknownProduct(product_id=product_id)
    return found[0]


def _listings(
    products: Collection[models.Product], *, skus: QuerySet[models.Sku], market: str, now: datetime
) -> list[Listing]:
    """The products with those of the SKUs that are theirs, each in the order of its making. One statement."""
    by_product: dict[int, list[PricedSku]] = defaultdict(list)
    theirs = skus.filter(product_id__in=[product.pk for product in products]).order_by("pk")
    for row in theirs.annotate(price=_price_at(market, now)):
        by_product[row.product_id].append(PricedSku(sku=sku_of(row), price=_money_of(row.price)))
    return [Listing(product=product_of(row), skus=tuple(by_product[row.pk])) for row in products]


_OFFERED = Select(
    lambda skus, market, now: (
        models.Sku.objects.filter(pk__in=skus).select_related("product").annotate(price=_price_at(market, now))
    )
)
