"""Products, SKUs and prices: over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from apps.catalog.models import Product, Sku, SkuPrice
from tests.api import Api, code_of, pointers_of, read
from tests.factories.catalog import CategoryFactory, ProductFactory
from tests.seller_desk.conftest import World
from tradecore import clock, wire

pytestmark = pytest.mark.django_db


def make_product(world: World, owner: Api, **parts: Any) -> Any:
    return owner.post(f"{world.root}/products", world.bodies["create_product"] | parts)


def add_sku(world: World, owner: Api, **parts: Any) -> Any:
    path = f"{world.root}/products/{world.ids['product_id']}/skus"
    return owner.post(path, {"code": "SCARF-RED", "weight_grams": 250} | parts)


def prices_path(world: World) -> str:
    return f"{world.root}/skus/{world.ids['sku_id']}/prices"


class TestLifeOfAProduct:
    def test_goes_from_a_draft_to_the_storefront_and_back(self, world: World, owner: Api) -> None:
        product = read(make_product(world, owner))
        assert (product["state"], product["version"]) == ("DRAFT", 1)
        root = f"{world.root}/products/{product['id']}"
        sku = read(
            owner.post(f"{root}/skus", {"code": "SCARF-RED", "weight_grams": 250, "option_values": {"size": "M"}})
        )
        price = {"market": "GB", "amount": {"amount": "19.99", "currency": "GBP"}}
        assert owner.post(f"{world.root}/skus/{sku['id']}/prices", price).status_code == 201
        shown = f"/store/v1/products/{product['id']}"
        assert Api().get(shown, query={"market": "GB"}).status_code == 404

        assert read(owner.post(f"{root}/publish"))["state"] == "ACTIVE"
        listed = read(Api().get(shown, query={"market": "GB"}))
        assert listed["skus"][0]["price"] == price["amount"]

        assert read(owner.post(f"{root}/deactivate"))["state"] == "DEACTIVATED"
        assert Api().get(shown, query={"market": "GB"}).status_code == 404

    def test_cannot_hide_what_was_never_shown(self, world: World, owner: Api) -> None:
        product = read(make_product(world, owner))
        answer = owner.post(f"{world.root}/products/{product['id']}/deactivate")
        assert (answer.status_code, code_of(answer)) == (409, "catalog.state_not_allowed")


class TestProducts:
    def test_keep_the_lines_of_their_description(self, world: World, owner: Api) -> None:
        text = "Warm.\r\n\r\n\tAnd red."
        assert read(make_product(world, owner, description=text))["description"] == "Warm.\n\n\tAnd red."

    @pytest.mark.parametrize(
        ("parts", "pointer"),
        [
            ({"title": "two\nlines"}, "/title"),
            ({"title": "x" * 201}, "/title"),
            ({"description": "bell\x07"}, "/description"),
            ({"description": "card\n4111 1111 1111 1111"}, "/description"),
            ({"description": "x" * 10_001}, "/description"),
            ({"category_id": 1}, "/category_id"),
            ({"category_id": "9223372036854775808"}, "/category_id"),
            ({"tax_category": "luxury"}, "/tax_category"),
            ({"state": "ACTIVE"}, "/state"),
        ],
    )
    def test_refuse_what_no_product_has(self, world: World, owner: Api, parts: Any, pointer: str) -> None:
        answer = make_product(world, owner, **parts)
        assert answer.status_code == 400
        assert pointers_of(answer) == {pointer}
        assert not Product.objects.filter(state="DRAFT").exists()

    def test_need_a_category_that_there_is(self, world: World, owner: Api) -> None:
        answer = make_product(world, owner, category_id="1")
        assert (answer.status_code, code_of(answer)) == (422, "catalog.unknown_category")

    def test_are_listed_in_every_state_by_every_filter(self, world: World, owner: Api) -> None:
        shoes = CategoryFactory(path="fashion/shoes")
        draft = ProductFactory(shop_id=world.floor.shop_id, category=shoes, title_key="boots", state="DRAFT")
        ProductFactory()
        path = f"{world.root}/products"
        assert len(read(owner.get(path))["items"]) == 2
        for narrow in ({"category": "fashion"}, {"q": "Boots"}):
            assert [item["id"] for item in read(owner.get(path, query=narrow))["items"]] == [str(draft.pk)]

    def test_edits_leave_alone_what_they_do_not_name(self, world: World, owner: Api) -> None:
        path = f"{world.root}/products/{world.ids['product_id']}"
        before = owner.get(path)
        after = read(owner.patch(path, {"tax_category": "reduced"}, if_match=before["ETag"]))
        unchanged = {name: value for name, value in read(before).items() if name != "skus"}
        assert after == unchanged | {"tax_category": "reduced", "version": 2}


class TestSkus:
    @pytest.mark.parametrize(
        ("parts", "status"),
        [
            ({"code": "with space"}, 400),
            ({"hs6": "12"}, 422),
            ({"gtin": "4006381333932"}, 422),
            ({"option_values": {"": "M"}}, 422),
            ({"option_values": {"size": "M" * 61}}, 400),
            ({"option_values": {"size": 1}}, 400),
            ({"option_values": ["size"]}, 400),
            ({"weight_grams": -1}, 400),
            ({"weight_grams": 1_000_001}, 400),
            ({"is_active": 1}, 400),
            ({"price": "1.00"}, 400),
        ],
    )
    def test_refuse_what_no_sku_has(self, world: World, owner: Api, parts: Any, status: int) -> None:
        assert add_sku(world, owner, **parts).status_code == status
        assert not Sku.objects.filter(product_id=world.ids["product_id"], weight_grams=250).exists()

    def test_have_a_code_of_their_own(self, world: World, owner: Api) -> None:
        assert add_sku(world, owner).status_code == 201
        answer = add_sku(world, owner)
        assert (answer.status_code, code_of(answer)) == (409, "catalog.sku_code_taken")

    def test_edits_leave_alone_what_they_do_not_name(self, world: World, owner: Api) -> None:
        path = f"{world.root}/skus/{world.ids['sku_id']}"
        before = owner.get(path)
        after = owner.patch(path, {"is_active": False}, if_match=before["ETag"])
        assert read(after) | {"waiting_prices": []} == read(before) | {"is_active": False, "version": 2}


class TestPrices:
    def test_begin_now_or_at_a_moment(self, world: World, owner: Api) -> None:
        amount = {"amount": "17.99", "currency": "GBP"}
        later = wire.to_json(clock.now() + timedelta(days=9))
        owner.post(prices_path(world), {"market": "GB", "amount": amount})
        planned = read(owner.post(prices_path(world), {"market": "GB", "amount": amount, "valid_from": later}))
        assert planned["valid_from"] == later
        shown = read(Api().get(f"/store/v1/skus/{world.ids['sku_id']}", query={"market": "GB"}))
        assert shown["price"] == amount
        assert len(read(owner.get(prices_path(world)))["items"]) == 3

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"market": "XX"}, "markets.unknown_market"),
            ({"market": "FR"}, "seller_desk.currency_mismatch"),
            ({"amount": {"amount": "-1.00", "currency": "GBP"}}, "request.invalid"),
            ({"amount": {"amount": "19.99", "currency": "gbp"}}, "request.invalid"),
            ({"amount": "19.99"}, "request.invalid"),
            ({"valid_from": "2026-03-11T12:00:00Z"}, "catalog.price_in_past"),
            ({"valid_from": "1999-12-31T23:59:59Z"}, "request.invalid"),
            ({"valid_from": "2100-01-01T00:00:00Z"}, "request.invalid"),
            ({"valid_from": "2027-02-30T00:00:00Z"}, "request.invalid"),
            ({"valid_from": "2027-01-01T00:00:00"}, "request.invalid"),
            ({"valid_from": "2027-W01-1T00:00:00Z"}, "request.invalid"),
            ({"valid_from": 1_800_000_000}, "request.invalid"),
            ({"valid_from": "0001-01-01T00:00:00+23:59"}, "request.invalid"),
        ],
    )
    def test_refuse_what_cannot_be_a_price(self, world: World, owner: Api, parts: Any, code: str) -> None:
        before = SkuPrice.objects.count()
        answer = owner.post(prices_path(world), world.bodies["set_price"] | parts)
        assert code_of(answer) == code
        assert SkuPrice.objects.count() == before

    def test_are_never_rewritten(self, world: World, owner: Api) -> None:
        form = world.bodies["set_price"] | {"valid_from": wire.to_json(clock.now() + timedelta(days=1))}
        assert owner.post(prices_path(world), form).status_code == 201
        assert owner.post(prices_path(world), form).status_code == 201
        answer = owner.post(prices_path(world), form | {"amount": {"amount": "1.00", "currency": "GBP"}})
        assert (answer.status_code, code_of(answer)) == (409, "catalog.price_exists")
