"""The table of what the crowd may do: it knows every route, and holds for everybody whom it names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test import Client

from config import traffic
from config.traffic import ALLOWANCES, MINUTE_S, ROUTES, Traffic, classify, rules
from tests.api import Api, Operation, code_of, list_operations, read, user_token
from tests.factories.accounts import ShopStaffFactory
from tests.factories.checkout import ShopFloor, make_shop_floor
from tradecore.http.rate_limits import LIMITS, Scope
from tradecore.rate_limits import Limiter, LocalStore, Rule, WithoutRedis

ADDRESS = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "city": "London",
    "postal_code": "SW1A 2AA",
    "country": "GB",
}
IDS = {"on": "2026-03-11", "option": "standard", "provider": "sandbox"}
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.1"


def class_of(operation: Operation) -> Traffic | None:
    ids = {name: IDS.get(name, "7") for name in operation.path_ids}
    return classify(operation.method.upper(), operation.at(ids))


class TestRoutes:
    def test_are_each_in_a_class(self) -> None:
        assert [operation.name for operation in list_operations("/") if class_of(operation) is None] == []

    def test_of_every_line_are_there(self) -> None:
        documented = {class_of(operation) for operation in list_operations("/")}
        assert documented | {Traffic.OFFICE} == set(Traffic) == ALLOWANCES.keys() == {line[2] for line in ROUTES}

    @pytest.mark.parametrize(
        ("method", "path", "expected"),
        [
            ("GET", "/healthz", None),
            ("GET", "/readyz", None),
            ("GET", "/static/admin/base.css", None),
            ("HEAD", "/store/v1/products", Traffic.BROWSE),
            ("M-SEARCH", "/store/v1/products", Traffic.CHANGE),
            ("POST", "/store/v1/purchases", Traffic.PURCHASE),
            ("POST", "/store/v1/purchases/7/payments", Traffic.PURCHASE),
            ("GET", "/store/v1/purchases/7", Traffic.OWN),
            ("POST", "/oauth/token", Traffic.SIGN_IN),
            ("POST", "/admin/login/", Traffic.SIGN_IN),
            ("GET", "/admin/", Traffic.OFFICE),
            ("POST", "/seller/v1/shops/7/orders/8/refund", Traffic.REFUND),
            ("POST", "/seller/v1/shops/7/cases/8/approve", Traffic.REFUND),
            ("POST", "/payments/v1/webhooks/sandbox", Traffic.WEBHOOK),
        ],
    )
    def test_are_in_the_class_that_they_look_like(self, method: str, path: str, expected: Traffic | None) -> None:
        assert classify(method, path) == expected


class TestAllowances:
    def test_let_goods_be_seen_without_redis_and_no_guesses_or_refunds_uncounted(self) -> None:
        declared = {name: allowance.without_redis for name, allowance in ALLOWANCES.items()}
        assert declared[Traffic.BROWSE] is WithoutRedis.OPEN
        assert declared[Traffic.SIGN_IN] is declared[Traffic.QUOTE] is WithoutRedis.LOCAL
        assert declared[Traffic.REFUND] is WithoutRedis.CLOSED

    def test_grow_and_shrink_by_percent(self) -> None:
        counts = {percent: rules(percent=percent)[Traffic.QUOTE][Scope.BUYER].count for percent in (1, 50, 100, 200)}
        assert counts == {1: 3, 50: 150, 100: 300, 200: 600}
        assert rules(percent=0) == {}


@pytest.fixture
def limit() -> Iterator[Callable[..., None]]:
    """Limits one class of route, by scope and count."""

    def limit(name: Traffic, counts: Mapping[Scope, int]) -> None:
        table = {scope: Rule(f"{name}.{scope}", count, MINUTE_S, WithoutRedis.LOCAL) for scope, count in counts.items()}
        limiter = Limiter(shared=None, local=LocalStore(), processes=1)
        LIMITS.install(rules={name: table}, classify=classify, limiter=limiter)

    yield limit
    traffic.install_limits()


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


def new_guest() -> Api:
    return Api(token=read(Api().post("/store/v1/guests"))["token"])


def quote(caller: Api, sku_id: int) -> Any:
    lines = [{"sku_id": str(sku_id), "quantity": 1}]
    wish = {"market": "GB", "lines": lines, "address": ADDRESS, "delivery_option": "standard"}
    return caller.post("/store/v1/quotes", wish)


@pytest.mark.django_db
class TestAnAnswer:
    def test_says_how_the_limits_stand(self, floor: ShopFloor, limit: Callable[..., None]) -> None:
        limit(Traffic.QUOTE, {Scope.GUEST: 3, Scope.SKU: 60})
        answer = quote(new_guest(), floor.add_sku())
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"quote.guest";q=3;w=60, "quote.sku";q=60;w=60'
        assert answer["RateLimit"] == '"quote.guest";r=2;t=20'

    def test_beyond_the_limit_is_429_and_says_when_to_come_back(
        self, floor: ShopFloor, limit: Callable[..., None]
    ) -> None:
        limit(Traffic.QUOTE, {Scope.GUEST: 2})
        caller, sku_id = new_guest(), floor.add_sku()
        answers = [quote(caller, sku_id) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        refused = answers[-1]
        assert code_of(refused) == "rate_limits.exceeded"
        assert read(refused)["limit"] == "quote.guest"
        assert int(refused["Retry-After"]) == read(refused)["retry_after"]
        assert 20 <= int(refused["Retry-After"]) <= 30
        assert refused["RateLimit"].startswith('"quote.guest";r=0;t=')

    def test_of_a_page_is_one_too(self, limit: Callable[..., None]) -> None:
        limit(Traffic.OFFICE, {Scope.ADDRESS: 1})
        answers = [Client(REMOTE_ADDR=HOME).get("/admin/") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [302, 429]
        assert 50 <= int(answers[1]["Retry-After"]) <= 60


@pytest.mark.django_db
class TestALimit:
    def test_per_guest_is_each_guest_s_own(self, floor: ShopFloor, limit: Callable[..., None]) -> None:
        limit(Traffic.QUOTE, {Scope.GUEST: 1})
        robin, sara, sku_id = new_guest(), new_guest(), floor.add_sku()
        assert [quote(caller, sku_id).status_code for caller in (robin, robin, sara)] == [200, 429, 200]

    def test_per_sku_is_of_everybody_together(self, floor: ShopFloor, limit: Callable[..., None]) -> None:
        limit(Traffic.QUOTE, {Scope.SKU: 1})
        hot, other = floor.add_sku(), floor.add_sku()
        assert [quote(new_guest(), sku_id).status_code for sku_id in (hot, hot, other)] == [200, 429, 200]

    def test_per_sku_knows_what_a_quote_is_of(self, floor: ShopFloor, limit: Callable[..., None]) -> None:
        caller = new_guest()
        quotes = [read(quote(caller, sku_id)) for sku_id in (floor.add_sku(), floor.add_sku())]
        limit(Traffic.PURCHASE, {Scope.SKU: 1})
        bought = [
            caller.post(
                "/store/v1/purchases",
                {
                    "quote_token": quoted["quote_token"],
                    "expected_total": quoted["total"],
                    "email": "gus@visitor.example",
                    "payment": {"provider": "scripted", "method_token": "tok_ok"},
                },
                key=key,
            ).status_code
            for key, quoted in (("a", quotes[0]), ("b", quotes[0]), ("c", quotes[1]))
        ]
        assert bought == [201, 429, 201]

    def test_per_sku_counts_also_what_is_spelled_with_escapes(
        self, floor: ShopFloor, limit: Callable[..., None]
    ) -> None:
        caller, sku_id = new_guest(), floor.add_sku()
        token = read(quote(caller, sku_id))["quote_token"]
        asks = {
            Traffic.QUOTE: ("/store/v1/quotes", rb'{"lines": [{"sku\u005fid": "%d", "quantity": 1}]}' % sku_id),
            Traffic.PURCHASE: ("/store/v1/purchases", rb'{"quote\u005ftoken": "%s"}' % token.encode()),
        }
        for name, (path, body) in asks.items():
            limit(name, {Scope.SKU: 1})
            assert [caller.call("post", path, raw=body).status_code for _ in range(2)] == [400, 429], name

    @pytest.mark.parametrize(
        ("name", "method", "path"),
        [
            (Traffic.REFUND, "post", "/orders/7/refund"),
            (Traffic.DESK, "get", "/skus/7/stock"),
        ],
    )
    def test_per_shop_is_used_up_by_nobody_else(
        self, limit: Callable[..., None], name: Traffic, method: str, path: str
    ) -> None:
        owner, rival = ShopStaffFactory(), ShopStaffFactory()
        theirs = f"/seller/v1/shops/{owner.shop_id}{path}"
        strangers = [Api(), Api(token="made-up"), new_guest(), Api(token=user_token(rival.user))]
        limit(name, {Scope.SHOP: 1, Scope.SKU: 1})
        refused = [stranger.call(method, theirs).status_code for stranger in strangers]
        assert refused == [401, 401, 403, 404]
        assert strangers[-1].call(method, f"/seller/v1/shops/{rival.shop_id}{path}").status_code != 429
        asks = [Api(token=user_token(owner.user)).call(method, theirs).status_code for _ in range(2)]
        assert asks[0] != 429
        assert asks[1] == 429

    def test_per_address_counts_tokens_that_are_none(self, limit: Callable[..., None]) -> None:
        limit(Traffic.OWN, {Scope.ADDRESS: 2})
        strangers = [Api(token="made-up", client=Client(REMOTE_ADDR=HOME)) for _ in range(3)]
        assert [stranger.get("/store/v1/orders").status_code for stranger in strangers] == [401, 401, 429]
        assert Api(token="made-up", client=Client(REMOTE_ADDR=ELSEWHERE)).get("/store/v1/orders").status_code == 401

    def test_counts_methods_that_nobody_has_heard_of(self, limit: Callable[..., None]) -> None:
        limit(Traffic.CHANGE, {Scope.ADDRESS: 1})
        asks = [Client(REMOTE_ADDR=HOME).generic("M-SEARCH", "/store/v1/orders").status_code for _ in range(2)]
        assert asks == [401, 429]

    def test_per_address_does_not_count_this_machine(self, limit: Callable[..., None]) -> None:
        limit(Traffic.OWN, {Scope.ADDRESS: 1})
        assert {Api().get("/store/v1/orders").status_code for _ in range(3)} == {401}

    def test_takes_no_statement(
        self, floor: ShopFloor, limit: Callable[..., None], django_assert_num_queries: Any
    ) -> None:
        limit(Traffic.BROWSE, {Scope.ADDRESS: 1})
        client = Client(REMOTE_ADDR=HOME)
        client.get("/store/v1/markets")
        with django_assert_num_queries(0):
            assert client.get("/store/v1/markets").status_code == 429
