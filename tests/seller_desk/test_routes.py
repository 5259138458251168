"""What holds on every route of the seller desk, asked of every route.

What changes nothing is asked of all of them in one world; what does something gets a world of its own.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.contracts import ShopRole
from apps.accounts.models import ShopStaff
from tests.api import (
    MALFORMED_BODIES,
    Api,
    code_of,
    dump,
    list_operations,
    machine_token,
    pointers_of,
    read,
    wrong_numbers,
)
from tests.api import Operation as Op
from tests.factories.accounts import ShopStaffFactory
from tests.factories.catalog import ProductFactory, SkuFactory, SkuPriceFactory
from tests.factories.fulfilment import make_ready_order
from tests.factories.inventory import make_stock
from tests.factories.sellers import ShopFactory
from tests.seller_desk.conftest import World
from tests.support import NOON
from tradecore.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

OPERATIONS = list_operations("/seller/v1/")
OF_A_SHOP = [operation for operation in OPERATIONS if "shop_id" in operation.path_ids]
READS = [operation for operation in OPERATIONS if operation.method == "get"]
WRITES = [operation for operation in OPERATIONS if operation.method != "get"]
PAGES = [operation for operation in READS if operation.is_page]
EDITS = [operation for operation in WRITES if operation.needs_if_match]


def each(operations: list[Op]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.name)


class TestEveryRoute:
    def test_is_closed_to_nobody(self, world: World) -> None:
        for operation in OPERATIONS:
            answer = world.call(Api(), operation)
            assert (answer.status_code, code_of(answer)) == (401, "authentication.required"), operation.name
            assert "WWW-Authenticate" in answer.headers

    def test_is_closed_to_a_made_up_token(self, world: World) -> None:
        for operation in OPERATIONS:
            answer = world.call(Api(token="made-up"), operation)
            assert (answer.status_code, code_of(answer)) == (401, "authentication.invalid"), operation.name

    def test_is_closed_to_those_who_sell_nothing(self, world: World, guest: Api, buyer: Api) -> None:
        machine = Api(token=machine_token(scope="seller"))
        for operation in OPERATIONS:
            for caller in (guest, buyer, machine):
                answer = world.call(caller, operation)
                assert (answer.status_code, code_of(answer)) == (403, "permission.denied"), operation.name

    def test_is_not_there_for_another_shop(self, world: World, rival: Api) -> None:
        for operation in OF_A_SHOP:
            answer = world.call(rival, operation)
            assert (answer.status_code, read(answer)["what"]) == (404, "shop"), operation.name
        assert not IdempotencyRecord.objects.exists()

    def test_shows_one_shop_nothing_of_another(self, world: World, rival: Api) -> None:
        """Somebody else's product, SKU, order, parcel or promotion, below a shop that is one's own."""
        own_shop = read(rival.get("/seller/v1/shops"))["items"][0]["id"]
        for operation in OF_A_SHOP:
            if operation.path_ids - {"shop_id", "option"}:
                world.ids["shop_id"] = own_shop
                assert world.call(rival, operation).status_code == 404, operation.name

    def test_is_open_to_support_for_reading_only(self, world: World, hire: Callable[[ShopRole], Api]) -> None:
        support = hire(ShopRole.SUPPORT)
        for operation in READS:
            assert world.call(support, operation).status_code == 200, operation.name
        for operation in WRITES:
            answer = world.call(support, operation)
            assert (answer.status_code, code_of(answer)) == (403, "permission.denied"), operation.name


class TestEveryRead:
    def test_answers_the_people_of_the_shop(self, world: World, owner: Api) -> None:
        for operation in READS:
            assert world.call(owner, operation).status_code == 200, operation.name


class TestEveryWrite:
    @each(WRITES)
    def test_happens_once_per_key(self, world: World, owner: Api, operation: Op) -> None:
        first = world.call(owner, operation, key="once")
        again = world.call(owner, operation, key="once")
        assert first.status_code in {200, 201}
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert (first.headers.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
        assert again.headers.get("ETag") == first.headers.get("ETag")

        other = world.call(owner, operation, key="once", raw=b" " + dump(world.body_of(operation)))
        assert (other.status_code, code_of(other)) == (422, "idempotency.key_reused")

    def test_refuses_a_key_that_is_none(self, world: World, owner: Api) -> None:
        for operation in WRITES:
            for key in ("", "x" * 256, "tab\there", "\u043a\u043b\u044e\u0447"):
                answer = world.call(owner, operation, key=key)
                assert (answer.status_code, code_of(answer)) == (400, "idempotency.key_invalid"), operation.name

    def test_that_moves_something_needs_a_key(self, world: World, owner: Api) -> None:
        moving = [operation for operation in WRITES if operation.needs_key]
        assert {operation.name for operation in moving} == {
            "adjust_stock",
            "cancel_shop_order",
            "approve_cancel_request",
            "reject_cancel_request",
            "ship_order",
            "report_tracking",
            "refund_shop_order",
            "approve_case",
            "reject_case",
            "make_offer",
            "receive_case",
            "refuse_return",
            "ship_replacement",
            "refund_instead",
            "add_shop_evidence",
        }
        for operation in moving:
            answer = world.call(owner, operation, key=None)
            assert (answer.status_code, code_of(answer)) == (400, "idempotency.key_missing"), operation.name

    def test_knows_its_members(self, world: World, owner: Api) -> None:
        for operation in WRITES:
            answer = world.call(owner, operation, body=world.body_of(operation) | {"shop_id": "1", "zzz": None})
            assert (answer.status_code, code_of(answer)) == (400, "request.invalid"), operation.name
            assert pointers_of(answer) == {"/shop_id", "/zzz"}

    def test_reads_json_and_nothing_like_it(self, world: World, owner: Api) -> None:
        for operation in WRITES:
            for what, raw in MALFORMED_BODIES.items():
                assert world.call(owner, operation, raw=raw).status_code == 400, (operation.name, what)

    def test_reads_numbers_that_are_numbers(self, world: World, owner: Api) -> None:
        for operation in WRITES:
            for raw in wrong_numbers(world.body_of(operation)):
                assert world.call(owner, operation, raw=raw).status_code == 400, (operation.name, raw)
        assert not IdempotencyRecord.objects.exists()

    def test_that_replaces_says_what(self, world: World, owner: Api) -> None:
        for operation in EDITS:
            missing = world.call(owner, operation, if_match=None)
            assert (missing.status_code, code_of(missing)) == (400, "request.if_match_missing")
            for etag in ("1", "*", 'W/"1"', '"1", "2"', '"01"', '"abc"', '"1_0"', ""):
                answer = world.call(owner, operation, if_match=etag)
                assert (answer.status_code, code_of(answer)) == (400, "request.if_match_invalid"), etag

    def test_that_replaces_refuses_what_is_stale(self, world: World, owner: Api) -> None:
        for operation in EDITS:
            assert world.call(owner, operation)["ETag"] == '"2"'
            answer = world.call(owner, operation, key="another" if operation.needs_key else None)
            assert (answer.status_code, read(answer)["version"]) == (412, 2), operation.name


class TestEveryList:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("zzz", "1"),
            ("sort", "id"),
            ("page_size", "0"),
            ("page_size", "101"),
            ("page_size", "1_0"),
            ("page_size", "\uff11"),
            ("page_size", ["1", "2"]),
            ("page_token", ""),
            ("page_token", "bm90OnNpZ25lZA"),
            ("page_token", "MQ:1tampered:signature"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, world: World, owner: Api, name: str, value: str) -> None:
        for operation in PAGES:
            answer = world.call(owner, operation, query={name: value})
            assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid"), operation.name
            assert read(answer)["parameter"] == name

    @each(PAGES)
    def test_takes_a_constant_number_of_statements(self, world: World, owner: Api, operation: Op) -> None:
        def count() -> int:
            world.call(owner, operation)  # markets and shops are remembered from now on
            with CaptureQueriesContext(connection) as statements:
                assert world.call(owner, operation).status_code == 200
            return len(statements)

        few = count()
        boss = ShopStaff.objects.get(shop_id=world.floor.shop_id).user
        for number in range(4):
            ShopStaffFactory(user=boss, shop_id=ShopFactory().pk)
            SkuPriceFactory(sku_id=world.ids["sku_id"], valid_from=NOON - timedelta(days=10 + number))
            sku = SkuFactory(product=ProductFactory(shop_id=world.floor.shop_id))
            make_stock(3, sku_id=sku.pk, warehouse=world.floor.warehouse)
            make_ready_order(world.floor, 1)
        assert count() == few
