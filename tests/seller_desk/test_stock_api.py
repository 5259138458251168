"""Warehouses and stock: over HTTP."""

from typing import Any

import pytest

from apps.inventory.models import StockMovement, Warehouse
from tests.api import Api, code_of, pointers_of, read
from tests.factories.inventory import WarehouseFactory, numbers_of
from tests.seller_desk.conftest import World
from tradecore.models import IdempotencyRecord

pytestmark = pytest.mark.django_db


def adjust(world: World, owner: Api, *, key: str = "key", **parts: Any) -> Any:
    body = {name: value for name, value in (world.bodies["adjust_stock"] | parts).items() if value is not None}
    return owner.post(f"{world.root}/stock/adjustments", body, key=key)


class TestWarehouses:
    def test_serve_in_the_order_of_their_priority(self, world: World, owner: Api) -> None:
        path = f"{world.root}/warehouses"
        owner.post(path, {"code": "FAR", "name": "Far away", "priority": 5})
        WarehouseFactory()
        assert [item["code"] for item in read(owner.get(path))["items"]] == [world.floor.warehouse.code, "FAR"]

    @pytest.mark.parametrize(
        ("parts", "status"),
        [
            ({"code": "two words"}, 400),
            ({"code": "x" * 41}, 400),
            ({"priority": -1}, 400),
            ({"priority": 1001}, 400),
            ({"name": " "}, 400),
        ],
    )
    def test_refuse_what_no_warehouse_has(self, world: World, owner: Api, parts: Any, status: int) -> None:
        answer = owner.post(f"{world.root}/warehouses", {"code": "NEW", "name": "New"} | parts)
        assert answer.status_code == status
        assert Warehouse.objects.count() == 1

    def test_have_a_code_of_their_own(self, world: World, owner: Api) -> None:
        answer = owner.post(f"{world.root}/warehouses", {"code": world.floor.warehouse.code, "name": "Again"})
        assert (answer.status_code, code_of(answer)) == (409, "inventory.warehouse_code_taken")


class TestStock:
    def test_is_listed_by_product_and_warehouse(self, world: World, owner: Api) -> None:
        (item,) = read(owner.get(f"{world.root}/stock"))["items"]
        stocks = {sku["sku_id"]: sku["levels"] for sku in item["skus"]}
        (level,) = stocks[str(world.ids["sku_id"])]
        assert (level["available"], level["on_hand"], level["warehouse_code"]) == (100, 100, world.floor.warehouse.code)
        assert read(owner.get(f"{world.root}/skus/{world.ids['sku_id']}/stock"))["levels"] == [level]


class TestAdjustments:
    def test_add_and_take_away(self, world: World, owner: Api) -> None:
        assert read(adjust(world, owner, delta=5))["on_hand"] == 105
        assert read(adjust(world, owner, delta=-105, key="two"))["on_hand"] == 0
        reasons = (
            StockMovement.objects.filter(sku_id=world.ids["sku_id"]).order_by("-id").values_list("reason", flat=True)
        )
        assert list(reasons[:2]) == ["count", "count"]

    def test_set_what_was_counted(self, world: World, owner: Api) -> None:
        assert read(adjust(world, owner, delta=None, on_hand=97, expected_on_hand=100))["available"] == 97

    @pytest.mark.parametrize("parts", [{"delta": 5}, {"delta": None, "on_hand": 97}])
    def test_count_only_against_what_is_there(self, world: World, owner: Api, parts: Any) -> None:
        answer = adjust(world, owner, expected_on_hand=99, **parts)
        assert (answer.status_code, code_of(answer)) == (412, "inventory.stock_changed")
        assert read(answer)["on_hand"] == 100
        assert numbers_of(int(world.ids["sku_id"])) == [(100, 0, 0)]
        assert not IdempotencyRecord.objects.exists(), "the same key may count again"

    def test_never_take_what_is_not_there(self, world: World, owner: Api) -> None:
        answer = adjust(world, owner, delta=-101)
        assert (answer.status_code, code_of(answer)) == (409, "inventory.not_enough_available")
        assert (read(answer)["asked"], read(answer)["available"]) == (101, 100)
        assert numbers_of(int(world.ids["sku_id"])) == [(100, 0, 0)]

    @pytest.mark.parametrize(
        ("parts", "pointer"),
        [
            ({"delta": None}, ""),
            ({"on_hand": 5}, ""),
            ({"delta": None, "on_hand": 5}, ""),
            ({"delta": 10**9 + 1}, "/delta"),
            ({"delta": None, "on_hand": -1, "expected_on_hand": 0}, "/on_hand"),
            ({"reason": ""}, "/reason"),
            ({"reason": "x" * 201}, "/reason"),
            ({"sku_id": 1}, "/sku_id"),
            ({"actor": "me"}, "/actor"),
        ],
    )
    def test_refuse_what_is_no_adjustment(self, world: World, owner: Api, parts: Any, pointer: str) -> None:
        answer = adjust(world, owner, **parts)
        assert answer.status_code == 400
        assert pointers_of(answer) == {pointer}
        assert numbers_of(int(world.ids["sku_id"])) == [(100, 0, 0)]

    def test_refuse_to_change_nothing(self, world: World, owner: Api) -> None:
        answer = adjust(world, owner, delta=0)
        assert (answer.status_code, code_of(answer)) == (422, "inventory.adjustment_invalid")

    def test_are_of_the_shops_own_skus_and_warehouses(self, world: World, owner: Api) -> None:
        foreign = WarehouseFactory()
        assert adjust(world, owner, sku_id="1").status_code == 404
        assert adjust(world, owner, warehouse_id=str(foreign.pk)).status_code == 404
