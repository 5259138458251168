"""What buyers see while something is switched off, and that nothing is left of it afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from apps.orders.models import Purchase
from apps.promotions.models import PromotionUse
from tests.api import Api, Operation, code_of, list_operations, read
from tests.factories.accounts import make_address
from tests.factories.checkout import ShopFloor
from tests.factories.promotions import make_promotion
from tests.storefront.test_routes import Belongings, robins
from tradecore import clock, degradation, wire
from tradecore.models import AttemptWindow, IdempotencyRecord

pytestmark = pytest.mark.django_db

WRITES = [operation for operation in list_operations("/") if operation.method != "get"]

#: What reading needs, and what must not wait.
GO_ON = {
    "make_quote",
    "quote_case",
    "find_guest_order",
    "sign_in",
    "sign_out",
    "refresh_session",
    "receive_payment_webhook",
}

__all__ = ["robins"]


@contextmanager
def switched_on(plan: str, *, market: str = "") -> Iterator[None]:
    now = clock.now()
    degradation.switch_on(
        plan=plan, market=market, until=now + timedelta(hours=1), reason="a test", actor="user:1", now=now
    )
    yield
    degradation.switch_off(plan=plan, market=market, reason="it is over", actor="user:1", now=clock.now())


@pytest.fixture
def quote(floor: ShopFloor) -> Callable[..., Any]:
    sku_id = str(floor.add_sku())

    def quote(caller: Api, **parts: Any) -> Any:
        wish = {
            "market": "GB",
            "lines": [{"sku_id": sku_id, "quantity": 1}],
            "address": wire.to_json(make_address()),
            "delivery_option": "standard",
        }
        return caller.post("/store/v1/quotes", wish | parts)

    return quote


def buy(caller: Api, quoted: Any, *, key: str = "key") -> Any:
    body = {
        "quote_token": read(quoted)["quote_token"],
        "expected_total": read(quoted)["total"],
        "payment": {"provider": "scripted", "method_token": "tok_ok"},
        "email": "robin@example.com",
    }
    return caller.post("/store/v1/purchases", body, key=key)


class TestNothingOff:
    def test_is_not_mentioned(self, guest: Api, quote: Callable[..., Any]) -> None:
        assert "degraded" not in read(quote(guest))


class TestPromotionsOff:
    @pytest.fixture(autouse=True)
    def _coupon(self, floor: ShopFloor) -> None:
        now, day = clock.now(), timedelta(days=1)
        make_promotion(code="SAVE10", min_spend_minor=0, starts_at=now - day, ends_at=now + day)

    def test_quotes_list_prices_and_says_why_a_coupon_missed(self, guest: Api, quote: Callable[..., Any]) -> None:
        with_coupon, plain = read(quote(guest, coupon_codes=["SAVE10"])), read(quote(guest))
        assert with_coupon["promotions"][0]["reason"] is None
        with switched_on(degradation.PROMOTIONS):
            shown = read(quote(guest, coupon_codes=["SAVE10", "NOBODYS"]))
        assert shown["degraded"] == ["promotions"]
        assert shown["total"] == plain["total"] != with_coupon["total"]
        assert [(outcome["code"], outcome["reason"]) for outcome in shown["promotions"]] == [
            ("SAVE10", "PROMOTIONS_OFF"),
            ("NOBODYS", "PROMOTIONS_OFF"),
        ]
        again = read(quote(guest, coupon_codes=["SAVE10"]))
        assert (again["total"], "degraded" in again) == (with_coupon["total"], False)

    def test_counts_no_code_as_a_wrong_guess(self, guest: Api, quote: Callable[..., Any]) -> None:
        with switched_on(degradation.PROMOTIONS):
            quote(guest, coupon_codes=["NOBODYS"])
        assert not AttemptWindow.objects.filter(scope__startswith="coupon").exists()

    def test_gives_a_new_quote_for_one_that_was_cheaper(self, guest: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(guest, coupon_codes=["SAVE10"])
        with switched_on(degradation.PROMOTIONS):
            refused = buy(guest, quoted)
            assert (refused.status_code, code_of(refused)) == (409, "checkout.price_changed")
            assert read(refused)["degraded"] == ["promotions"]
        assert not PromotionUse.objects.exists()
        assert buy(guest, quoted).status_code == 201


class TestGuestsOff:
    def test_no_guest_buys_and_members_do(self, guest: Api, member: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(guest)
        with switched_on(degradation.GUESTS):
            refused = buy(guest, quoted)
            assert (refused.status_code, code_of(refused)) == (503, "degradation.guests_off")
            assert 1 <= int(refused["Retry-After"]) <= degradation.RETRY_AFTER_MAX_S
            assert read(refused)["degraded"] == ["guests"]
            assert not Purchase.objects.exists()
            assert not IdempotencyRecord.objects.exists()
            assert buy(member, quote(member)).status_code == 201
        assert buy(guest, quoted).status_code == 201

    def test_nobody_becomes_one(self, nobody: Api) -> None:
        with switched_on(degradation.GUESTS):
            refused = nobody.post("/store/v1/guests")
            assert (refused.status_code, code_of(refused)) == (503, "degradation.guests_off")
        assert nobody.post("/store/v1/guests").status_code == 201

    def test_a_purchase_that_was_made_is_answered_as_it_was(self, guest: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(guest)
        first = buy(guest, quoted)
        with switched_on(degradation.GUESTS):
            again = buy(guest, quoted)
        assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
        assert read(again) == read(first) | {"degraded": ["guests"]}
        last = buy(guest, quoted)
        assert read(last) == read(first)

    def test_what_is_stored_does_not_say_what_was_off(self, member: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(member)
        with switched_on(degradation.GUESTS):
            first = buy(member, quoted)
        assert read(first)["degraded"] == ["guests"]
        assert read(buy(member, quoted)) == {name: value for name, value in read(first).items() if name != "degraded"}


class TestReadOnly:
    @pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
    def test_every_write_is_stopped_or_documented_to_go_on(self, operation: Operation, member: Api) -> None:
        refusals = operation.document["responses"].get("503", {})
        ids = dict.fromkeys(operation.path_ids, "1") | {"provider": "sandbox"}
        with switched_on(degradation.READ_ONLY):
            answer = member.call(operation.method, operation.at(ids), body=operation.example or {}, key="key")
        assert refusals
        if operation.name in GO_ON:
            assert answer.status_code != 503
        else:
            assert (answer.status_code, code_of(answer)) == (503, "degradation.read_only")
            assert int(answer["Retry-After"]) > 0
        assert not IdempotencyRecord.objects.exists()

    def test_whatever_could_be_read_still_can(self, member: Api, robins: Belongings) -> None:
        reads = [each for each in list_operations("/store/v1/") if each.method == "get" and not each.is_html]
        before = {operation.name: robins.call(member, operation).status_code for operation in reads}
        with switched_on(degradation.READ_ONLY):
            answers = {operation.name: robins.call(member, operation) for operation in reads}
        assert {name: answer.status_code for name, answer in answers.items()} == before
        assert {tuple(read(answer)["degraded"]) for answer in answers.values()} == {("read_only",)}

    def test_a_purchase_is_made_by_the_same_request_afterwards(self, guest: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(guest)
        with switched_on(degradation.READ_ONLY):
            assert buy(guest, quoted).status_code == 503
        assert buy(guest, quoted).status_code == 201


class TestAMarketClosed:
    def test_takes_neither_quotes_nor_purchases(self, guest: Api, quote: Callable[..., Any]) -> None:
        quoted = quote(guest)
        with switched_on(degradation.MARKET_CLOSED, market="GB"):
            for refused in (quote(guest), buy(guest, quoted)):
                assert (refused.status_code, code_of(refused)) == (409, "checkout.market_closed")
                assert read(refused)["degraded"] == ["market_closed:GB"]
        assert not Purchase.objects.exists()
        assert buy(guest, quoted).status_code == 201

    def test_leaves_the_others_open(self, guest: Api, quote: Callable[..., Any]) -> None:
        with switched_on(degradation.MARKET_CLOSED, market="FR"):
            assert quote(guest).status_code == 200
