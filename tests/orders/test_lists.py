"""Lists of orders: what the database reads for a page, however many orders there are."""

from typing import Any

import pytest

from apps.orders import api as orders
from apps.orders.models import Order
from tests.factories.checkout import ShopFloor, add_shop, buy, make_buyer, make_shop_floor
from tests.support import count_rows_read
from tradecore.ids import new_id

LIMIT = 10


def copy_order(order: Order, number: int, **parts: Any) -> None:
    """So many more orders like this one."""
    values = {field.attname: getattr(order, field.attname) for field in Order._meta.concrete_fields}
    Order.objects.bulk_create([Order(**{**values, "id": new_id(), **parts}) for _ in range(number)])


def rows_read_for(**whose: Any) -> int:
    """What the server reads for the first page."""
    return count_rows_read(lambda: look_at_first_page(**whose))


def look_at_first_page(**whose: Any) -> None:
    assert len(orders.list_orders(limit=LIMIT, **whose)) == LIMIT


@pytest.mark.mariadb
@pytest.mark.django_db
class TestAPage:
    @pytest.fixture
    def floor(self) -> ShopFloor:
        return make_shop_floor()

    @pytest.fixture
    def order(self, floor: ShopFloor) -> Order:
        buy((floor.add_sku(), 1))
        order = Order.objects.get()
        copy_order(order, LIMIT)
        return order

    def test_of_a_shop_is_read_from_its_newest_orders_on(self, floor: ShopFloor, order: Order) -> None:
        few = rows_read_for(shop_ids=[floor.shop_id])
        copy_order(order, 2_000)
        assert rows_read_for(shop_ids=[floor.shop_id]) <= few + 4

    def test_of_a_shop_that_sells_no_more_reads_none_of_the_others(self, floor: ShopFloor, order: Order) -> None:
        copy_order(order, 400)
        few = rows_read_for(shop_ids=[floor.shop_id])
        copy_order(order, 3_000, shop_id=add_shop(floor.provider).shop_id)
        assert rows_read_for(shop_ids=[floor.shop_id]) <= few + 4

    def test_of_a_buyer_is_read_from_their_newest_orders_on(self, order: Order) -> None:
        few = rows_read_for(buyer_ref=order.buyer_ref)
        copy_order(order, 1_000)
        copy_order(order, 1_000, buyer_ref=make_buyer().ref)
        assert rows_read_for(buyer_ref=order.buyer_ref) <= few + 4
