"""People, clocks and carriers who act on the same case or order at the same moment."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseState
from apps.aftersales.models import Case
from apps.aftersales.pay_back import send_back as send_money_back
from apps.checkout import api as checkout
from apps.fulfilment import api as fulfilment
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.payments.models import Refund
from apps.pricing.api import RefundCause
from tests.aftersales.test_clock import due_at
from tests.books import assert_books_agree
from tests.factories.aftersales import (
    DAY,
    approve,
    ask,
    ask_refund,
    make_delivered_order,
    open_case,
    receive,
    reject,
    see,
    send_back,
    send_money,
)
from tests.factories.checkout import ShopFloor, buy, make_shop_floor
from tests.factories.fulfilment import READY, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.support import in_use_case
from tradecore import db
from tradecore.money import Money

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

# Who wins is chance.
FIVE_TIMES = pytest.mark.parametrize("attempt", range(5))

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@pytest.fixture
def floor(transactional_db: None) -> ShopFloor:
    return make_shop_floor(shipping_minor=0)


def refunds() -> list[int]:
    return sorted(Refund.objects.values_list("amount_minor", flat=True))


def failures(outcomes: Sequence[Any]) -> list[type[Exception]]:
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]


class TestRefunds:
    @FIVE_TIMES
    def test_of_60_on_100_are_one(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_delivered_order(floor, 10)

        def concede() -> None:
            gone = orders.concede(
                order_id=order.id,
                amounts={order.lines[0].id: Money(6000, "GBP")},
                cause=RefundCause.SELLER_FAULT,
                initiator="seller",
                reason="defective",
                now=READY,
            )
            send_money_back(gone, now=READY)

        assert failures(race([lambda: in_use_case(concede)] * 2)) == [orders.AmountNotRefundable]
        assert refunds() == [6000]
        send_money()
        assert_books_agree()

    def test_of_one_each_are_two_hundred_when_two_hundred_come_at_once(self, floor: ShopFloor, race: Race) -> None:
        purchase = buy((floor.add_sku(price_minor=100, stock=200), 200)).purchase
        order = ready(purchase.orders[0].id)
        track(ship(order), TrackingStatus.DELIVERED)
        refund_one = partial(
            aftersales.refund_by_seller,
            order_id=order.id,
            units=units_of(order, 1),
            reason="shops_mistake",
            comment="",
            now=READY,
        )
        outcomes = race([refund_one] * 200)
        assert set(failures(outcomes)) <= {db.Busy}  # who has waited too long is told to come again
        assert refunds() == [100] * (200 - len(failures(outcomes)))
        assert_books_agree()
        for _ in failures(outcomes):
            refund_one()
        assert refunds() == [100] * 200
        with pytest.raises(aftersales.NotEligible):
            refund_one()
        order = orders.get_order(order_id=order.id)
        assert (order.lines[0].refunded, order.status) == (200, "COMPLETED")
        assert_books_agree()

    def test_of_the_same_units_are_one_case(self, floor: ShopFloor, race: Race) -> None:
        order = make_delivered_order(floor, 3)
        outcomes = race([lambda: open_case(ask(order, 2))] * 6)
        assert failures(outcomes) == [aftersales.UnitsNotEligible] * 5
        assert Case.objects.count() == 1


class TestOneCase:
    @FIVE_TIMES
    def test_is_approved_or_withdrawn(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2), 1))
        outcomes = race(
            [
                lambda: approve(case),
                lambda: aftersales.withdraw_case(case_id=case.id, comment="", now=READY),
            ]
        )
        assert failures(outcomes) == [aftersales.CaseNotWaiting]
        assert (see(case.id).state, refunds()) in [(CaseState.SUCCESS, [1000]), (CaseState.CANCELLED, [])]
        assert orders.get_order(order_id=case.order_id).holds == ()
        assert_books_agree()

    @FIVE_TIMES
    def test_is_rejected_or_approved_by_silence(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        case = open_case(ask_refund(make_delivered_order(floor, 2), 1))
        due = due_at(case)
        race(
            [
                lambda: reject(case, now=due),
                lambda: aftersales.act_by_default(case.id, due),
                lambda: aftersales.act_by_default(case.id, due),
            ]
        )
        assert (see(case.id).state, refunds()) in [(CaseState.SUCCESS, [1000]), (CaseState.REJECTED, [])]
        assert_books_agree()

    def test_is_paid_once_and_counted_in_once(self, floor: ShopFloor, race: Race) -> None:
        order = make_delivered_order(floor, 2)
        case = send_back(approve(open_case(ask(order, 1))))
        outcomes = race([lambda: receive(case)] * 8)
        assert failures(outcomes) == [aftersales.CaseNotWaiting] * 7
        assert refunds() == [1000]
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert_books_agree()


class TestAgainstOthers:
    @FIVE_TIMES
    def test_an_order_completes_or_gets_its_case(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_delivered_order(floor, 2)
        end = READY + 30 * DAY
        outcomes = race(
            [
                lambda: open_case(ask_refund(order, 1), now=READY + 29 * DAY),
                lambda: fulfilment.complete_order(order.id, end),
            ]
        )
        order = orders.get_order(order_id=order.id)
        if failures(outcomes):
            assert failures(outcomes) == [aftersales.NotEligible]
            assert (order.status, order.holds) == ("COMPLETED", ())
        else:
            assert (order.status, order.holds) == ("DELIVERED", ("case",))

    @FIVE_TIMES
    def test_a_refund_and_a_completion_do_not_stop_each_other(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_delivered_order(floor, 2)
        case = open_case(ask_refund(order, 1))
        outcomes = race([lambda: approve(case), lambda: fulfilment.complete_order(order.id, READY + 30 * DAY)])
        assert failures(outcomes) == []
        assert refunds() == [1000]
        assert_books_agree()

    @FIVE_TIMES
    def test_a_parcel_is_lost_or_refunded(self, floor: ShopFloor, race: Race, attempt: int) -> None:
        order = make_ready_order(floor, 2)
        package = track(ship(order), TrackingStatus.COLLECTED)
        case = open_case(ask_refund(order, 2, reason="not_received"))
        outcomes = race([lambda: approve(case), lambda: track(package, TrackingStatus.LOST)])
        assert failures(outcomes) == []
        assert refunds() == [2000]
        assert see(case.id).state in {CaseState.SUCCESS, CaseState.COMPLETE}
        assert_books_agree()


def ready(order_id: int) -> orders.OrderView:
    checkout.end_remorse(order_id, READY)
    return orders.get_order(order_id=order_id)
