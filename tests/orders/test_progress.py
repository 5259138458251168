"""A paid order on its way, and the history that it leaves."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.orders import api as orders
from apps.orders.models import OrderLine, OrderTransition
from tests.factories.orders import (
    DAY,
    arrange,
    cancel,
    collect,
    deliver,
    lose,
    make_paid_order,
    open_purchase,
    pay,
    status_of,
    units_of,
)
from tests.factories.pricing import a_basket, a_line, price
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


def withdraw(order: orders.OrderView, units: list[orders.LineUnits]) -> None:
    in_use_case(lambda: orders.withdraw_units(order_id=order.id, units=units, now=NOON))


def complete(order: orders.OrderView) -> bool:
    return in_use_case(
        lambda: orders.complete_order(order_id=order.id, initiator="buyer", reason="receipt_confirmed", now=NOON)
    )


def end_remorse(order: orders.OrderView) -> bool:
    return in_use_case(lambda: orders.end_remorse(order_id=order.id, now=NOON))


def history_of(order: orders.OrderView) -> list[tuple[int, str, str]]:
    """(sequence, before, after) of every transition, in the order of the sequence."""
    rows = OrderTransition.objects.filter(order_id=order.id).order_by("sequence")
    return list(rows.values_list("sequence", "before", "after"))


def refuses(error: type[Exception], act: Callable[[], object], order: orders.OrderView) -> None:
    before = orders.get_order(order_id=order.id)
    with pytest.raises(error):
        act()
    assert orders.get_order(order_id=order.id) == before


class TestHistory:
    def test_is_gapless_from_the_first_state_to_the_last(self) -> None:
        order = make_paid_order(2, held_until=NOON + timedelta(hours=1))
        end_remorse(order)
        first = arrange(order, units_of(order, 1))
        withdraw(order, list(first))
        first, second = arrange(order, units_of(order, 1)), arrange(order)
        collect(order, first)
        collect(order, second)
        deliver(order, first)
        deliver(order, second)
        complete(order)
        assert history_of(order) == [
            (1, "UNPAID", "ON_HOLD"),
            (2, "ON_HOLD", "AWAITING_SHIPMENT"),
            (3, "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"),
            (4, "PARTIALLY_SHIPPING", "AWAITING_SHIPMENT"),
            (5, "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"),
            (6, "PARTIALLY_SHIPPING", "AWAITING_COLLECTION"),
            (7, "AWAITING_COLLECTION", "IN_TRANSIT"),
            (8, "IN_TRANSIT", "DELIVERED"),
            (9, "DELIVERED", "COMPLETED"),
        ]
        assert status_of(order) == "COMPLETED"

    def test_has_an_event_for_every_transition_in_a_gapless_sequence(self) -> None:
        order = make_paid_order(2)
        collect(order, arrange(order, units_of(order, 1)))
        cancel(order)
        lose(order, units_of(order, 1))
        events = OutboxEvent.objects.filter(aggregate="order", aggregate_id=order.id).order_by("sequence")
        moves = [(event.payload["before"], event.payload["after"]) for event in events if event.kind.endswith("_moved")]
        assert moves == [(before, after) for _, before, after in history_of(order)]
        assert [event.sequence for event in events] == list(range(1, orders.get_order(order_id=order.id).version + 1))

    def test_ends_a_purchase_that_was_not_paid(self) -> None:
        purchase = open_purchase(price(a_basket(a_line(1, 1000))))
        closed = in_use_case(
            lambda: orders.close_purchase(
                purchase_id=purchase.id, status="EXPIRED", initiator="system", reason="not_paid_in_time", now=NOON
            )
        )
        assert closed
        order = orders.get_order(order_id=purchase.orders[0].id)
        assert history_of(order) == [(1, "UNPAID", "CANCELLED")]
        assert order.cancelled_at == NOON


class TestEndRemorse:
    def test_lets_the_order_be_shipped_once(self) -> None:
        order = make_paid_order(1, held_until=NOON + timedelta(hours=1))
        assert end_remorse(order)
        assert not end_remorse(order)
        assert status_of(order) == "AWAITING_SHIPMENT"

    def test_does_nothing_to_an_order_that_was_cancelled_meanwhile(self) -> None:
        order = make_paid_order(1, held_until=NOON + timedelta(hours=1))
        cancel(order)
        assert not end_remorse(order)
        assert status_of(order) == "CANCELLED"


class TestArrangeUnits:
    def test_takes_all_that_is_open_unless_units_are_named(self) -> None:
        order = make_paid_order(2, 1)
        assert arrange(order, units_of(order, 1, 0)) == tuple(units_of(order, 1, 0))
        assert arrange(order) == tuple(units_of(order, 1, 1))
        assert status_of(order) == "AWAITING_COLLECTION"

    def test_adds_up_a_line_that_is_named_twice(self) -> None:
        order = make_paid_order(3)
        assert arrange(order, [*units_of(order, 1), *units_of(order, 1)]) == tuple(units_of(order, 2))

    def test_says_by_when_a_carrier_has_to_come(self) -> None:
        order = make_paid_order(1)
        arrange(order)
        deadlines = orders.get_order(order_id=order.id).deadlines
        assert [(deadline.kind, deadline.due_at) for deadline in deadlines] == [
            ("cancelled_if_not_collected", NOON + 3 * DAY)
        ]

    def test_refuses_an_order_that_there_is_not(self) -> None:
        with pytest.raises(NotFound):
            in_use_case(lambda: orders.arrange_units(order_id=new_id(), units=None, collect_cancel_at=NOON, now=NOON))

    def test_refuses_an_unpaid_order(self) -> None:
        purchase = open_purchase(price(a_basket(a_line(1, 1000))))
        order = orders.get_order(order_id=purchase.orders[0].id)
        refuses(orders.NotReadyToShip, lambda: arrange(order), order)

    def test_refuses_an_order_in_its_remorse_time(self) -> None:
        order = make_paid_order(1, held_until=NOON + timedelta(hours=1))
        refuses(orders.NotReadyToShip, lambda: arrange(order), order)

    def test_refuses_an_order_on_hold(self) -> None:
        order = make_paid_order(1)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=1, now=NOON))
        refuses(orders.OrderOnHold, lambda: arrange(order), order)

    def test_refuses_a_line_of_another_order(self) -> None:
        order, other = make_paid_order(1), make_paid_order(1)
        refuses(orders.LineUnknown, lambda: arrange(order, units_of(other, 1)), order)

    @pytest.mark.parametrize("quantity", [-1, 3])
    def test_refuses_units_that_are_not_there_and_the_other_lines_with_them(self, quantity: int) -> None:
        order = make_paid_order(1, 2)
        units = [*units_of(order, 1, 0), orders.LineUnits(line_id=order.lines[1].id, quantity=quantity)]
        refuses(orders.TooManyUnits, lambda: arrange(order, units), order)


class TestCollectUnits:
    def test_is_a_fact_that_no_hold_can_refuse(self) -> None:
        order = make_paid_order(1)
        parcel = arrange(order)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=1, now=NOON))
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="cancel_request", owner_ref=1, now=NOON))
        assert collect(order, parcel) == ("risk", "cancel_request")
        assert status_of(order) == "IN_TRANSIT"

    def test_refuses_what_is_in_no_parcel(self) -> None:
        order = make_paid_order(1)
        refuses(orders.TooManyUnits, lambda: collect(order, units_of(order, 1)), order)


class TestDeliverUnits:
    def test_says_whether_the_whole_order_has_arrived(self) -> None:
        order = make_paid_order(2)
        collect(order, arrange(order))
        assert not deliver(order, units_of(order, 1))
        assert deliver(order, units_of(order, 1))
        deadlines = orders.get_order(order_id=order.id).deadlines
        assert [(deadline.kind, deadline.due_at) for deadline in deadlines] == [("completes", NOON + 30 * DAY)]

    def test_refuses_what_no_carrier_has(self) -> None:
        order = make_paid_order(1)
        parcel = arrange(order)
        refuses(orders.TooManyUnits, lambda: deliver(order, parcel), order)


class TestWithdrawUnits:
    def test_refuses_what_a_carrier_has(self) -> None:
        order = make_paid_order(1)
        parcel = arrange(order)
        collect(order, parcel)
        refuses(orders.TooManyUnits, lambda: withdraw(order, list(parcel)), order)
        assert OrderLine.objects.get(order_id=order.id).arranged == 1


class TestCompleteOrder:
    def delivered(self) -> orders.OrderView:
        order = make_paid_order(1)
        parcel = arrange(order)
        collect(order, parcel)
        deliver(order, parcel)
        return order

    def test_completes_once(self) -> None:
        order = self.delivered()
        assert complete(order)
        assert not complete(order)
        assert orders.get_order(order_id=order.id).completed_at == NOON

    def test_refuses_what_has_not_arrived(self) -> None:
        order = make_paid_order(1)
        collect(order, arrange(order))
        refuses(orders.NotDelivered, lambda: complete(order), order)

    def test_refuses_an_order_on_hold(self) -> None:
        order = self.delivered()
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="dispute", owner_ref=1, now=NOON))
        refuses(orders.OrderOnHold, lambda: complete(order), order)


class TestPaying:
    def test_is_not_done_twice(self) -> None:
        purchase = open_purchase(price(a_basket(a_line(1, 1000))))
        pay(purchase)
        with pytest.raises(AssertionError):
            pay(purchase)
        assert len(history_of(orders.get_order(order_id=purchase.orders[0].id))) == 1
