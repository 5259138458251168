"""A shop's orders and parcels: over HTTP."""

from typing import Any

import pytest

from apps.fulfilment.models import Package
from apps.orders import api as orders
from apps.orders.models import Order
from tests.api import Api, code_of, pointers_of, read
from tests.factories.checkout import buy, place
from tests.factories.fulfilment import make_ready_order
from tests.factories.inventory import numbers_of
from tests.seller_desk.conftest import World
from tests.support import in_use_case
from tradecore import clock
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db

PARCEL = {"carrier": "royal-mail", "tracking_number": "RM123456785GB"}


def order_path(world: World, order_id: int | None = None) -> str:
    return f"{world.root}/orders/{order_id or world.order.id}"


def units(world: World, *quantities: int) -> list[dict[str, Any]]:
    lines = zip(world.order.lines, quantities, strict=False)
    return [{"line_id": str(line.id), "quantity": quantity} for line, quantity in lines]


def ship(world: World, owner: Api, *, key: str = "ship", **parts: Any) -> Any:
    return owner.post(f"{order_path(world)}/packages", PARCEL | parts, key=key)


def report(world: World, owner: Api, package: Any, status: str, *, event_id: str = "e1") -> Any:
    path = f"{world.root}/packages/{package['id']}/tracking"
    body = {"event_id": event_id, "status": status, "occurred_at": "2026-03-12T17:30:00Z"}
    return owner.post(path, body, key=f"{event_id[-4:]}{status}")


class TestList:
    def test_shows_paid_orders_of_the_shop(self, world: World, owner: Api) -> None:
        place((world.floor.add_sku(), 1))
        items = read(owner.get(f"{world.root}/orders"))["items"]
        statuses = sorted(item["status"] for item in items)
        assert statuses == ["AWAITING_COLLECTION", "AWAITING_SHIPMENT", "DELIVERED", "IN_TRANSIT"]

    def test_narrows_by_status_and_time(self, world: World, owner: Api) -> None:
        path = f"{world.root}/orders"
        (item,) = read(owner.get(path, query={"status": "AWAITING_SHIPMENT"}))["items"]
        assert item["id"] == str(world.order.id)
        assert read(owner.get(path, query={"created_lt": "2026-03-11T00:00:00Z"}))["items"] == []

    def test_narrows_by_requests_to_cancel(self, world: World, owner: Api) -> None:
        path = f"{world.root}/orders"
        assert read(owner.get(path, query={"cancel_request": "OPEN"}))["items"] == []
        world.be_asked_to_cancel()
        (item,) = read(owner.get(path, query={"cancel_request": "OPEN", "status": "AWAITING_SHIPMENT"}))["items"]
        assert item["id"] == str(world.order.id)
        answer = owner.get(path, query={"cancel_request": "REJECTED"})
        assert (answer.status_code, read(answer)["parameter"]) == (400, "cancel_request")

    @pytest.mark.parametrize("status", ["UNPAID", "shipped", ""])
    def test_refuses_a_status_that_it_never_shows(self, world: World, owner: Api, status: str) -> None:
        answer = owner.get(f"{world.root}/orders", query={"status": status})
        assert (answer.status_code, read(answer)["parameter"]) == (400, "status")


class TestPrivacy:
    """The recipient is shown while something is to be shipped to them, and nothing else of the buyer ever."""

    def test_hides_the_recipient_while_the_buyer_may_think_again(self, world: World, owner: Api) -> None:
        held = buy((world.floor.add_sku(), 1)).purchase.orders[0]
        shown = read(owner.get(order_path(world, held.id)))
        assert (shown["status"], shown["address"]) == ("ON_HOLD", None)

    def test_hides_orders_that_are_not_paid(self, world: World, owner: Api) -> None:
        unpaid = place((world.floor.add_sku(), 1)).purchase.orders[0]
        assert owner.get(order_path(world, unpaid.id)).status_code == 404

    def test_shows_the_recipient_from_then_on(self, world: World, owner: Api) -> None:
        assert read(owner.get(order_path(world)))["address"]["recipient"] == "Robin Buyer"
        package = read(ship(world, owner))
        for status in ("COLLECTED", "DELIVERED"):
            report(world, owner, package, status, event_id=status)
            assert read(owner.get(order_path(world)))["address"]["recipient"] == "Robin Buyer"

    def test_hides_the_recipient_of_what_is_cancelled(self, world: World, owner: Api) -> None:
        answer = owner.post(f"{order_path(world)}/cancel", {"reason": "out_of_stock"}, key="k")
        assert (read(answer)["status"], read(answer)["address"]) == ("CANCELLED", None)

    def test_shows_nothing_else_of_the_buyer(self, world: World, owner: Api) -> None:
        for path in (order_path(world), f"{world.root}/orders", f"{world.root}/packages/{world.ids['package_id']}"):
            text = owner.get(path).content.decode()
            assert str(world.order.buyer_ref) not in text
            assert str(world.order.purchase_id) not in text


