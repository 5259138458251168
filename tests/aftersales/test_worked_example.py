"""E3 of pricing: the partial refunds of E2 until nothing is left, each as a case, to the cent."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseKind, CaseState
from apps.checkout import api as checkout
from apps.orders import api as orders
from tests.books import assert_books_agree, balance_of
from tests.factories.aftersales import SHOWN, approve, ask, deliver, open_case, receive, send_back, send_money
from tests.factories.checkout import ShopFloor
from tests.factories.examples import buy_e2
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tradecore import clock

pytestmark = pytest.mark.django_db

CHANGE_OF_MIND: Mapping[str, object] = {"reason": "no_longer_wanted"}
SELLER_FAULT: Mapping[str, object] = {"reason": "defective", "evidence": SHOWN}

#: Units of A, B and C; why; and what comes back: buyer, VAT, coupon.
STEPS = (
    ((1, 0, 0), CHANGE_OF_MIND, 1862, 310, 165),
    ((1, 0, 0), SELLER_FAULT, 1863, 311, 166),
    ((0, 0, 2), CHANGE_OF_MIND, 1323, 0, 118),
    ((0, 0, 1), CHANGE_OF_MIND, 662, 0, 59),
    ((0, 1, 0), SELLER_FAULT, 1035 + 199, 173 + 33, 92),
)


@pytest.fixture
def order(floor: ShopFloor) -> orders.OrderView:
    """E2, delivered."""
    (order_id,) = buy_e2().order_ids
    checkout.end_remorse(order_id, later())
    return deliver(orders.get_order(order_id=order_id), now=later())


def later() -> datetime:
    """When the remorse time of what was bought just now is over."""
    return clock.now() + timedelta(hours=2)


class TestE3:
    def test_goes_back_step_by_step_until_nothing_is_left(self, order: orders.OrderView) -> None:
        assert balance_of("SELLER_PENDING", owner=order.shop_id) == 7744
        for quantities, why, paid, tax, coupon in STEPS:
            now, expense = later(), balance_of("PLATFORM_EXPENSE.coupon")
            quote = aftersales.quote_case(
                order_id=order.id,
                buyer_ref=order.buyer_ref,
                kind=CaseKind.RETURN_AND_REFUND,
                units=units_of(order, *quantities),
                reason=str(why["reason"]),
                now=now,
            )
            assert (quote.refund.refund.minor, quote.refund.tax.minor) == (paid, tax)
            assert quote.refund.platform_discount_void.minor == coupon
            case = approve(open_case(ask(order, *quantities, **why), now=now), now=now)
            case = receive(send_back(case, now=now), now=now)
            assert (case.state, case.refund) == (CaseState.SUCCESS, quote.refund.refund)
            assert balance_of("PLATFORM_EXPENSE.coupon") == expense - coupon
            assert_books_agree()
            send_money(now=now)
            assert_books_agree()
            assert aftersales.get_case(case_id=case.id).state is CaseState.COMPLETE
        order = orders.get_order(order_id=order.id)
        assert (order.breakdown.refunded.minor, order.status) == (6944, "COMPLETED")
        for account in ("PLATFORM_EXPENSE.coupon", "PLATFORM_EXPENSE.shipping_subsidy"):
            assert balance_of(account) == 0
        assert balance_of("SELLER_PENDING", owner=order.shop_id) == 0
        assert [numbers_of(line.sku_id) for line in order.lines] == [[(100, 0, 0)]] * 3
