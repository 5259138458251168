"""Markets, categories, shops, products and SKUs: over HTTP, by anybody."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog.contracts import ProductState
from apps.catalog.models import Product, Sku
from apps.markets.api import close_market, forget_markets
from apps.sellers.contracts import ShopState
from tests.api import Api, code_of, read
from tests.factories.catalog import CategoryFactory, ProductFactory, SkuFactory, SkuPriceFactory
from tests.factories.checkout import ShopFloor
from tests.factories.inventory import make_stock
from tests.factories.sellers import DeliveryRateFactory, ShopFactory
from tests.support import NOON

pytestmark = pytest.mark.django_db

GB = {"market": "GB"}


def list_products(caller: Api, **query: Any) -> Any:
    return caller.get("/store/v1/products", query=GB | query)


def ids_of(page: Any) -> list[str]:
    return [item["id"] for item in page["items"]]


@pytest.fixture
def red(floor: ShopFloor) -> Sku:
    """A SKU that can be bought."""
    return Sku.objects.get(
        pk=floor.add_sku(price_minor=1999, stock=7, code="SCARF-RED", option_values={"colour": "red"})
    )


class TestMarkets:
    def test_are_those_that_are_open(self, nobody: Api, floor: ShopFloor) -> None:
        close_market(code="FR", actor="tests", reason="strike", now=NOON)
        forget_markets()
        found = {item["code"]: item for item in read(nobody.get("/store/v1/markets"))["items"]}
        assert {"GB", "JP", "US"} <= found.keys()
        assert "FR" not in found
        assert (found["JP"]["currency"], found["US"]["prices_include_tax"]) == ("JPY", False)
        assert "standard" in {option["code"] for option in found["GB"]["delivery_options"]}


class TestCategories:
    def test_stand_after_their_parents(self, nobody: Api) -> None:
        parent = CategoryFactory(path="fashion")
        CategoryFactory(path="fashion/shoes", parent=parent)
        items = read(nobody.get("/store/v1/categories"))["items"]
        assert [item["path"] for item in items] == ["fashion", "fashion/shoes"]
        assert items[1]["parent_id"] == str(parent.pk)


class TestShops:
    def test_say_what_delivery_costs_and_nothing_of_their_own_affairs(self, nobody: Api) -> None:
        rate = DeliveryRateFactory(shop__handle="north-wool", free_from_minor=6000)
        shop = read(nobody.get(f"/store/v1/shops/{rate.shop_id}"))
        assert shop["delivery_rates"] == [
            {
                "option": "standard",
                "base": {"amount": "3.99", "currency": "GBP"},
                "per_kg": {"amount": "0.00", "currency": "GBP"},
                "included_grams": 0,
                "free_from": {"amount": "60.00", "currency": "GBP"},
            }
        ]
        assert not {"contact_email", "fee_plan", "state"} & shop.keys()

    def test_keep_their_page_when_they_no_longer_sell(self, nobody: Api) -> None:
        shop = ShopFactory(state=ShopState.SUSPENDED)
        assert read(nobody.get(f"/store/v1/shops/{shop.pk}"))["is_selling"] is False

    def test_are_not_there_before_they_open(self, nobody: Api) -> None:
        shop = ShopFactory(state=ShopState.ONBOARDING)
        answer = nobody.get(f"/store/v1/shops/{shop.pk}")
        assert (answer.status_code, code_of(answer)) == (404, "sellers.unknown_shop")


class TestListProducts:
    def test_shows_prices_and_pieces(self, nobody: Api, red: Sku) -> None:
        (item,) = read(list_products(nobody))["items"]
        assert item["id"] == str(red.product_id)
        assert item["skus"] == [
            {
                "id": str(red.pk),
                "code": "SCARF-RED",
                "option_values": {"colour": "red"},
                "weight_grams": 500,
                "price": {"amount": "19.99", "currency": "GBP"},
                "available": 7,
            }
        ]
        assert item["shop"]["is_selling"] is True

    def test_leaves_out_what_is_not_on_show(self, nobody: Api, red: Sku) -> None:
        SkuPriceFactory(sku__product__state=ProductState.DRAFT)
        SkuPriceFactory(sku__product__state=ProductState.DEACTIVATED)
        SkuPriceFactory(market="US", currency="USD")
        assert ids_of(read(list_products(nobody))) == [str(red.product_id)]

    def test_pages_by_key_newest_first(self, nobody: Api, floor: ShopFloor) -> None:
        products = [SkuPriceFactory(sku__product__shop_id=floor.shop_id).sku.product for _ in range(5)]
        newest_first = [str(product.pk) for product in reversed(products)]
        first = read(list_products(nobody, page_size=2))
        second = read(list_products(nobody, page_size=2, page_token=first["next_page_token"]))
        last = read(list_products(nobody, page_size=2, page_token=second["next_page_token"]))
        assert ids_of(first) + ids_of(second) + ids_of(last) == newest_first
        assert last["next_page_token"] is None

    def test_narrows_by_every_filter(self, nobody: Api, floor: ShopFloor) -> None:
        shoes = CategoryFactory(path="fashion/shoes", parent=CategoryFactory(path="fashion"))
        product = ProductFactory(shop_id=floor.shop_id, category=shoes, title="Red Boots", title_key="red boots")
        SkuPriceFactory(sku__product=product)
        SkuPriceFactory(sku__product__shop_id=ShopFactory().pk, sku__product__created_at=NOON - timedelta(days=9))
        for narrow in (
            {"category": "fashion"},
            {"category": "fashion/shoes"},
            {"q": "RED b"},
            {"shop_id": str(floor.shop_id)},
            {"created_ge": "2026-03-11T12:00:00Z"},
        ):
            assert ids_of(read(list_products(nobody, **narrow))) == [str(product.pk)], narrow
        for nothing in ({"category": "fash"}, {"q": "boots"}, {"shop_id": "1"}, {"created_lt": "2026-01-01T00:00:00Z"}):
            assert ids_of(read(list_products(nobody, **nothing))) == [], nothing

    def test_takes_as_many_statements_for_a_page_as_for_a_product(self, nobody: Api, red: Sku) -> None:
        def count() -> int:
            list_products(nobody)  # markets and shops are remembered from now on
            with CaptureQueriesContext(connection) as statements:
                assert list_products(nobody).status_code == 200
            return len(statements)

        alone = count()
        for _ in range(8):
            sku = SkuFactory(product__shop_id=ShopFactory().pk)
            SkuPriceFactory(sku=sku)
            make_stock(3, sku_id=sku.pk)
        assert count() == alone


class TestProduct:
    def test_is_shown_with_its_description(self, nobody: Api, red: Sku) -> None:
        Product.objects.update(description="Warm,\nand red.")
        shown = read(nobody.get(f"/store/v1/products/{red.product_id}", query=GB))
        assert (shown["description"], shown["skus"][0]["available"]) == ("Warm,\nand red.", 7)

    def test_costs_nothing_yet_elsewhere(self, nobody: Api, red: Sku) -> None:
        shown = read(nobody.get(f"/store/v1/products/{red.product_id}", query={"market": "JP"}))
        assert shown["skus"][0]["price"] is None

    @pytest.mark.parametrize("state", [ProductState.DRAFT, ProductState.DEACTIVATED, ProductState.DELETED])
    def test_is_not_there_unless_it_is_on_show(self, nobody: Api, red: Sku, state: ProductState) -> None:
        Product.objects.update(state=state)
        for path in (f"/store/v1/products/{red.product_id}", f"/store/v1/skus/{red.pk}"):
            assert nobody.get(path, query=GB).status_code == 404


class TestSku:
    def test_says_what_it_costs_and_how_many_there_are(self, nobody: Api, red: Sku) -> None:
        make_stock(2, sku_id=red.pk)
        shown = read(nobody.get(f"/store/v1/skus/{red.pk}", query=GB))
        assert (shown["price"], shown["available"]) == ({"amount": "19.99", "currency": "GBP"}, 9)

    def test_costs_what_it_costs_now(self, nobody: Api, red: Sku) -> None:
        SkuPriceFactory(sku=red, amount_minor=2499, valid_from=NOON + timedelta(days=3650))
        SkuPriceFactory(sku=red, amount_minor=1799, valid_from=NOON)
        assert read(nobody.get(f"/store/v1/skus/{red.pk}", query=GB))["price"]["amount"] == "17.99"

    def test_is_not_there_when_it_is_not_active(self, nobody: Api, red: Sku) -> None:
        Sku.objects.update(is_active=False)
        answer = nobody.get(f"/store/v1/skus/{red.pk}", query=GB)
        assert (answer.status_code, code_of(answer)) == (404, "catalog.unknown_sku")


class TestParameters:
    @pytest.mark.parametrize("path", ["/store/v1/products", "/store/v1/products/1", "/store/v1/skus/1"])
    def test_need_a_market(self, nobody: Api, path: str) -> None:
        answer = nobody.get(path)
        assert (answer.status_code, read(answer)["parameter"]) == (400, "market")

    @pytest.mark.parametrize("path", ["/store/v1/products", "/store/v1/products/1", "/store/v1/skus/1"])
    def test_refuse_a_market_that_is_none(self, nobody: Api, floor: ShopFloor, path: str) -> None:
        answer = nobody.get(path, query={"market": "XX"})
        assert (answer.status_code, code_of(answer)) == (422, "markets.unknown_market")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("market", ""),
            ("market", "x" * 17),
            ("market", "G\x00"),
            ("category", "Fashion"),
            ("category", "fashion//shoes"),
            ("category", "fashion%"),
            ("q", ""),
            ("q", "x" * 101),
            ("q", "\x00"),
            ("shop_id", "0"),
            ("shop_id", "01"),
            ("shop_id", "1_0"),
            ("shop_id", "\uff11"),
            ("shop_id", "9223372036854775808"),
            ("created_ge", "2026-03-11"),
            ("created_ge", "2026-03-11T12:00:00"),
            ("created_ge", "0001-01-01T00:00:00+23:59"),
            ("created_lt", "noon"),
        ],
    )
    def test_have_one_spelling(self, nobody: Api, floor: ShopFloor, name: str, value: str) -> None:
        answer = list_products(nobody, **{name: value})
        assert (answer.status_code, code_of(answer), read(answer)["parameter"]) == (
            400,
            "request.parameter_invalid",
            name,
        )
