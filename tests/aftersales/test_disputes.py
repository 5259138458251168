"""A buyer's bank takes money back: nobody else decides meanwhile, and what is lost undoes its order."""

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseState
from apps.orders import api as orders
from apps.payments.api import Said
from apps.payments.models import Refund
from apps.pricing.api import AmountOff
from apps.promotions.api import PromotionKind, get_promotion
from tests.books import assert_books_agree, balance_of
from tests.factories.aftersales import (
    approve,
    ask_refund,
    make_delivered_order,
    open_case,
    relay,
    see,
    send_money,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order
from tests.factories.inventory import numbers_of
from tests.factories.payments import decide, dispute, tell
from tests.factories.promotions import make_promotion
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


def holds_of(order: orders.OrderView) -> tuple[str, ...]:
    return orders.get_order(order_id=order.id).holds


class TestADispute:
    def test_holds_the_order_until_it_is_won(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        assert holds_of(order) == ("dispute",)
        tell(decide(floor.provider, Said.DISPUTE_WON))
        relay()
        assert (holds_of(order), status_of(order)) == ((), "DELIVERED")
        assert orders.list_units_gone(order_id=order.id) == []
        assert_books_agree()

    def test_that_is_lost_undoes_the_order(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        relay()
        assert (holds_of(order), status_of(order)) == ((), "COMPLETED")
        (gone,) = orders.list_units_gone(order_id=order.id)
        assert (gone.kind, gone.refund.minor) == (orders.GoneKind.CHARGED_BACK, 2399)
        assert not Refund.objects.exists()
        assert balance_of("DISPUTED") == balance_of("SELLER_PENDING", owner=floor.shop_id) == 0
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 0)]
        assert_books_agree()

    def test_that_is_lost_before_the_shipment_frees_stock_and_budget(self, floor: ShopFloor) -> None:
        coupon = make_promotion(
            PromotionKind.PLATFORM_COUPON, code="OFF", benefit=AmountOff(500), min_spend_minor=0, budget_minor=10_000
        )
        order = make_ready_order(floor, 2, coupon_codes=("OFF",))
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        relay()
        assert status_of(order) == "CANCELLED"
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]
        assert get_promotion(promotion_id=coupon.id, shop_id=None, now=READY).posted_minor == 0
        assert balance_of("PLATFORM_EXPENSE.coupon") == 0
        assert_books_agree()

    def test_of_a_part_lowers_the_lines(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        dispute(floor.provider, payable_ref=order.purchase_id, minor=1000)
        relay()
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        relay()
        assert status_of(order) == "DELIVERED"
        for _ in range(3):
            approve(open_case(ask_refund(order, 1)))
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 3399 - 1000
        assert_books_agree()

    def test_that_takes_what_was_refunded_already_is_the_platforms_loss(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        approve(open_case(ask_refund(order, 1)))
        send_money()
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        relay()
        assert balance_of("PLATFORM_EXPENSE.chargeback") == 1000
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 0
        assert_books_agree()

    def test_that_is_decided_before_it_is_heard_of_holds_nothing(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        dispute(floor.provider, payable_ref=order.purchase_id)
        tell(decide(floor.provider, Said.DISPUTE_WON))
        relay()
        assert holds_of(order) == ()
        assert orders.list_holds(order_id=order.id) == []

    def test_is_lost_once_however_often_it_is_said(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        dispute(floor.provider, payable_ref=order.purchase_id)
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        for _ in range(2):
            relay()
            OutboxEvent.objects.filter(kind__startswith="payments.dispute").update(delivered_at=None)
        relay()
        assert len(orders.list_units_gone(order_id=order.id)) == 1
        assert_books_agree()


class TestACaseBesideADispute:
    def test_gives_back_nothing_that_the_bank_has_taken(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        case = open_case(ask_refund(order, 2))
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        with pytest.raises(orders.OrderOnHold):
            approve(case)
        tell(decide(floor.provider, Said.DISPUTE_LOST))
        relay()
        case = approve(see(case.id))
        assert (case.state, case.refund) == (CaseState.COMPLETE, None)
        assert not Refund.objects.exists()
        assert_books_agree()

    def test_is_not_opened_while_the_bank_decides(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        with pytest.raises(aftersales.NotEligible):
            open_case(ask_refund(order))