class TestCancel:
    def test_cancels_units_and_sends_their_money_back(self, world: World, owner: Api) -> None:
        sku_id = world.order.lines[0].sku_id
        before = numbers_of(sku_id)
        body = {"lines": units(world, 2), "reason": "out_of_stock"}
        shown = read(owner.post(f"{order_path(world)}/cancel", body, key="k"))
        assert shown["lines"][0]["cancelled"] == 2
        assert shown["breakdown"]["refunded"] == {"amount": "20.00", "currency": "GBP"}
        assert numbers_of(sku_id)[0][0] == before[0][0] + 2

    def test_cancels_what_is_held(self, world: World, owner: Api) -> None:
        held = buy((world.floor.add_sku(), 1)).purchase.orders[0]
        answer = owner.post(f"{order_path(world, held.id)}/cancel", {"reason": "out_of_stock"}, key="k")
        assert read(answer)["status"] == "CANCELLED"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/reason"),
            ({"reason": "bored"}, "/reason"),
            ({"reason": "other", "lines": []}, "/lines"),
            ({"reason": "other", "lines": [{"line_id": "1", "quantity": 0}]}, "/lines/0/quantity"),
            ({"reason": "other", "lines": [{"line_id": "1", "quantity": 10_001}]}, "/lines/0/quantity"),
            ({"reason": "other", "lines": [{"line_id": "1", "quantity": 1}] * 2}, "/lines"),
            ({"reason": "other", "initiator": "buyer"}, "/initiator"),
        ],
    )
    def test_refuses_what_is_no_cancellation(self, world: World, owner: Api, body: Any, pointer: str) -> None:
        answer = owner.post(f"{order_path(world)}/cancel", body, key="k")
        assert answer.status_code == 400
        assert pointers_of(answer) == {pointer}
        assert Order.objects.get(pk=world.order.id).status == "AWAITING_SHIPMENT"

    def test_refuses_lines_of_other_orders(self, world: World, owner: Api) -> None:
        other = make_ready_order(world.floor, 1)
        body = {"lines": [{"line_id": str(other.lines[0].id), "quantity": 1}], "reason": "other"}
        answer = owner.post(f"{order_path(world)}/cancel", body, key="k")
        assert (answer.status_code, code_of(answer)) == (422, "orders.line_unknown")

    def test_refuses_more_than_there_is(self, world: World, owner: Api) -> None:
        body = {"lines": units(world, 4), "reason": "other"}
        answer = owner.post(f"{order_path(world)}/cancel", body, key="k")
        assert (answer.status_code, code_of(answer)) == (409, "orders.too_many_units")
        assert read(answer)["available"] == 3

    def test_refuses_what_is_over(self, world: World, owner: Api) -> None:
        ship(world, owner)
        answer = owner.post(f"{order_path(world)}/cancel", {"reason": "other"}, key="k")
        assert (answer.status_code, code_of(answer)) == (409, "orders.not_cancellable")


class TestCancelRequest:
    def test_says_who_answers_until_when_and_what_silence_does(self, world: World, owner: Api) -> None:
        assert read(owner.get(order_path(world)))["cancel_request"] is None
        world.be_asked_to_cancel()
        shown = read(owner.get(order_path(world)))
        assert shown["holds"] == ["cancel_request"]
        asked = shown["cancel_request"]
        assert (asked["status"], asked["reason"], asked["units"]) == ("OPEN", "too_slow", None)
        due_at = "2026-03-12T14:00:00.000Z"
        assert asked["answer_by"] == due_at
        assert asked["next_action"] == {"actor": "seller", "due_at": due_at, "default": "approve"}

    def test_is_approved(self, world: World, owner: Api) -> None:
        world.be_asked_to_cancel()
        shown = read(owner.post(f"{order_path(world)}/cancel-request/approve", {}, key="k"))
        assert (shown["status"], shown["holds"]) == ("CANCELLED", [])
        assert (shown["cancel_request"]["status"], shown["cancel_request"]["next_action"]) == ("APPROVED", None)
        assert shown["breakdown"]["refunded"] == shown["breakdown"]["total"]

    def test_is_rejected_with_a_reason_and_the_order_shipped(self, world: World, owner: Api) -> None:
        world.be_asked_to_cancel()
        assert code_of(ship(world, owner, key="early")) == "orders.on_hold"
        path = f"{order_path(world)}/cancel-request/reject"
        for body, pointer in (({}, "/reason"), ({"reason": "shipped"}, "/reason"), ({"reason": ""}, "/reason")):
            answer = owner.post(path, body, key=f"k{len(body)}{body}")
            assert (answer.status_code, pointers_of(answer)) == (400, {pointer})
        shown = read(owner.post(path, {"reason": "made_to_order"}, key="k"))
        assert (shown["status"], shown["holds"]) == ("AWAITING_SHIPMENT", [])
        asked = shown["cancel_request"]
        assert (asked["status"], asked["decided_by"], asked["reject_reason"]) == ("REJECTED", "seller", "made_to_order")
        assert ship(world, owner).status_code == 201

    @pytest.mark.parametrize(("act", "body"), [("approve", {}), ("reject", {"reason": "other"})])
    def test_is_answered_once(self, world: World, owner: Api, act: str, body: Any) -> None:
        path = f"{order_path(world)}/cancel-request/{act}"
        early = owner.post(path, body, key="early")
        assert (early.status_code, code_of(early)) == (409, "orders.cancel_request_not_open")
        assert read(early)["request_status"] is None
        world.be_asked_to_cancel()
        assert owner.post(path, body, key="first").status_code == 200
        again = owner.post(path, body, key="again")
        assert (again.status_code, code_of(again)) == (409, "orders.cancel_request_not_open")

    def test_is_not_approved_while_something_else_holds_the_order(self, world: World, owner: Api) -> None:
        world.be_asked_to_cancel()
        in_use_case(
            lambda: orders.place_hold(order_id=world.order.id, kind="risk", owner_ref=new_id(), now=clock.now())
        )
        answer = owner.post(f"{order_path(world)}/cancel-request/approve", {}, key="k")
        assert (answer.status_code, code_of(answer), read(answer)["holds"]) == (409, "orders.on_hold", ["risk"])
        assert Order.objects.get(pk=world.order.id).status == "AWAITING_SHIPMENT"


