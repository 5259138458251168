"""A buyer wants to cancel what is paid: at once, or by asking the seller. See Note [Cancel requests]."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.checkout import api as checkout
from apps.inventory.models import StockMovement
from apps.ledger.models import Posting
from apps.orders import api as orders
from apps.orders.models import CancelRequest, Order, OrderHold, UnitsGoneEntry
from apps.payments.models import Refund
from config.subscriptions import EVENTS
from tests.factories.checkout import ShopFloor, buy, make_shop_floor, place
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.support import NOON, in_use_case
from tradecore import outbox
from tradecore.errors import NotFound, Refusal
from tradecore.ids import new_id
from tradecore.models import OutboxEvent, Timer

#: Two hours after noon a seller has a day to answer, and until Friday, 23:59:59, to ship.
ANSWER_BY = READY + timedelta(days=1)
SHIP_BY = NOON.replace(day=13, hour=23, minute=59, second=59)


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


def ask(
    order: orders.OrderView, units: Sequence[orders.LineUnits] | None = None, *, now: datetime = READY
) -> orders.CancelRequestView | None:
    return checkout.request_cancellation(order_id=order.id, units=units, reason="changed_mind", now=now)


def approve(order: orders.OrderView, *, now: datetime = READY) -> None:
    checkout.approve_cancel_request(order_id=order.id, now=now)


def reject(order: orders.OrderView, *, now: datetime = READY) -> None:
    checkout.reject_cancel_request(order_id=order.id, reason="packed_already", now=now)


def withdraw(order: orders.OrderView, *, now: datetime = READY) -> None:
    checkout.withdraw_cancel_request(order_id=order.id, now=now)


def place_hold(order: orders.OrderView) -> int:
    """Something else holds the order. Returns what it is for."""
    case_id = new_id()
    in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=case_id, now=READY))
    return case_id


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


def holds_of(order: orders.OrderView) -> tuple[str, ...]:
    return orders.get_order(order_id=order.id).holds


def request_of(order: orders.OrderView) -> orders.CancelRequestView:
    request = orders.find_cancel_request(order_id=order.id)
    assert request is not None
    return request


def timers_of(order: orders.OrderView) -> list[tuple[datetime, bool]]:
    """When the order's request is answered by itself, and whether it was."""
    rows = Timer.objects.filter(subject=order.id, kind="answer_cancel_request")
    return [(row.due_at, row.fired_at is not None) for row in rows]


def everything() -> list[Any]:
    """All that a refused wish could have left behind."""
    tables = (Order, CancelRequest, OrderHold, UnitsGoneEntry, Refund, Posting, StockMovement, OutboxEvent, Timer)
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def refused(act: Callable[[], object], by: type[Refusal]) -> Refusal:
    """The act is refused so, and leaves nothing behind."""
    before = everything()
    with pytest.raises(by) as refusal:
        act()
    assert everything() == before
    return refusal.value


