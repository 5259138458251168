"""Buyers browse what is on show, shops see all of their own, both page by page in a constant number of statements."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.catalog.api import (
    Listing,
    ListingFilter,
    PricedSku,
    ProductState,
    UnknownProduct,
    UnknownSku,
    find_shop_sku,
    get_product,
    get_shop_product,
    get_shop_sku,
    list_products,
    list_shop_products,
)
from apps.catalog.models import Product
from tests.factories.catalog import CategoryFactory, ProductFactory, SkuFactory, SkuPriceFactory
from tests.support import NOON
from tradecore.money import Money

pytestmark = pytest.mark.django_db

SHOP = 7


def on_show(**facts: Any) -> Product:
    """A product that buyers can see, with one priced SKU."""
    product: Product = ProductFactory.create(**facts)
    SkuPriceFactory.create(sku__product=product)
    return product


def browse(narrow: ListingFilter | None = None, *, market: str = "GB", **where: Any) -> list[int]:
    page = {"before": None, "limit": 100} | where
    listings = list_products(market=market, now=NOON, narrow=narrow or ListingFilter(), **page)
    return [listing.product.id for listing in listings]


def desk(narrow: ListingFilter | None = None, **where: Any) -> list[int]:
    page = {"before": None, "limit": 100} | where
    listings = list_shop_products(shop_id=SHOP, market="GB", now=NOON, narrow=narrow or ListingFilter(), **page)
    return [listing.product.id for listing in listings]


class TestListProducts:
    def test_shows_active_skus_with_their_prices(self) -> None:
        product = on_show()
        SkuFactory.create(product=product, code="UNPRICED")
        SkuFactory.create(product=product, is_active=False)
        (listing,) = list_products(market="GB", now=NOON, before=None, limit=10)
        assert [(priced.price, priced.sku.code == "UNPRICED") for priced in listing.skus] == [
            (Money(1999, "GBP"), False),
            (None, True),
        ]

    @pytest.mark.parametrize("state", list(ProductState))
    def test_shows_active_products_only(self, state: ProductState) -> None:
        product = on_show(state=state)
        assert browse() == ([product.pk] if state == ProductState.ACTIVE else [])

    def test_hides_what_has_no_price_in_the_market_now(self) -> None:
        ProductFactory.create()
        SkuFactory.create()
        SkuPriceFactory.create(sku__is_active=False)
        SkuPriceFactory.create(valid_from=NOON + timedelta(seconds=1))
        SkuPriceFactory.create(market="FR", currency="EUR")
        assert browse() == []

    def test_narrows_to_a_shop(self) -> None:
        product = on_show(shop_id=SHOP)
        on_show()
        assert browse(shop_id=SHOP) == [product.pk]

    def test_lists_the_newest_first_page_by_page(self) -> None:
        newest_first = [on_show().pk for _ in range(5)][::-1]
        assert browse(limit=2) == newest_first[:2]
        assert browse(limit=2, before=newest_first[1]) == newest_first[2:4]
        assert browse(limit=2, before=newest_first[3]) == newest_first[4:]

    @pytest.mark.parametrize("number", [1, 20])
    def test_takes_two_statements_for_any_number_of_products(self, django_assert_num_queries: Any, number: int) -> None:
        for _ in range(number):
            SkuPriceFactory.create(sku__product=on_show())
        with django_assert_num_queries(2):
            listings = list_products(market="GB", now=NOON, before=None, limit=100)
        assert [len(listing.skus) for listing in listings] == [2] * number


class TestListShopProducts:
    def test_shows_every_sku_of_every_product_that_is_not_deleted(self) -> None:
        products = [ProductFactory.create(shop_id=SHOP, state=state) for state in ProductState]
        sku = SkuFactory.create(product=products[0], is_active=False)
        on_show()
        assert desk() == [product.pk for product in reversed(products) if product.state != ProductState.DELETED]
        listing = get_shop_product(shop_id=SHOP, product_id=products[0].pk, market="GB", now=NOON)
        assert listing.skus == (PricedSku(sku=get_shop_sku(shop_id=SHOP, sku_id=sku.pk), price=None),)

    def test_lists_the_newest_first_page_by_page(self) -> None:
        newest_first = [ProductFactory.create(shop_id=SHOP).pk for _ in range(3)][::-1]
        assert desk(limit=2) == newest_first[:2]
        assert desk(limit=2, before=newest_first[1]) == newest_first[2:]

    def test_takes_two_statements(self, django_assert_num_queries: Any) -> None:
        for product in ProductFactory.create_batch(10, shop_id=SHOP):
            SkuPriceFactory.create(sku__product=product)
        with django_assert_num_queries(2):
            assert len(desk()) == 10


@pytest.mark.parametrize("listed", [browse, desk])
class TestListingFilter:
    def test_takes_a_category_and_all_below_it(self, listed: Callable[..., list[int]]) -> None:
        inside = [
            on_show(shop_id=SHOP, category=CategoryFactory.create(path=path)).pk
            for path in ["fashion", "fashion/shoes", "fashion/shoes/boots"]
        ]
        for path in ["fashion-jewellery", "fashion0", "sports/fashion"]:
            on_show(shop_id=SHOP, category=CategoryFactory.create(path=path))
        assert listed(ListingFilter(category_path="fashion")) == inside[::-1]
        assert listed(ListingFilter(category_path="fashion/shoes/boots")) == inside[2:]
        assert listed(ListingFilter(category_path="fash")) == []

    @pytest.mark.parametrize("prefix", ["blue", "BLUE SH", "\uff22lue", "  blue   shirt", "blue shirt 👔"])
    def test_takes_titles_that_begin_so_in_any_case(self, listed: Callable[..., list[int]], prefix: str) -> None:
        product = on_show(shop_id=SHOP, title="Blue Shirt 👔")
        on_show(shop_id=SHOP, title="Red shirt")
        on_show(shop_id=SHOP, title="Light blue shirt")
        assert listed(ListingFilter(title_prefix=prefix)) == [product.pk]

    @pytest.mark.parametrize("prefix", ["blue%", "bl_e", "blue shirts", "lue"])
    def test_knows_no_wildcards(self, listed: Callable[..., list[int]], prefix: str) -> None:
        on_show(shop_id=SHOP, title="Blue shirt")
        assert listed(ListingFilter(title_prefix=prefix)) == []

    def test_finds_a_title_that_is_longer_than_its_key(self, listed: Callable[..., list[int]]) -> None:
        product = on_show(shop_id=SHOP, title="x" * 200)
        assert listed(ListingFilter(title_prefix="X" * 150)) == [product.pk]

    def test_takes_a_range_of_moments_of_creation(self, listed: Callable[..., list[int]]) -> None:
        days = [on_show(shop_id=SHOP, created_at=NOON + timedelta(days=day)).pk for day in range(4)]
        between = ListingFilter(created_ge=NOON + timedelta(days=1), created_lt=NOON + timedelta(days=3))
        assert listed(between) == [days[2], days[1]]


class TestGetProduct:
    def get(self, product_id: int) -> Listing:
        return get_product(product_id=product_id, market="GB", now=NOON)

    def test_shows_an_active_product_with_its_active_skus(self) -> None:
        price = SkuPriceFactory.create()
        SkuFactory.create(product=price.sku.product, is_active=False)
        listing = self.get(price.sku.product_id)
        assert [(priced.sku.id, priced.price) for priced in listing.skus] == [(price.sku_id, Money(1999, "GBP"))]

    @pytest.mark.parametrize("state", [ProductState.DRAFT, ProductState.DEACTIVATED, ProductState.DELETED])
    def test_refuses_what_is_not_on_show(self, state: ProductState) -> None:
        product = ProductFactory.create(state=state)
        with pytest.raises(UnknownProduct):
            self.get(product.pk)

    def test_refuses_an_unknown_product(self) -> None:
        with pytest.raises(UnknownProduct):
            self.get(1)


class TestGetShopProduct:
    def test_refuses_the_product_of_another_shop(self) -> None:
        product = ProductFactory.create()
        with pytest.raises(UnknownProduct):
            get_shop_product(shop_id=SHOP, product_id=product.pk, market="GB", now=NOON)

    def test_refuses_a_deleted_product(self) -> None:
        product = ProductFactory.create(state=ProductState.DELETED)
        with pytest.raises(UnknownProduct):
            get_shop_product(shop_id=product.shop_id, product_id=product.pk, market="GB", now=NOON)


class TestGetShopSku:
    def test_refuses_the_sku_of_another_shop(self) -> None:
        sku = SkuFactory.create()
        with pytest.raises(UnknownSku):
            get_shop_sku(shop_id=SHOP, sku_id=sku.pk)

    def test_refuses_the_sku_of_a_deleted_product(self) -> None:
        sku = SkuFactory.create(product__state=ProductState.DELETED)
        with pytest.raises(UnknownSku):
            get_shop_sku(shop_id=sku.shop_id, sku_id=sku.pk)


class TestFindShopSku:
    def test_finds_what_belongs_to_a_deleted_product(self) -> None:
        sku = SkuFactory.create(product__state=ProductState.DELETED)
        found = find_shop_sku(shop_id=sku.shop_id, code=sku.code)
        assert found is not None
        assert found.id == sku.pk

    def test_compares_the_code_exactly(self) -> None:
        sku = SkuFactory.create(code="SHIRT-M")
        assert find_shop_sku(shop_id=sku.shop_id, code="shirt-m") is None
        assert find_shop_sku(shop_id=SHOP, code="SHIRT-M") is None
