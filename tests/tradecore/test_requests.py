"""What holds of every request and answer, whatever its route is for."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from apps.accounts.models import User
from tests.api import Api, code_of, pointers_of, user_token
from tests.factories.accounts import UserFactory
from tests.factories.checkout import make_shop_floor
from tradecore.http.pages import ParameterInvalid, page_of, read_page
from tradecore.http.principals import Principal, PrincipalKind

pytestmark = pytest.mark.django_db

CARD = "4111.1111.1111.1111"
PUBLIC = "/store/v1/markets"
PRIVATE = "/store/v1/me"


@pytest.fixture
def robin() -> User:
    return UserFactory(email="robin@example.com")


@pytest.fixture
def member(robin: User) -> Api:
    return Api(token=user_token(robin))


class TestCardNumbers:
    def test_are_refused_in_members_and_their_names(self, member: Api) -> None:
        body: dict[str, Any] = {"recipient": f"Robin {CARD}", CARD: {"x": [CARD]}, "line1": "1 High Street"}
        answer = member.post("/store/v1/addresses", body, key="k")
        assert (answer.status_code, code_of(answer)) == (400, "request.invalid")
        masked = "****.****.****.****"
        assert pointers_of(answer) == {"/recipient", f"/{masked}", f"/{masked}/x/0"}
        assert CARD[:9].encode() not in answer.content

    def test_are_refused_in_queries(self) -> None:
        for query in ({"market": CARD}, {"market": "GB", "q": CARD}, {CARD: "1"}):
            answer = Api().get("/store/v1/products", query=query)
            assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid")
            assert CARD[:9].encode() not in answer.content

    def test_are_refused_as_keys(self, member: Api) -> None:
        address = {"recipient": "Robin", "line1": "1 High Street", "city": "Norwich", "postal_code": "NR1 1EF"}
        answer = member.post("/store/v1/addresses", address | {"country": "GB"}, key="order-4111111111111111")
        assert (answer.status_code, code_of(answer)) == (400, "idempotency.key_invalid")

    def test_are_no_request_ids(self) -> None:
        assert Api().get(PUBLIC, headers={"X-Request-Id": "a-1"})["X-Request-Id"] == "a-1"
        assert "4111_" not in Api().get(PUBLIC, headers={"X-Request-Id": "4111_1111_1111_1111"})["X-Request-Id"]


class TestAccept:
    @pytest.mark.parametrize(
        "accept",
        [
            "",
            "*/*",
            "application/json",
            "application/*",
            "application/problem+json",
            "text/html, application/json;q=0.1",
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "text/html, */*;q=0.5",
        ],
    )
    def test_that_takes_json_or_problems_is_answered(self, accept: str) -> None:
        answer = Api().get(PUBLIC, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        refused = Api().get(PRIVATE, headers={"Accept": accept})
        assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")

    @pytest.mark.parametrize(
        "accept",
        [
            "text/html",
            "application/json;q=0",
            "application/json;q=0, */*",
            "application/json;q=0.000, application/problem+json",
            "*/*;q=0",
            "application/problem+json;q=0",
            "application/json;q=a",
            "application/json;q=nan",
            ",",
        ],
    )
    def test_that_takes_neither_is_refused(self, accept: str) -> None:
        answer = Api().get(PUBLIC, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")


class TestBodies:
    def test_come_as_they_are(self, member: Api) -> None:
        for encoding, status in (("identity", 401), ("gzip", 415), ("br", 415), ("gzip, identity", 415)):
            body = {"email": "robin@example.com", "password": "a wrong password"}
            answer = Api().post("/store/v1/sessions", body, headers={"Content-Encoding": encoding})
            assert answer.status_code == status, encoding
            if status == 415:
                assert code_of(answer) == "request.unsupported_content_encoding"


class TestMethods:
    @pytest.mark.parametrize("path", [PUBLIC, "/api/schema/", "/api/docs/"])
    def test_that_are_not_there_are_not_listed(self, path: str) -> None:
        answer = Api().client.options(path)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


class TestCaching:
    def test_keeps_what_is_somebodys_for_nobody_else(self, member: Api) -> None:
        for answer in (member.get(PRIVATE), Api().get(PRIVATE), member.get("/store/v1/orders/7")):
            assert answer["Cache-Control"] == "private, no-cache"
            assert "Authorization" in answer["Vary"]

    def test_keeps_no_tokens(self) -> None:
        assert Api().post("/store/v1/guests")["Cache-Control"] == "no-store"


def ask(path: str, user: Principal | None = None, **query: str) -> Request:
    request = Request(APIRequestFactory().get(path, query))
    request.user = user or AnonymousUser()  # type: ignore[assignment]
    return request


class TestPageTokens:
    FILTERS: Mapping[str, Any] = {"status": str, "q": str}
    ROBIN = Principal(PrincipalKind.BUYER, 7)

    def token(self) -> str:
        page = read_page(ask("/orders", self.ROBIN, status="PAID", page_size="1"), filters=dict(self.FILTERS))
        return str(page_of([{"id": 12}, {"id": 11}], page, key=lambda row: row["id"])["next_page_token"])

    def test_are_good_for_their_own_list_caller_and_filters(self) -> None:
        again = ask("/orders", self.ROBIN, page_token=self.token(), status="PAID", page_size="50")
        assert read_page(again, filters=dict(self.FILTERS)).before == 12

    @pytest.mark.parametrize(
        ("path", "user", "query"),
        [
            ("/returns", ROBIN, {"status": "PAID"}),
            ("/orders", None, {"status": "PAID"}),
            ("/orders", Principal(PrincipalKind.BUYER, 8), {"status": "PAID"}),
            ("/orders", Principal(PrincipalKind.GUEST, 7), {"status": "PAID"}),
            ("/orders", ROBIN, {}),
            ("/orders", ROBIN, {"status": "UNPAID"}),
            ("/orders", ROBIN, {"status": "PAID", "q": ""}),
        ],
    )
    def test_are_wrong_for_anything_else(self, path: str, user: Principal | None, query: dict[str, str]) -> None:
        with pytest.raises(ParameterInvalid) as refusal:
            read_page(ask(path, user, page_token=self.token(), **query), filters=dict(self.FILTERS))
        assert refusal.value.parameter == "page_token"


class TestMoments:
    @pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5z", "2026-01-01T00:00:00-09:30"])
    def test_are_read_as_rfc_3339_writes_them(self, text: str) -> None:
        make_shop_floor()
        assert Api().get("/store/v1/products", query={"market": "GB", "created_ge": text}).status_code == 200

    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-01T00:00:00+00:00:30",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "20260101T000000Z",
            "2026-W01-1T00:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T24:00:01Z",
            "2026-01-01T00:00:00\u0661Z",
        ],
    )
    def test_are_nothing_else(self, text: str) -> None:
        make_shop_floor()
        answer = Api().get("/store/v1/products", query={"market": "GB", "created_ge": text})
        assert (answer.status_code, code_of(answer)) == (400, "request.parameter_invalid")
