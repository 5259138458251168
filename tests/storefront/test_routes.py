"""What holds on every route of the storefront, asked of every route."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.documents.models import Document
from tests.api import MALFORMED_BODIES, Api, Operation, code_of, list_operations, pointers_of, read, wrong_numbers
from tests.factories.accounts import AddressFactory
from tests.factories.aftersales import CaseFactory
from tests.factories.checkout import ShopFloor, buy, make_buyer
from tests.factories.documents import issue_receipts
from tradecore import clock
from tradecore.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

OPERATIONS = list_operations("/store/v1/")
CLOSED = [operation for operation in OPERATIONS if operation.schemes]
OWNED = [operation for operation in CLOSED if operation.path_ids]
WRITES = [operation for operation in OPERATIONS if operation.document.get("requestBody")]
PAGES = [operation for operation in OPERATIONS if operation.is_page]


@dataclass
class Belongings:
    """One of everything that belongs to Robin."""

    ids: dict[str, int | str]

    def call(self, caller: Api, operation: Operation, **options: Any) -> Any:
        """Call the operation on what is Robin's, in the form that it documents unless the options say otherwise."""
        sent = {
            "body": operation.example,
            "key": "key" if operation.needs_key else None,
            "if_match": '"1"' if operation.needs_if_match else None,
            **options,
        }
        return caller.call(operation.method, operation.at(self.ids), **sent)


@pytest.fixture
def robins(floor: ShopFloor, robin: User) -> Belongings:
    buyer = make_buyer(ref=robin.pk, scope=f"buyer:{robin.pk}", is_guest=False, email=robin.email)
    purchase = buy((floor.add_sku(), 1), buyer=buyer, now=clock.now()).purchase
    issue_receipts(purchase.id)
    return Belongings(
        ids={
            "address_id": AddressFactory(user=robin).pk,
            "purchase_id": purchase.id,
            "order_id": purchase.orders[0].id,
            "document_id": Document.objects.get().pk,
            "case_id": CaseFactory(buyer_ref=robin.pk, order_id=purchase.orders[0].id).pk,
            "shop_id": floor.shop_id,
            "product_id": floor.product.pk,
            "sku_id": purchase.id,
        }
    )


class TestEveryRoute:
    def test_of_somebody_is_closed_to_nobody(self, robins: Belongings) -> None:
        for operation in CLOSED:
            answer = robins.call(Api(), operation)
            assert (answer.status_code, code_of(answer)) == (401, "authentication.required"), operation.name
            assert "WWW-Authenticate" in answer.headers

    def test_of_somebody_is_closed_to_a_made_up_token(self, robins: Belongings) -> None:
        for token in ("made-up", "made:up:token", "x" * 301):
            for operation in CLOSED:
                if operation.name != "sign_out":  # ending a session that is none changes nothing
                    answer = robins.call(Api(token=token), operation)
                    assert (answer.status_code, code_of(answer)) == (401, "authentication.invalid"), operation.name

    def test_shows_nobody_what_belongs_to_somebody_else(self, robins: Belongings, stranger: Api, guest: Api) -> None:
        assert {operation.name for operation in OWNED} >= {"get_address", "get_purchase", "get_order", "cancel_order"}
        for operation in OWNED:
            answer = robins.call(stranger, operation)
            assert (answer.status_code, code_of(answer)) == (404, "not_found"), operation.name
            expected = 404 if "guestToken" in operation.schemes else 403
            assert robins.call(guest, operation).status_code == expected, operation.name
        assert not IdempotencyRecord.objects.exists()

    def test_of_members_is_closed_to_guests(self, robins: Belongings, guest: Api) -> None:
        for operation in CLOSED:
            if "guestToken" not in operation.schemes and operation.name != "sign_out":
                assert robins.call(guest, operation).status_code == 403, operation.name