class TestNobodyIsAsked:
    def test_in_the_remorse_time(self, floor: ShopFloor) -> None:
        order = orders.get_order(order_id=buy((floor.add_sku(), 2)).purchase.orders[0].id)
        assert ask(order, now=NOON) is None
        assert status_of(order) == "CANCELLED"
        assert Refund.objects.get().amount_minor == order.breakdown.total.minor
        assert not CancelRequest.objects.exists()

    def test_for_some_units_in_the_remorse_time(self, floor: ShopFloor) -> None:
        order = orders.get_order(order_id=buy((floor.add_sku(), 2)).purchase.orders[0].id)
        assert ask(order, units_of(order, 1), now=NOON) is None
        assert (status_of(order), orders.get_order(order_id=order.id).lines[0].cancelled) == ("ON_HOLD", 1)

    def test_once_the_seller_is_late(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        assert ask(order, now=SHIP_BY) is None
        assert status_of(order) == "CANCELLED"
        assert orders.list_units_gone(order_id=order.id)[0].initiator == "buyer"

    def test_until_a_second_before(self, floor: ShopFloor) -> None:
        assert ask(make_ready_order(floor), now=SHIP_BY - timedelta(seconds=1)) is not None

    def test_for_what_is_left_of_a_late_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        ship(order, units_of(order, 1))
        assert ask(order, now=SHIP_BY) is None
        assert status_of(order) == "AWAITING_COLLECTION"


class TestAsking:
    def test_waits_for_the_seller_until_the_markets_clock(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        request = ask(order)
        assert request == request_of(order)
        assert (request.status, request.reason, request.units) == ("OPEN", "changed_mind", None)
        assert request.next_action == orders.NextAction(actor="seller", due_at=ANSWER_BY, default="approve")
        assert (status_of(order), holds_of(order)) == ("AWAITING_SHIPMENT", ("cancel_request",))
        assert timers_of(order) == [(ANSWER_BY, False)]
        assert not Refund.objects.exists()

    def test_waits_no_longer_than_the_seller_has_to_ship(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        request = ask(order, now=SHIP_BY - timedelta(hours=3))
        assert request is not None
        assert request.answer_by == SHIP_BY
        let_time_pass(SHIP_BY)
        assert status_of(order) == "CANCELLED"

    def test_says_so_to_whoever_listens(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        request = ask(order)
        assert request is not None
        asked, held = OutboxEvent.objects.filter(aggregate_id=order.id).order_by("sequence")[2:]
        assert (asked.kind, held.kind) == ("orders.cancel_requested", "orders.hold_placed")
        assert asked.payload["request_id"] == str(request.id)
        assert asked.payload["answer_by"] == "2026-03-12T14:00:00.000Z"
        assert asked.shop_id == order.shop_id

    def test_keeps_the_order_from_being_shipped(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        refusal = refused(lambda: ship(order), orders.OrderOnHold)
        assert isinstance(refusal, orders.OrderOnHold)
        assert refusal.holds == ("cancel_request",)

    def test_is_about_what_is_in_no_parcel(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        ship(order, units_of(order, 1))
        ask(order)
        approve(order)
        assert status_of(order) == "AWAITING_COLLECTION"
        assert orders.get_order(order_id=order.id).lines[0].cancelled == 2

    @pytest.mark.parametrize("status", ["UNPAID", "AWAITING_COLLECTION", "CANCELLED"])
    def test_is_refused_of_what_cannot_be_cancelled(self, floor: ShopFloor, status: str) -> None:
        if status == "UNPAID":
            order = orders.get_order(order_id=place((floor.add_sku(), 1)).purchase.orders[0].id)
        else:
            order = make_ready_order(floor)
        if status == "AWAITING_COLLECTION":
            ship(order)
        if status == "CANCELLED":
            ask(order, now=SHIP_BY)
        assert status_of(order) == status
        refused(lambda: ask(order), orders.NotCancellable)

    def test_is_refused_of_no_units(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        refused(lambda: ask(order, []), orders.NotCancellable)

    def test_is_refused_of_no_order(self, db: None) -> None:
        refused(
            lambda: checkout.request_cancellation(order_id=new_id(), units=None, reason="other", now=READY), NotFound
        )

    def test_is_refused_twice(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        request = ask(order)
        refusal = refused(lambda: ask(order), orders.CancelRequestOpen)
        assert isinstance(refusal, orders.CancelRequestOpen)
        assert request is not None
        assert (refusal.request_id, refusal.answer_by) == (request.id, ANSWER_BY)

    def test_is_refused_while_something_else_holds_the_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        place_hold(order)
        refused(lambda: ask(order), orders.OrderOnHold)
        refused(lambda: ask(order, now=SHIP_BY), orders.OrderOnHold)

    def test_is_refused_of_lines_and_units_that_are_not_there(self, floor: ShopFloor) -> None:
        order, other = make_ready_order(floor, 2), make_ready_order(floor)
        refused(lambda: ask(order, units_of(other, 1)), orders.LineUnknown)
        refused(lambda: ask(order, units_of(order, 3)), orders.TooManyUnits)
        refused(lambda: ask(order, units_of(order, 1) + units_of(order, 2)), orders.TooManyUnits)

    def test_may_be_done_again_after_an_answer(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        reject(order)
        again = ask(order, now=READY + timedelta(hours=1))
        assert timers_of(order) == [(ANSWER_BY + timedelta(hours=1), False)]
        assert [request.status for request in orders.list_cancel_requests(order_id=order.id)] == ["REJECTED", "OPEN"]
        assert again == request_of(order)


class TestApproving:
    def test_cancels_for_the_buyer_and_sends_their_money_back(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        ask(order)
        approve(order)
        request = request_of(order)
        assert (request.status, request.decided_by, request.decided_at) == ("APPROVED", "seller", READY)
        assert request.next_action is None
        assert (status_of(order), holds_of(order), timers_of(order)) == ("CANCELLED", (), [])
        assert Refund.objects.get().amount_minor == order.breakdown.total.minor
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]
        last = orders.get_order(order_id=order.id).timeline[-1]
        assert (last.initiator, last.reason) == ("buyer", "changed_mind")

    def test_cancels_the_units_that_were_named(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3, 1)
        ask(order, units_of(order, 2, 0))
        approve(order)
        assert [line.cancelled for line in orders.get_order(order_id=order.id).lines] == [2, 0]
        assert status_of(order) == "AWAITING_SHIPMENT"
        ship(order)

    def test_cancels_what_the_seller_has_left_of_them(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        ask(order, units_of(order, 2))
        checkout.cancel_lines(
            order_id=order.id, units=units_of(order, 2), initiator="seller", reason="out_of_stock", now=READY
        )
        assert request_of(order).status == "OPEN"
        approve(order)
        assert status_of(order) == "CANCELLED"

    def test_is_done_by_silence(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        let_time_pass(ANSWER_BY - timedelta(seconds=1))
        assert request_of(order).status == "OPEN"
        let_time_pass(ANSWER_BY)
        request = request_of(order)
        assert (request.status, request.decided_by, request.decided_at) == ("APPROVED", "system", ANSWER_BY)
        assert (status_of(order), holds_of(order)) == ("CANCELLED", ())
        assert Refund.objects.count() == 1

    def test_is_refused_where_nobody_asks(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        for answer in (approve, reject, withdraw):
            refusal = refused(lambda answer=answer: answer(order), orders.CancelRequestNotOpen)  # type: ignore[misc]
            assert isinstance(refusal, orders.CancelRequestNotOpen)
            assert refusal.request_status is None

    @pytest.mark.parametrize(("end", "status"), [(approve, "APPROVED"), (reject, "REJECTED"), (withdraw, "WITHDRAWN")])
    def test_is_refused_after_the_end(self, floor: ShopFloor, end: Callable[..., None], status: str) -> None:
        order = make_ready_order(floor)
        ask(order)
        end(order)
        for answer in (approve, reject, withdraw):
            refusal = refused(lambda answer=answer: answer(order), orders.CancelRequestNotOpen)  # type: ignore[misc]
            assert isinstance(refusal, orders.CancelRequestNotOpen)
            assert refusal.request_status == status

    def test_is_refused_of_no_order(self, db: None) -> None:
        refused(lambda: checkout.approve_cancel_request(order_id=new_id(), now=READY), NotFound)
        refused(lambda: checkout.reject_cancel_request(order_id=new_id(), reason="other", now=READY), NotFound)
        refused(lambda: checkout.withdraw_cancel_request(order_id=new_id(), now=READY), NotFound)


class TestOtherHolds:
    def test_keep_a_request_from_being_granted(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        place_hold(order)
        refusal = refused(lambda: approve(order), orders.OrderOnHold)
        assert isinstance(refusal, orders.OrderOnHold)
        assert refusal.holds == ("risk",)
        let_time_pass(ANSWER_BY)
        assert (request_of(order).status, timers_of(order)) == ("OPEN", [(ANSWER_BY, True)])

    def test_do_not_keep_it_from_being_rejected(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        place_hold(order)
        reject(order)
        assert (request_of(order).status, holds_of(order)) == ("REJECTED", ("risk",))

    def test_that_are_released_let_silence_approve_after_all(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        case_id = place_hold(order)
        let_time_pass(ANSWER_BY)
        in_use_case(lambda: orders.release_hold(order_id=order.id, kind="risk", owner_ref=case_id, now=ANSWER_BY))
        while outbox.relay(subscriptions=EVENTS):
            pass
        assert timers_of(order) == [(ANSWER_BY, False)]
        let_time_pass(ANSWER_BY)
        assert status_of(order) == "CANCELLED"


class TestRejectingAndWithdrawing:
    def test_lets_the_seller_ship(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        reject(order)
        request = request_of(order)
        assert (request.status, request.decided_by, request.reject_reason) == ("REJECTED", "seller", "packed_already")
        assert (holds_of(order), timers_of(order)) == ((), [])
        assert not UnitsGoneEntry.objects.exists()
        ship(order)
        let_time_pass(ANSWER_BY)
        assert status_of(order) == "AWAITING_COLLECTION"

    def test_takes_the_wish_back(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        withdraw(order)
        request = request_of(order)
        assert (request.status, request.decided_by, request.reject_reason) == ("WITHDRAWN", "buyer", "")
        ship(order)
        (answered,) = OutboxEvent.objects.filter(kind="orders.cancel_request_answered")
        assert (answered.payload["status"], answered.payload["request_id"]) == ("WITHDRAWN", str(request.id))


class TestOthersWhoCancel:
    def test_are_not_held_up(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        ask(order)
        checkout.cancel_lines(order_id=order.id, units=None, initiator="seller", reason="out_of_stock", now=READY)
        request = request_of(order)
        assert (request.status, request.decided_by) == ("APPROVED", "seller")
        assert (status_of(order), holds_of(order), timers_of(order)) == ("CANCELLED", (), [])
        assert Refund.objects.count() == 1

    def test_answer_a_request_with_the_last_of_its_units(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2, 1)
        ask(order, units_of(order, 2, 0))
        checkout.cancel_lines(
            order_id=order.id, units=units_of(order, 2, 0), initiator="seller", reason="out_of_stock", now=READY
        )
        assert (request_of(order).status, status_of(order)) == ("APPROVED", "AWAITING_SHIPMENT")
        ship(order)

    def test_are_the_clock_too(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        ask(order)
        checkout.cancel_unshipped(order.id, READY)
        request = request_of(order)
        assert (request.status, request.decided_by, timers_of(order)) == ("APPROVED", "system", [])

    def test_may_be_a_bank_that_takes_everything_back(self, floor: ShopFloor) -> None:
        """What is asked for is gone then: the request ends by its own clock, and nothing is cancelled twice."""
        order = make_ready_order(floor)
        ask(order)
        in_use_case(
            lambda: orders.charge_back(order_id=order.id, amount=order.breakdown.total, reason="fraud", now=READY)
        )
        let_time_pass(ANSWER_BY)
        assert (request_of(order).status, holds_of(order)) == ("APPROVED", ())
        assert len(orders.list_units_gone(order_id=order.id)) == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestRaces:
    """Whoever comes first wins, the other is refused, and stock, money and request agree."""

    FIVE_TIMES = pytest.mark.parametrize("attempt", range(5))

    @pytest.fixture
    def asked(self, transactional_db: None) -> orders.OrderView:
        order = make_ready_order(make_shop_floor(), 2)
        ask(order)
        return order

    @FIVE_TIMES
    def test_of_an_approval_and_a_withdrawal_have_one_winner(
        self, asked: orders.OrderView, race: Any, attempt: int
    ) -> None:
        outcomes = race([lambda: approve(asked), lambda: withdraw(asked)] * 2)
        assert_one_winner(outcomes)
        assert_is_whole(asked, {"APPROVED", "WITHDRAWN"})

    @FIVE_TIMES
    def test_of_an_approval_and_a_shipment_cancel_it(self, asked: orders.OrderView, race: Any, attempt: int) -> None:
        approved, *shipped = race([lambda: approve(asked), lambda: ship(asked), lambda: ship(asked)])
        assert approved is None
        assert {type(outcome) for outcome in shipped} <= {orders.OrderOnHold, orders.NotReadyToShip}
        assert_is_whole(asked, {"APPROVED"})

    @FIVE_TIMES
    def test_of_a_rejection_and_a_shipment_ship_it_or_refuse(
        self, asked: orders.OrderView, race: Any, attempt: int
    ) -> None:
        rejected, shipped = race([lambda: reject(asked), lambda: ship(asked)])
        assert rejected is None
        is_shipped = not isinstance(shipped, Exception)
        assert is_shipped or isinstance(shipped, orders.OrderOnHold)
        assert status_of(asked) == ("AWAITING_COLLECTION" if is_shipped else "AWAITING_SHIPMENT")
        assert_is_whole(asked, {"REJECTED"})

    @FIVE_TIMES
    def test_of_the_clock_and_a_rejection_have_one_winner(
        self, asked: orders.OrderView, race: Any, attempt: int
    ) -> None:
        outcomes = race(
            [
                lambda: let_time_pass(ANSWER_BY),
                lambda: reject(asked, now=ANSWER_BY),
                lambda: let_time_pass(ANSWER_BY),
            ]
        )
        assert outcomes[::2] == [None, None]
        assert outcomes[1] is None or isinstance(outcomes[1], orders.CancelRequestNotOpen)
        assert_is_whole(asked, {"APPROVED" if outcomes[1] else "REJECTED"})
        assert not Timer.objects.filter(subject=asked.id, kind="answer_cancel_request", fired_at=None).exists()

    @FIVE_TIMES
    def test_of_two_wishes_make_one_request(self, transactional_db: None, race: Any, attempt: int) -> None:
        order = make_ready_order(make_shop_floor(), 2)
        outcomes = race([lambda: ask(order)] * 8)
        assert sum(isinstance(outcome, orders.CancelRequestView) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, orders.CancelRequestOpen) for outcome in outcomes) == 7
        assert (CancelRequest.objects.count(), OrderHold.objects.count()) == (1, 1)

    @FIVE_TIMES
    def test_of_a_wish_and_a_shipment_have_one_winner(self, transactional_db: None, race: Any, attempt: int) -> None:
        order = make_ready_order(make_shop_floor(), 2)
        wish, shipped = race([lambda: ask(order), lambda: ship(order)])
        if isinstance(shipped, Exception):
            assert isinstance(shipped, orders.OrderOnHold)
            assert isinstance(wish, orders.CancelRequestView)
        else:
            assert isinstance(wish, orders.NotCancellable)
            assert not CancelRequest.objects.exists()


def assert_one_winner(outcomes: Sequence[Any]) -> None:
    assert sum(outcome is None for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {orders.CancelRequestNotOpen}


def assert_is_whole(order: orders.OrderView, statuses: set[str]) -> None:
    """The request has one of these ends, no hold is left, and the units are cancelled once, or not at all."""
    status = request_of(order).status
    assert status in statuses
    assert holds_of(order) == ()
    is_cancelled = status == "APPROVED"
    assert (status_of(order) == "CANCELLED") is is_cancelled
    assert Refund.objects.filter(order_ref=order.id).count() == int(is_cancelled)
    assert UnitsGoneEntry.objects.count() == int(is_cancelled)
    assert numbers_of(order.lines[0].sku_id) == ([(100, 0, 0)] if is_cancelled else [(98, 0, 2)])
