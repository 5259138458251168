"""After-sales over HTTP: a buyer and a seller, each at their own side."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.aftersales import api as aftersales
from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.orders.api import OrderView
from tests.api import Api, code_of, read, user_token
from tests.factories.accounts import ShopStaffFactory
from tests.factories.aftersales import deliver
from tests.factories.checkout import ShopFloor, buy, make_buyer
from tradecore import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(floor: ShopFloor, robin: User) -> OrderView:
    """Three units at 10.00 that Robin has got."""
    buyer = make_buyer(ref=robin.pk, scope=f"buyer:{robin.pk}", is_guest=False, email=robin.email)
    now = clock.now()
    order_id = buy((floor.add_sku(price_minor=1000), 3), buyer=buyer, now=now).purchase.orders[0].id
    checkout.end_remorse(order_id, now)
    return deliver(orders.get_order(order_id=order_id), now=now)


@pytest.fixture
def seller(floor: ShopFloor) -> Api:
    return Api(token=user_token(ShopStaffFactory(shop_id=floor.shop_id).user))


class Desk:
    """Both sides of one case."""

    def __init__(self, member: Api, seller: Api, order: OrderView) -> None:
        self.member, self.seller, self.order = member, seller, order
        self.count = 0

    def ask(self, *, quantity: int = 1, expect: int = 201, **parts: Any) -> Any:
        body = {
            "order_id": str(self.order.id),
            "kind": "RETURN_AND_REFUND",
            "lines": [{"line_id": str(self.order.lines[0].id), "quantity": quantity}],
            "reason": "no_longer_wanted",
            **parts,
        }
        return self.read(self.member.post("/store/v1/cases", body, key=self.key()), expect)

    def buyer(self, case: Any, act: str, body: Any = None, *, expect: int = 200, **options: Any) -> Any:
        path = f"/store/v1/cases/{case['id']}/{act}"
        return self.read(self.member.post(path, body or {}, key=self.key(), **options), expect)

    def shop(self, case: Any, act: str, body: Any = None, *, expect: int = 200, **options: Any) -> Any:
        path = f"/seller/v1/shops/{self.order.shop_id}/cases/{case['id']}/{act}"
        return self.read(self.seller.post(path, body or {}, key=self.key(), **options), expect)

    def key(self) -> str:
        self.count += 1
        return f"key-{self.count}"

    def read(self, answer: Any, expect: int) -> Any:
        assert answer.status_code == expect, read(answer)
        return read(answer)


@pytest.fixture
def desk(member: Api, seller: Api, order: OrderView) -> Desk:
    return Desk(member, seller, order)


def etag_of(case: Any) -> str:
    return f'"{case["version"]}"'


class TestAReturn:
    def test_is_asked_for_sent_back_received_and_paid(self, desk: Desk) -> None:
        eligible = read(desk.member.get(f"/store/v1/orders/{desk.order.id}/after-sales"))
        kinds = {kind["kind"]: kind for kind in eligible["lines"][0]["kinds"]}
        assert (kinds["RETURN_AND_REFUND"]["units"], kinds["RETURN_AND_REFUND"]["why_not"]) == (3, None)
        quote = desk.read(
            desk.member.post(
                "/store/v1/cases/quote",
                {
                    "order_id": str(desk.order.id),
                    "kind": "RETURN_AND_REFUND",
                    "lines": [{"line_id": str(desk.order.lines[0].id), "quantity": 2}],
                    "reason": "no_longer_wanted",
                },
            ),
            200,
        )
        assert (quote["refund"]["refund"]["amount"], quote["return_paid_by"]) == ("20.00", "buyer")
        case = desk.ask(quantity=2)
        assert case["next_action"]["actor"] == "seller"
        case = desk.shop(case, "approve", if_match=etag_of(case))
        assert (case["state"], case["next_action"]["action"]) == ("AWAITING_BUYER_SHIP", "ship_back")
        case = desk.buyer(case, "ship", {"carrier": "royal-mail", "tracking_number": "RT123456785GB"})
        found = [{"line_id": case["lines"][0]["line_id"], "good": 2, "damaged": 0}]
        case = desk.shop(case, "receive", {"lines": found})
        assert (case["state"], case["refund"]["amount"]) == ("SUCCESS", "20.00")
        shown = read(desk.member.get(f"/store/v1/cases/{case['id']}"))
        assert [step["act"] for step in shown["steps"]] == ["open", "approve", "ship_back", "accept_return"]
        assert "buyer_ref" not in shown
        assert "purchase_id" not in case

    def test_may_have_a_parcels_number_that_could_be_a_cards(self, desk: Desk) -> None:
        case = desk.ask()
        case = desk.shop(case, "approve", if_match=etag_of(case))
        case = desk.buyer(case, "ship", {"carrier": "royal-mail", "tracking_number": "4111111111111111"})
        assert case["next_action"]["actor"] == "seller"

    def test_is_edited_shown_and_withdrawn(self, desk: Desk) -> None:
        case = desk.ask()
        lines = [{"line_id": str(desk.order.lines[0].id), "quantity": 3}]
        case = desk.buyer(case, "edit", {"kind": "RETURN_AND_REFUND", "lines": lines, "reason": "wrong_size_or_colour"})
        assert (case["lines"][0]["quantity"], case["reason"]) == (3, "wrong_size_or_colour")
        case = desk.buyer(case, "evidence", {"text": "See.", "images": ["https://pictures.example/1.jpg"]})
        case = desk.shop(case, "evidence", {"text": "Look."})
        assert [shown["by"] for shown in case["evidence"]] == ["buyer", "seller"]
        assert desk.buyer(case, "withdraw", {"comment": "I keep it."})["state"] == "CANCELLED"

    def test_is_rejected_and_taken_to_the_platform(self, desk: Desk) -> None:
        case = desk.ask()
        case = desk.shop(case, "reject", {"reason": "as_described"}, if_match=etag_of(case))
        case = desk.buyer(case, "escalate", {"comment": "It is not.", "evidence": {"text": "See."}})
        assert case["next_action"]["actor"] == "platform"

    def test_is_refused_when_it_comes_back_wrong(self, desk: Desk) -> None:
        case = desk.ask()
        desk.shop(case, "approve", if_match=etag_of(case))
        desk.buyer(case, "ship", {"carrier": "royal-mail", "tracking_number": "RT123456785GB"})
        case = desk.shop(case, "refuse-return", {"reason": "parcel_empty", "evidence": {"text": "Empty."}})
        assert case["state"] == "RECEIVE_REJECTED"


class TestAnOffer:
    def test_is_refused_made_again_and_accepted(self, desk: Desk) -> None:
        case = desk.ask()
        amount = {"amount": {"amount": "4.00", "currency": "GBP"}}
        case = desk.shop(case, "offer", amount, if_match=etag_of(case))
        case = desk.buyer(case, "refuse-offer", {"comment": "More."})
        case = desk.shop(case, "offer", amount, if_match=etag_of(case))
        case = desk.buyer(case, "accept-offer", if_match=etag_of(case))
        assert (case["agreed"], case["refund"]) == (amount["amount"], amount["amount"])


class TestAReplacement:
    def test_is_sent_and_confirmed(self, desk: Desk) -> None:
        case = desk.ask(kind="REPLACEMENT", reason="defective", evidence={"text": "It is broken."})
        case = desk.shop(case, "approve", {"buyer_keeps_goods": True}, if_match=etag_of(case))
        case = desk.shop(case, "ship-replacement", {"carrier": "dhl", "tracking_number": "JD014600003828"})
        assert desk.buyer(case, "confirm-replacement")["state"] == "COMPLETE"

    def test_is_refunded_instead(self, desk: Desk) -> None:
        case = desk.ask(kind="REPLACEMENT", reason="defective", evidence={"text": "It is broken."})
        case = desk.shop(case, "approve", {"buyer_keeps_goods": True}, if_match=etag_of(case))
        assert desk.shop(case, "refund-instead", {"comment": "Sold out."})["refund"]["amount"] == "10.00"


class TestASellersRefund:
    def test_is_paid_at_once(self, desk: Desk) -> None:
        body = {"lines": [{"line_id": str(desk.order.lines[0].id), "quantity": 1}], "reason": "shops_mistake"}
        path = f"/seller/v1/shops/{desk.order.shop_id}/orders/{desk.order.id}/refund"
        case = desk.read(desk.seller.post(path, body, key="one"), 201)
        assert (case["initiator"], case["refund"]["amount"]) == ("seller", "10.00")


class TestWrites:
    def test_happen_once_per_key(self, desk: Desk) -> None:
        case = desk.ask()
        path = f"/store/v1/cases/{case['id']}/withdraw"
        answers = [desk.member.post(path, {}, key="once") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1]["Idempotent-Replayed"] == "true"
        assert read(answers[0]) == read(answers[1])

    def test_refuse_a_version_that_was_not_read(self, desk: Desk) -> None:
        case = desk.ask()
        desk.buyer(case, "evidence", {"text": "See."})
        path = f"/seller/v1/shops/{desk.order.shop_id}/cases/{case['id']}/approve"
        answer = desk.seller.post(path, {}, key="one", if_match='"7"')
        assert (answer.status_code, code_of(answer)) == (412, "aftersales.case_version_stale")

    def test_refuse_in_the_words_of_the_flow(self, desk: Desk) -> None:
        assert desk.ask(reason="defective", expect=422)["code"] == "aftersales.evidence_missing"
        assert desk.ask(reason="not_received", expect=422)["code"] == "aftersales.reason_not_allowed"
        assert desk.ask(quantity=4, expect=409)["available"] == 3

    def test_are_for_ones_own_order_alone(self, desk: Desk, stranger: Api) -> None:
        body = {
            "order_id": str(desk.order.id),
            "kind": "RETURN_AND_REFUND",
            "lines": [{"line_id": str(desk.order.lines[0].id), "quantity": 1}],
            "reason": "no_longer_wanted",
        }
        for path in ("/store/v1/cases", "/store/v1/cases/quote"):
            answer = stranger.post(path, body, **({"key": "one"} if path.endswith("cases") else {}))
            assert (answer.status_code, code_of(answer)) == (404, "not_found")
        assert aftersales.list_cases(limit=1) == []


class TestLists:
    def test_are_of_those_that_wait_for_somebody(self, desk: Desk) -> None:
        first, second = desk.ask(), desk.ask()
        desk.shop(first, "approve", if_match=etag_of(first))
        path = f"/seller/v1/shops/{desk.order.shop_id}/cases"
        waiting = {
            actor: [case["id"] for case in read(desk.seller.get(path, query={"next_actor": actor}))["items"]]
            for actor in ("seller", "buyer", "platform")
        }
        assert waiting == {"seller": [second["id"]], "buyer": [first["id"]], "platform": []}
        mine = read(desk.member.get("/store/v1/cases", query={"order_id": str(desk.order.id)}))["items"]
        assert [case["id"] for case in mine] == [second["id"], first["id"]]

    def test_show_a_stranger_nothing(self, desk: Desk, stranger: Api) -> None:
        desk.ask()
        assert read(stranger.get("/store/v1/cases"))["items"] == []
