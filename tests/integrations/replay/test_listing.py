"""What is to be listed for recorded orders."""

from datetime import datetime

from apps.integrations.replay.listing import ListedPrice, plan_listings
from apps.integrations.replay.records import RecordedProduct
from tests.integrations.replay.recorded import DAY, PURCHASED, item, order

PRODUCTS = {"product": RecordedProduct(category="kitchen_dining_laundry_garden_furniture_x", weight_grams=700)}


def at(day: int) -> datetime:
    return PURCHASED + day * DAY


class TestPlanListings:
    def test_begins_a_price_with_the_first_order_that_paid_it(self) -> None:
        prices = [1000, 1000, 900, 1000]
        orders = [order(purchased_at=at(day), items=(item(price),)) for day, price in enumerate(prices)]
        ((sku,),) = [shop.skus for shop in plan_listings(orders, PRODUCTS)]
        assert sku.prices == (ListedPrice(at(0), 1000), ListedPrice(at(2), 900), ListedPrice(at(3), 1000))
        assert sku.listed_at == at(0)

    def test_makes_a_sku_of_each_product_of_each_seller(self) -> None:
        items = (item(seller="b"), item(seller="a", product="y"), item(seller="a", product="x"), item(seller="b"))
        shops = plan_listings([order(items=items)], PRODUCTS)
        assert [(shop.seller_id, [sku.product_id for sku in shop.skus]) for shop in shops] == [
            ("a", ["x", "y"]),
            ("b", ["product"]),
        ]

    def test_opens_a_shop_when_it_first_sold(self) -> None:
        orders = [order(purchased_at=at(1), items=(item(product="y"),)), order(purchased_at=at(2))]
        (shop,) = plan_listings(orders, PRODUCTS)
        assert shop.opened_at == at(1)

    def test_names_products_by_their_category(self) -> None:
        (shop,) = plan_listings([order(items=(item(), item(product="unknown")))], PRODUCTS)
        assert [sku.category for sku in shop.skus] == ["kitchen-dining-laundry-garden-furniture", "uncategorised"]
        assert shop.skus[1].title == "uncategorised unknown"
