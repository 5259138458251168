"""Quotes, purchases and orders over HTTP: every way in which they can be answered is a documented one."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock, patch

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import SkuPrice
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.orders.models import Order, Purchase
from apps.payments.models import Tender
from apps.storefront import guesses
from tests.api import Api, code_of, machine_token, pointers_of, read
from tests.factories.accounts import AddressFactory
from tests.factories.checkout import ShopFloor, make_buyer
from tests.factories.checkout import buy as buy_directly
from tests.factories.fulfilment import READY, ship, track_all
from tests.factories.promotions import make_promotion
from tests.support import in_use_case
from tradecore import clock, idempotency, memo
from tradecore.ids import new_id
from tradecore.models import AttemptWindow, IdempotencyRecord, Timer

pytestmark = pytest.mark.django_db

ADDRESS = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "city": "London",
    "postal_code": "SW1A 2AA",
    "country": "GB",
}


@pytest.fixture
def quote(floor: ShopFloor, guest: Api) -> Callable[..., Any]:
    """Quotes the guest one piece of a new SKU, or whatever the parts say."""

    def quote(*, stock: int = 10, quantity: int = 1, **parts: Any) -> Any:
        lines = [{"sku_id": str(floor.add_sku(stock=stock)), "quantity": quantity}]
        wish = {"market": "GB", "lines": lines, "address": ADDRESS, "delivery_option": "standard"}
        return guest.post("/store/v1/quotes", wish | parts)

    return quote


def counted() -> dict[str, int]:
    """How many wrong coupon codes are counted, by limit."""
    windows = AttemptWindow.objects.filter(scope__startswith="coupon")
    return dict(windows.values_list("scope", "count"))


@pytest.fixture
def buy(guest: Api) -> Callable[..., Any]:
    """Buys an answered quote for the guest."""

    def buy(quoted: Any, *, token: str = "tok_ok", key: str = "key", **parts: Any) -> Any:
        body = {
            "quote_token": read(quoted)["quote_token"],
            "expected_total": read(quoted)["total"],
            "payment": {"provider": "scripted", "method_token": token},
            "email": "robin@example.com",
        }
        return guest.post("/store/v1/purchases", body | parts, key=key)

    return buy


class TestQuote:
    def test_shows_every_step(self, quote: Callable[..., Any]) -> None:
        shown = read(quote(quantity=2, coupon_codes=["NOBODYS"]))
        assert shown["total"] == {"amount": "43.97", "currency": "GBP"}
        assert shown["orders"][0]["lines"][0]["steps"][0]["layer"] == "L0"
        assert [outcome["reason"] for outcome in shown["promotions"]] == ["UNKNOWN_CODE"]

    @pytest.mark.parametrize(
        ("parts", "status", "code"),
        [
            ({"market": "XX"}, 422, "markets.unknown_market"),
            ({"market": "US"}, 422, "markets.region_unknown"),
            ({"lines": [{"sku_id": "1", "quantity": 1}]}, 409, "checkout.sku_unavailable"),
            ({"delivery_option": "pigeon"}, 422, "checkout.delivery_option_unknown"),
            ({"address": ADDRESS | {"country": "ZZ"}}, 422, "accounts.address_invalid"),
            ({"coupon_codes": ["\u00e9"]}, 400, "promotions.coupon_code_invalid"),
            ({"lines": []}, 400, "request.invalid"),
            ({"payment_method": "shells"}, 400, "request.invalid"),
            ({"recorded_difference_minor": 1}, 400, "request.invalid"),
        ],
    )
    def test_refuses_in_documented_words(self, quote: Callable[..., Any], parts: Any, status: int, code: str) -> None:
        answer = quote(**parts)
        assert (answer.status_code, code_of(answer)) == (status, code)

    def test_of_a_guest_names_no_address_of_a_book(
        self, quote: Callable[..., Any], floor: ShopFloor, guest: Api
    ) -> None:
        lines = [{"sku_id": str(floor.add_sku()), "quantity": 1}]
        wish = {"market": "GB", "lines": lines, "address_id": "1", "delivery_option": "standard"}
        answer = guest.post("/store/v1/quotes", wish)
        assert (answer.status_code, code_of(answer)) == (403, "permission.denied")

    def test_counts_every_code_that_nobody_knows(self, quote: Callable[..., Any]) -> None:
        quote(coupon_codes=[f"NOBODYS{number}" for number in range(10)])
        assert counted() == {"coupon_code": 10, "coupon_code_network": 10}

    def test_counts_no_code_that_somebody_knows(self, floor: ShopFloor, quote: Callable[..., Any]) -> None:
        now, day = clock.now(), timedelta(days=1)
        make_promotion(code="SAVE10", starts_at=now - day, ends_at=now + day)
        assert quote(coupon_codes=["SAVE10"]).status_code == 200
        assert quote().status_code == 200
        assert counted() == {}

    def test_waits_when_a_buyer_has_guessed_too_often(self, quote: Callable[..., Any]) -> None:
        for _ in range(guesses.COUPONS_PER_BUYER.count // 10):
            assert quote(coupon_codes=[f"NOBODYS{number}" for number in range(10)]).status_code == 200
        before = counted()
        answer = quote(coupon_codes=["NOBODYS"])
        assert (answer.status_code, code_of(answer)) == (429, "attempts.too_many")
        assert int(answer["Retry-After"]) > 0
        assert counted() == before
        assert quote().status_code == 200, "who names no code does not guess"

    def test_waits_when_a_network_has_guessed_as_many_guests(
        self, guest: Api, quote: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moment = clock.now()  # of one window, however long the guessing takes
        monkeypatch.setattr("tradecore.clock.now", lambda: moment)
        for _ in range(guesses.COUPONS_PER_NETWORK.count // 10):
            guest.token = read(Api().post("/store/v1/guests"))["token"]
            assert quote(coupon_codes=[f"NOBODYS{number}" for number in range(10)]).status_code == 200
        guest.token = read(Api().post("/store/v1/guests"))["token"]
        assert code_of(quote(coupon_codes=["NOBODYS"])) == "attempts.too_many"
        guest.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
        assert quote(coupon_codes=["NOBODYS"]).status_code == 200

    def test_finds_the_address_of_its_buyer_only(self, floor: ShopFloor, robin: Any, member: Api) -> None:
        wish = {
            "market": "GB",
            "lines": [{"sku_id": str(floor.add_sku()), "quantity": 1}],
            "delivery_option": "standard",
        }
        own, foreign = AddressFactory(user=robin), AddressFactory()
        assert member.post("/store/v1/quotes", wish | {"address_id": str(own.pk)}).status_code == 200
        assert member.post("/store/v1/quotes", wish | {"address_id": str(foreign.pk)}).status_code == 404

    def test_waits_when_coupon_guesses_are_used_up(self, quote: Callable[..., Any]) -> None:
        for number in range(20):
            quote(coupon_codes=[f"GUESS{number}"])
        assert quote(coupon_codes=["GUESS"]).status_code == 429


class TestPurchase:
    def test_opens_its_quote_once(self, quote: Callable[..., Any], buy: Callable[..., Any]) -> None:
        quoted = quote()
        with patch.object(signing, "loads", wraps=signing.loads) as opened:
            assert buy(quoted).status_code == 201
        assert [call.kwargs for call in opened.call_args_list] == [{"salt": "checkout.quote"}]

    @pytest.mark.parametrize(
        ("token", "status", "next_action"),
        [("tok_ok", 201, None), ("tok_3ds", 202, "redirect"), ("tok_silent", 202, "await_provider")],
    )
    def test_says_what_is_left_to_do(
        self, quote: Callable[..., Any], buy: Callable[..., Any], token: str, status: int, next_action: str | None
    ) -> None:
        answer = buy(quote(), token=token)
        assert answer.status_code == status
        assert (read(answer)["next_action"] or {}).get("kind") == next_action

    def test_is_declined_once_per_key_and_stays_payable(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        quoted = quote()
        declined = buy(quoted, token="tok_declined")
        assert (declined.status_code, code_of(declined)) == (402, "payments.declined")
        assert buy(quoted, token="tok_declined")["Idempotent-Replayed"] == "true"
        path = f"/store/v1/purchases/{read(declined)['purchase_id']}"
        assert read(guest.get(path))["next_action"] == {"kind": "pay_again"}
        payment = {"payment": {"provider": "scripted", "method_token": "tok_ok"}}
        assert guest.post(f"{path}/payments", payment, key="again").status_code == 201

    def test_is_paid_again_once_per_key_also_when_its_process_has_died(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        purchase_id = read(buy(quote(), token="tok_declined"))["purchase_id"]
        path = f"/store/v1/purchases/{purchase_id}/payments"
        payment = {"payment": {"provider": "scripted", "method_token": "tok_ok"}}

        def die(**_: Any) -> None:
            raise SystemExit

        with monkeypatch.context() as patched:
            patched.setattr(checkout, "collect_payment", die)
            with pytest.raises(SystemExit):
                guest.post(path, payment, key="again")
        IdempotencyRecord.objects.update(locked_until=clock.real_now() - timedelta(seconds=1))
        assert guest.post(path, payment, key="again").status_code == 201
        assert Tender.objects.count() == 2

    def test_is_refused_with_the_quote_that_would_be(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        quoted = quote()
        SkuPrice.objects.update(amount_minor=2499)
        answer = buy(quoted)
        assert (answer.status_code, code_of(answer)) == (409, "checkout.price_changed")
        fresh = read(answer)["quote"]
        assert fresh["total"] == read(answer)["quoted"] == {"amount": "28.98", "currency": "GBP"}
        assert "fee_plan" not in answer.content.decode()
        assert not Purchase.objects.exists()

    def test_is_refused_when_the_quote_has_bought(self, quote: Callable[..., Any], buy: Callable[..., Any]) -> None:
        quoted = quote()
        bought = read(buy(quoted))
        again = buy(quoted, key="another tab")
        assert (again.status_code, code_of(again)) == (409, "checkout.quote_used")
        assert read(again)["purchase_id"] == bought["purchase_id"]

    def test_is_refused_when_stock_is_short(self, quote: Callable[..., Any], buy: Callable[..., Any]) -> None:
        answer = buy(quote(stock=1, quantity=2))
        assert (answer.status_code, code_of(answer)) == (409, "inventory.out_of_stock")
        assert [(line["wanted"], line["available"]) for line in read(answer)["lines"]] == [(2, 1)]
        assert not Purchase.objects.exists()

    @pytest.mark.parametrize(
        ("parts", "status", "code"),
        [
            ({"quote_token": "made up"}, 422, "checkout.quote_invalid"),
            ({"payment": {"provider": "nobody", "method_token": "t"}}, 422, "payments.provider_unknown"),
            (
                {"payment": {"provider": "scripted", "method": "shells", "method_token": "t"}},
                422,
                "checkout.payment_method_unknown",
            ),
            ({"payment": {"provider": "scripted", "method_token": "4111111111111111"}}, 400, "request.invalid"),
            (
                {
                    "payment": {
                        "tenders": [
                            {
                                "provider": "scripted",
                                "method_token": "t",
                                "amount": {"amount": "1.00", "currency": "GBP"},
                            }
                        ]
                    }
                },
                422,
                "payments.tenders_do_not_add_up",
            ),
        ],
    )
    def test_refuses_in_documented_words(
        self, quote: Callable[..., Any], buy: Callable[..., Any], parts: Any, status: int, code: str
    ) -> None:
        answer = buy(quote(), **parts)
        assert (answer.status_code, code_of(answer)) == (status, code)
        assert not Purchase.objects.exists()

    def test_is_cancelled_unpaid_once(self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api) -> None:
        path = f"/store/v1/purchases/{read(buy(quote(), token='tok_3ds'))['purchase_id']}/cancel"
        assert read(guest.post(path, {}, key="one"))["status"] == "CANCELLED"
        again = guest.post(path, {}, key="two")
        assert (again.status_code, code_of(again)) == (409, "checkout.not_unpaid")


class TestOrder:
    def test_is_found_listed_and_cancelled(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        order = read(buy(quote()))["orders"][0]
        path = f"/store/v1/orders/{order['id']}"
        assert [item["id"] for item in read(guest.get("/store/v1/orders"))["items"]] == [order["id"]]
        assert read(guest.get(path))["status"] == "ON_HOLD"
        early = guest.post(f"{path}/confirm-receipt", {}, key="early")
        assert (early.status_code, code_of(early)) == (409, "orders.not_delivered")
        assert read(guest.post(f"{path}/cancel", {}, key="one"))["status"] == "CANCELLED"
        again = guest.post(f"{path}/cancel", {}, key="two")
        assert (again.status_code, code_of(again)) == (409, "orders.not_cancellable")

    def test_is_cancelled_by_line_once_it_is_paid_only(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        """Before that the purchase ends whole or not at all (decision 9): half a wish is not taken for all of it."""
        bought = read(buy(quote(quantity=3), token="tok_3ds"))
        order = read(guest.get(f"/store/v1/orders/{bought['orders'][0]['id']}"))
        path = f"/store/v1/orders/{order['id']}"
        form = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}]}
        before = guest.get(path).content, sorted(Timer.objects.values_list("kind", "due_at", "version"))
        answer = guest.post(f"{path}/cancel", form, key="some of it")
        assert (answer.status_code, code_of(answer)) == (422, "storefront.unpaid_is_cancelled_whole")
        assert read(answer)["purchase_id"] == bought["purchase_id"]
        assert (guest.get(path).content, sorted(Timer.objects.values_list("kind", "due_at", "version"))) == before
        assert read(guest.post(f"{path}/cancel", {}, key="all of it"))["status"] == "CANCELLED"

    def test_says_what_its_buyer_may_do_now(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        def actions(order_id: str) -> Any:
            return read(guest.get(f"/store/v1/orders/{order_id}"))["next_actions"]

        unpaid = read(buy(quote(), token="tok_3ds", key="unpaid"))["orders"][0]["id"]
        paid = read(buy(quote(), key="paid"))["orders"][0]["id"]
        assert (actions(unpaid), actions(paid)) == (["pay", "cancel"], ["cancel"])
        in_use_case(lambda: orders.place_hold(order_id=int(paid), kind="risk", owner_ref=new_id(), now=clock.now()))
        assert actions(paid) == []
        refused = guest.post(f"/store/v1/orders/{paid}/cancel", {}, key="held")
        assert (refused.status_code, code_of(refused)) == (409, "orders.on_hold")
        assert read(guest.post(f"/store/v1/orders/{unpaid}/cancel", {}, key="end"))["next_actions"] == []

    def test_is_cancelled_by_asking_once_its_seller_may_be_packing_it(
        self, quote: Callable[..., Any], buy: Callable[..., Any], guest: Api
    ) -> None:
        order_id = read(buy(quote()))["orders"][0]["id"]
        path = f"/store/v1/orders/{order_id}"
        checkout.end_remorse(int(order_id), clock.now())
        none = guest.post(f"{path}/cancel-request/withdraw", {}, key="none")
        assert (none.status_code, code_of(none)) == (409, "orders.cancel_request_not_open")
        asked = guest.post(f"{path}/cancel", {"reason": "too_slow"}, key="ask")
        assert asked.status_code == 202
        order = read(asked)
        assert (order["status"], order["next_actions"]) == ("AWAITING_SHIPMENT", ["withdraw_cancel_request"])
        request = order["cancel_request"]
        assert (request["status"], request["reason"]) == ("OPEN", "too_slow")
        assert request["next_action"] == {"actor": "seller", "due_at": request["answer_by"], "default": "approve"}
        replayed = guest.post(f"{path}/cancel", {"reason": "too_slow"}, key="ask")
        assert (replayed.status_code, replayed.content) == (202, asked.content)
        again = guest.post(f"{path}/cancel", {}, key="again")
        assert (again.status_code, code_of(again)) == (409, "orders.cancel_request_open")
        assert read(again)["request_id"] == request["id"]

        taken_back = read(guest.post(f"{path}/cancel-request/withdraw", {}, key="back"))
        assert (taken_back["cancel_request"]["status"], taken_back["next_actions"]) == ("WITHDRAWN", ["cancel"])
        assert guest.post(f"{path}/cancel", {}, key="after all").status_code == 202
        checkout.approve_cancel_request(order_id=int(order_id), now=clock.now())
        order = read(guest.get(path))
        assert (order["status"], order["cancel_request"]["status"]) == ("CANCELLED", "APPROVED")
        assert order["next_actions"] == []

    def test_may_be_received_once_it_is_delivered(self, floor: ShopFloor, robin: Any, member: Api) -> None:
        buyer = make_buyer(ref=robin.pk, scope=f"buyer:{robin.pk}", is_guest=False, email=robin.email)
        bought = buy_directly((floor.add_sku(), 1), buyer=buyer).purchase.orders[0].id
        checkout.end_remorse(bought, READY)
        package = ship(orders.get_order(order_id=bought))
        path = f"/store/v1/orders/{bought}"
        assert read(member.get(path))["next_actions"] == []
        track_all(package, [TrackingStatus.COLLECTED, TrackingStatus.DELIVERED])
        assert read(member.get(path))["next_actions"] == ["confirm_receipt"]
        assert read(member.post(f"{path}/confirm-receipt", {}, key="k"))["next_actions"] == []

    def test_cannot_be_guessed_without_end(
        self, quote: Callable[..., Any], buy: Callable[..., Any], nobody: Api
    ) -> None:
        order = read(buy(quote()))["orders"][0]
        form = {"number": order["number"], "email": "robin@example.com"}
        for number in range(guesses.ORDERS_PER_NETWORK.count):
            wrong = form | {"email": f"nobody{number}@example.com"}
            assert nobody.post("/store/v1/guest-orders", wrong).status_code == 404
        assert code_of(nobody.post("/store/v1/guest-orders", form)) == "attempts.too_many"
        nobody.client.defaults["REMOTE_ADDR"] = "198.51.100.9"
        assert nobody.post("/store/v1/guest-orders", form).status_code == 200

    def test_is_found_by_number_and_address_without_a_token(
        self, quote: Callable[..., Any], buy: Callable[..., Any], nobody: Api
    ) -> None:
        order = read(buy(quote()))["orders"][0]
        form = {"number": order["number"], "email": "Robin@Example.com"}
        assert read(nobody.post("/store/v1/guest-orders", form))["id"] == order["id"]
        for parts, status in (({"email": "sara@example.com"}, 404), ({"number": "0000"}, 400), ({"email": "?"}, 400)):
            assert nobody.post("/store/v1/guest-orders", form | parts).status_code == status

    def test_is_shown_to_no_application_that_speaks_for_itself(
        self, quote: Callable[..., Any], buy: Callable[..., Any]
    ) -> None:
        buy(quote())
        machine = Api(token=machine_token(scope="store"))
        assert machine.get("/store/v1/orders").status_code == 403
        assert machine.get(f"/store/v1/orders/{Order.objects.get().pk}").status_code == 403


class TestMembers:
    def test_cost_a_quote_their_token_and_their_address(self, floor: ShopFloor, member: Api, robin: Any) -> None:
        lines = [{"sku_id": str(floor.add_sku()), "quantity": 1}]
        wish = {"market": "GB", "lines": lines, "delivery_option": "standard"}
        wish["address_id"] = str(AddressFactory(user=robin, country="GB").pk)
        member.post("/store/v1/quotes", wish)  # and now the masters are remembered
        with CaptureQueriesContext(connection) as captured:
            assert member.post("/store/v1/quotes", wish).status_code == 200
        asked = [re.findall(r"SELECT .(\w+)", query["sql"])[0] for query in captured.captured_queries]
        assert asked == ["oauth2_provider_accesstoken", "accounts_address", "catalog_sku", "promotions_scope"]

    def test_need_no_address_for_messages(self, floor: ShopFloor, member: Api, robin: Any) -> None:
        wish = {
            "market": "GB",
            "lines": [{"sku_id": str(floor.add_sku()), "quantity": 1}],
            "address": ADDRESS,
            "delivery_option": "standard",
        }
        quoted = read(member.post("/store/v1/quotes", wish))
        body = {
            "quote_token": quoted["quote_token"],
            "expected_total": quoted["total"],
            "payment": {"provider": "scripted", "method_token": "tok_ok"},
        }
        assert member.post("/store/v1/purchases", body, key="k").status_code == 201
        assert Purchase.objects.get().contact_email == "robin@example.com"

    def test_find_no_quote_of_another_tab_of_somebody_else(self, quote: Callable[..., Any], stranger: Api) -> None:
        quoted = read(quote())
        body = {
            "quote_token": quoted["quote_token"],
            "expected_total": quoted["total"],
            "payment": {"provider": "scripted", "method_token": "tok_ok"},
        }
        answer = stranger.post("/store/v1/purchases", body, key="k")
        assert (answer.status_code, code_of(answer)) == (422, "checkout.quote_invalid")


class TestGuests:
    def test_give_an_address_for_messages(self, quote: Callable[..., Any], guest: Api) -> None:
        quoted = read(quote())
        body = {
            "quote_token": quoted["quote_token"],
            "expected_total": quoted["total"],
            "payment": {"provider": "scripted", "method_token": "tok_ok"},
        }
        answer = guest.post("/store/v1/purchases", body, key="k")
        assert (answer.status_code, code_of(answer)) == (422, "storefront.email_missing")
        assert pointers_of(guest.post("/store/v1/purchases", body | {"email": "?"}, key="k2")) == {"/email"}


class TestPurchaseOfAHotSku:
    """See Note [The gate] of apps.inventory.services.hot."""

    @pytest.fixture
    def hot(self, quote: Callable[..., Any]) -> Callable[..., Any]:
        """Quotes the guest one piece of a new SKU that is marked as hot."""

        def hot(*, stock: int) -> Any:
            quoted = quote(stock=stock)
            sku_id = int(read(quoted)["orders"][0]["lines"][0]["sku_id"])
            inventory.mark_hot(sku_id=sku_id, reason="flash sale", actor="tests", now=clock.now())
            return quoted

        return hot

    def test_is_answered_as_any_other(self, hot: Callable[..., Any], buy: Callable[..., Any]) -> None:
        bought = buy(hot(stock=1))
        assert (bought.status_code, read(bought)["status"]) == (201, "PAID")

    def test_of_what_is_gone_claims_no_key(
        self, hot: Callable[..., Any], buy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quoted = hot(stock=1)
        buy(quoted, key="first")
        memo.forget_everything()
        claim = Mock(wraps=idempotency.claim)
        monkeypatch.setattr(idempotency, "claim", claim)
        refused = buy(quoted, key="second")
        assert (refused.status_code, code_of(refused)) == (409, "inventory.out_of_stock")
        assert not claim.called
        assert IdempotencyRecord.objects.count() == 1

    def test_that_was_answered_is_answered_again_when_all_is_gone(
        self, hot: Callable[..., Any], buy: Callable[..., Any]
    ) -> None:
        quoted = hot(stock=1)
        first = buy(quoted)
        memo.forget_everything()
        again = buy(quoted)
        assert again["Idempotent-Replayed"] == "true"
        assert (again.status_code, read(again)) == (201, read(first))

    def test_that_comes_again_joins_nobody_whose_keys_it_would_undo(
        self, hot: Callable[..., Any], buy: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quoted = hot(stock=2)
        claim = Mock(wraps=idempotency.claim)
        monkeypatch.setattr(idempotency, "claim", claim)
        assert [buy(quoted).status_code for _ in range(2)] == [201, 201]
        assert [call.kwargs["together"] for call in claim.call_args_list] == [True, False]

    def test_of_somebody_elses_quote_is_refused_for_that(self, hot: Callable[..., Any], stranger: Api) -> None:
        quoted = hot(stock=1)
        body = {
            "quote_token": read(quoted)["quote_token"],
            "expected_total": read(quoted)["total"],
            "payment": {"provider": "scripted", "method_token": "tok_ok"},
            "email": "robin@example.com",
        }
        refused = stranger.post("/store/v1/purchases", body, key="key")
        assert code_of(refused) == "checkout.quote_invalid"