class TestEveryWrite:
    def test_knows_its_members(self, robins: Belongings, member: Api) -> None:
        for operation in WRITES:
            answer = robins.call(member, operation, body=operation.example | {"is_staff": True, "zzz": None})
            assert (answer.status_code, code_of(answer)) == (400, "request.invalid"), operation.name
            assert pointers_of(answer) == {"/is_staff", "/zzz"}

    def test_reads_json_and_nothing_like_it(self, robins: Belongings, member: Api) -> None:
        for operation in WRITES:
            for what, raw in MALFORMED_BODIES.items():
                assert robins.call(member, operation, raw=raw).status_code == 400, (operation.name, what)

    def test_reads_numbers_that_are_numbers(self, robins: Belongings, member: Api) -> None:
        for operation in WRITES:
            for raw in wrong_numbers(operation.example):
                assert robins.call(member, operation, raw=raw).status_code == 400, (operation.name, raw)
        assert not IdempotencyRecord.objects.exists()

    def test_reads_bodies_of_a_bounded_size(self, robins: Belongings, member: Api) -> None:
        for operation in OPERATIONS:
            answer = robins.call(member, operation, raw=b'"' + b"x" * 1024 * 1024 + b'"')
            assert (answer.status_code, code_of(answer)) == (413, "request.too_large"), operation.name

    def test_reads_nothing_but_json(self, robins: Belongings, member: Api) -> None:
        for operation in WRITES:
            answer = robins.call(member, operation, headers={"Content-Type": "text/plain"})
            assert (answer.status_code, code_of(answer)) == (415, "request.unsupported_media_type"), operation.name

    def test_answers_nothing_but_what_it_documents(self, robins: Belongings, member: Api) -> None:
        for operation in OPERATIONS:
            other = "application/json" if operation.is_html else "text/html"
            answer = robins.call(member, operation, headers={"Accept": other})
            assert (answer.status_code, code_of(answer)) == (406, "request.not_acceptable"), operation.name

    def test_that_moves_something_needs_a_key(self, robins: Belongings, member: Api) -> None:
        moving = [operation for operation in OPERATIONS if operation.needs_key]
        assert {operation.name for operation in moving} == {
            "place_purchase",
            "pay_again",
            "cancel_purchase",
            "cancel_order",
            "withdraw_cancel_request",
            "confirm_receipt",
            "open_case",
            "edit_case",
            "add_evidence",
            "withdraw_case",
            "ship_case",
            "accept_offer",
            "refuse_offer",
            "escalate_case",
            "confirm_replacement",
        }
        for operation in moving:
            answer = robins.call(member, operation, key=None)
            assert (answer.status_code, code_of(answer)) == (400, "idempotency.key_missing"), operation.name

    def test_refuses_a_key_that_is_none(self, robins: Belongings, member: Api) -> None:
        for operation in OPERATIONS:
            if operation.takes_key:
                for key in ("", "x" * 256, "\u043a\u043b\u044e\u0447"):
                    answer = robins.call(member, operation, key=key)
                    assert (answer.status_code, code_of(answer)) == (400, "idempotency.key_invalid"), operation.name

    def test_that_replaces_says_what(self, robins: Belongings, member: Api) -> None:
        for operation in OPERATIONS:
            if operation.needs_if_match:
                assert code_of(robins.call(member, operation, if_match=None)) == "request.if_match_missing"
                for etag in ("1", "*", 'W/"1"', '"01"', '"1", "2"'):
                    answer = robins.call(member, operation, if_match=etag)
                    assert code_of(answer) == "request.if_match_invalid", etag


class TestEveryList:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("zzz", "1"),
            ("sort", "id"),
            ("page_size", "0"),
            ("page_size", "101"),
            ("page_size", ["1", "2"]),
            ("page_token", "bm90OnNpZ25lZA"),
            ("page_token", "MQ:1tampered:signature"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, robins: Belongings, member: Api, name: str, value: Any) -> None:
        for operation in PAGES:
            market = {"market": "GB"} if operation.name == "list_products" else {}
            answer = robins.call(member, operation, query=market | {name: value})
            assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid"), operation.name
            assert read(answer)["parameter"] == name

    def test_of_addresses_takes_a_constant_number_of_statements(self, robin: User, member: Api) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as statements:
                assert member.get("/store/v1/addresses").status_code == 200
            return len(statements)

        AddressFactory(user=robin)
        one = count()
        AddressFactory.create_batch(5, user=robin)
        assert count() == one

    def test_of_orders_takes_a_constant_number_of_statements(
        self, robins: Belongings, floor: ShopFloor, robin: User, member: Api
    ) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as statements:
                assert member.get("/store/v1/orders").status_code == 200
            return len(statements)

        one = count()
        buyer = make_buyer(ref=robin.pk, scope=f"buyer:{robin.pk}", is_guest=False, email=robin.email)
        for _ in range(4):
            buy((floor.add_sku(), 1), buyer=buyer, now=clock.now())
        assert count() == one


class TestEveryAnswer:
    def test_carries_the_id_of_its_request(self, nobody: Api) -> None:
        sent = nobody.get("/store/v1/categories", headers={"X-Request-Id": "order-17"})
        made = nobody.get("/store/v1/categories", headers={"X-Request-Id": "spaces are none"})
        assert sent["X-Request-Id"] == "order-17"
        assert made["X-Request-Id"] not in {"", "spaces are none"}
