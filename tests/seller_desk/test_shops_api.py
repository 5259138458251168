"""The shops that somebody works for: over HTTP."""

from typing import Any

import pytest

from apps.accounts.contracts import ShopRole
from apps.accounts.models import ShopStaff
from apps.sellers.models import DeliveryRate, Shop
from tests.api import Api, code_of, pointers_of, read
from tests.factories.accounts import ShopStaffFactory
from tests.factories.sellers import ShopFactory
from tests.seller_desk.conftest import World
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db


def gbp(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


class TestShops:
    def test_are_those_that_the_caller_works_for(self, world: World, owner: Api) -> None:
        me = ShopStaff.objects.get(shop_id=world.floor.shop_id).user
        shops = [world.floor.shop_id, *(ShopFactory().pk for _ in range(2))]
        for shop_id in shops[1:]:
            ShopStaffFactory(user=me, shop_id=shop_id, role=ShopRole.SUPPORT)
        ShopFactory()
        first = read(owner.get("/seller/v1/shops", query={"page_size": 2}))
        rest = read(owner.get("/seller/v1/shops", query={"page_size": 2, "page_token": first["next_page_token"]}))
        assert [int(item["id"]) for item in first["items"] + rest["items"]] == sorted(shops, reverse=True)

    def test_end_with_the_work_for_them(self, world: World, owner: Api) -> None:
        ShopStaff.objects.all().delete()
        assert read(owner.get("/seller/v1/shops"))["items"] == []
        assert owner.get(world.root).status_code == 404


class TestEdit:
    def test_changes_what_it_names(self, world: World, owner: Api) -> None:
        before = owner.get(world.root)
        answer = owner.patch(world.root, {"name": "North Wool & Co"}, if_match=before["ETag"])
        assert answer.status_code == 200
        assert read(answer) == read(before) | {"name": "North Wool & Co", "version": 2}
        assert AuditEntry.objects.get(action="shop.edited").actor.startswith("user:")

    @pytest.mark.parametrize(
        ("body", "status", "pointers"),
        [
            ({}, 400, {""}),
            ({"name": ""}, 400, {"/name"}),
            ({"name": 7}, 400, {"/name"}),
            ({"name": "x" * 101}, 400, {"/name"}),
            ({"state": "ACTIVE"}, 400, {"/state"}),
            ({"contact_email": "nobody"}, 422, set()),
        ],
    )
    def test_refuses_what_a_shop_cannot_say(
        self, world: World, owner: Api, body: Any, status: int, pointers: set[str]
    ) -> None:
        answer = owner.patch(world.root, body, if_match='"1"')
        assert answer.status_code == status
        assert not pointers or pointers_of(answer) == pointers
        assert Shop.objects.get(pk=world.floor.shop_id).version == 1


class TestDeliveryRates:
    def test_are_set_in_place(self, world: World, owner: Api) -> None:
        path = f"{world.root}/delivery-rates/express"
        form = {"base": gbp("7.50"), "per_kg": gbp("1.00"), "included_grams": 2000, "free_from": gbp("60.00")}
        assert read(owner.put(path, form)) == {"option": "express", **form}
        assert read(owner.put(path, {"base": gbp("6.00")})) == {
            "option": "express",
            "base": gbp("6.00"),
            "per_kg": gbp("0.00"),
            "included_grams": 0,
            "free_from": None,
        }
        rates = read(owner.get(f"{world.root}/delivery-rates"))["items"]
        assert [rate["option"] for rate in rates] == ["express", "standard"]

    @pytest.mark.parametrize("option", ["by-pigeon", "EXPRESS", "%00", "x" * 200])
    def test_are_for_options_of_the_market(self, world: World, owner: Api, option: str) -> None:
        answer = owner.put(f"{world.root}/delivery-rates/{option}", {"base": gbp("1.00")})
        assert (answer.status_code, read(answer)["what"]) == (404, "delivery option")

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"base": {"amount": "7.50", "currency": "EUR"}}, "seller_desk.currency_mismatch"),
            ({"base": gbp("1.00"), "free_from": {"amount": "1", "currency": "JPY"}}, "seller_desk.currency_mismatch"),
            ({"base": gbp("9999999999999.99")}, "sellers.invalid_field"),
            ({"base": gbp("-1.00")}, "request.invalid"),
            ({"base": gbp("1.001")}, "request.invalid"),
            ({"base": {"amount": "1.00", "currency": "XXX"}}, "request.invalid"),
            ({"base": gbp("1.00"), "included_grams": -1}, "request.invalid"),
            ({"base": gbp("1.00"), "shop_id": "1"}, "request.invalid"),
            ({}, "request.invalid"),
        ],
    )
    def test_refuse_what_cannot_be_charged(self, world: World, owner: Api, form: Any, code: str) -> None:
        answer = owner.put(f"{world.root}/delivery-rates/express", form)
        assert code_of(answer) == code
        assert not DeliveryRate.objects.filter(option="express").exists()