class TestShip:
    def test_ships_in_parts_until_nothing_is_left(self, world: World, owner: Api) -> None:
        first = read(ship(world, owner, lines=units(world, 1)))
        assert first["units"] == units(world, 1)
        assert read(owner.get(order_path(world)))["status"] == "PARTIALLY_SHIPPING"
        second = read(ship(world, owner, key="rest"))
        assert [part["quantity"] for part in second["units"]] == [2, 2]
        shown = read(owner.get(order_path(world)))
        assert (shown["status"], [parcel["id"] for parcel in shown["packages"]]) == (
            "AWAITING_COLLECTION",
            [first["id"], second["id"]],
        )
        listed = read(owner.get(f"{order_path(world)}/packages"))
        assert listed["items"] == shown["packages"]

    def test_refuses_what_is_not_ready(self, world: World, owner: Api) -> None:
        ship(world, owner)
        answer = ship(world, owner, key="again")
        assert (answer.status_code, code_of(answer)) == (409, "orders.not_ready_to_ship")
        assert Package.objects.filter(order_id=world.order.id).count() == 1

    @pytest.mark.parametrize(
        "parts",
        [
            {"carrier": "two words"},
            {"tracking_number": "RM\u00e9"},
            {"carrier": "x" * 41},
            {"tracking_number": ""},
            {"tracking_number": 12},
            {"lines": []},
            {"shipped_at": "2026-03-11T12:00:00Z"},
        ],
    )
    def test_refuses_what_is_no_parcel(self, world: World, owner: Api, parts: Any) -> None:
        assert ship(world, owner, **parts).status_code == 400
        assert not Package.objects.filter(order_id=world.order.id).exists()


class TestTracking:
    def test_takes_a_parcel_to_the_door(self, world: World, owner: Api) -> None:
        package = read(ship(world, owner))
        for status in ("COLLECTED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"):
            package = read(report(world, owner, package, status, event_id=status))
            assert package["state"] == status
        assert read(owner.get(order_path(world)))["status"] == "DELIVERED"
        assert len(package["tracking"]) == 4

    def test_takes_numbers_that_look_like_those_of_cards(self, world: World, owner: Api) -> None:
        package = read(ship(world, owner, tracking_number="4111111111111111"))
        assert read(report(world, owner, package, "COLLECTED", event_id="4111111111111111"))["state"] == "COLLECTED"

    def test_tells_the_carriers_clock_from_ours(self, world: World, owner: Api) -> None:
        (entry,) = read(report(world, owner, read(ship(world, owner)), "COLLECTED"))["tracking"]
        assert entry["occurred_at"] == "2026-03-12T17:30:00.000Z" < entry["received_at"]

    def test_hears_an_event_once(self, world: World, owner: Api) -> None:
        package = read(ship(world, owner))
        report(world, owner, package, "COLLECTED")
        again = read(report(world, owner, package, "IN_TRANSIT"))
        assert (again["state"], len(again["tracking"])) == ("COLLECTED", 1)

    @pytest.mark.parametrize(
        "parts",
        [
            {"status": "PENDING"},
            {"status": "EXPIRED"},
            {"status": "LATE"},
            {"occurred_at": "yesterday"},
            {"event_id": ""},
            {"event_id": "\u00e9"},
            {"received_at": "2026-03-11T12:00:00Z"},
        ],
    )
    def test_refuses_what_no_carrier_says(self, world: World, owner: Api, parts: Any) -> None:
        path = f"{world.root}/packages/{world.ids['package_id']}/tracking"
        body = {"event_id": "e1", "status": "COLLECTED", "occurred_at": "2026-03-12T17:30:00Z"} | parts
        assert owner.post(path, body, key="k").status_code == 400
        assert Package.objects.get(pk=world.ids["package_id"]).state == "ARRANGED"
