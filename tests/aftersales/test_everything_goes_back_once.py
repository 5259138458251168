"""Any sequence of cancellations, refunds, concessions, losses and chargebacks sums to what was captured, exactly."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.aftersales import api as aftersales
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.payments.api import Said
from apps.payments.models import CaptureShare, Dispute, Refund
from apps.pricing.api import AmountOff
from apps.promotions.api import PromotionKind, get_promotion
from tests.books import assert_books_agree, balance_of
from tests.factories.aftersales import approve, ask, ask_refund, open_case, receive, relay, see, send_back, send_money
from tests.factories.checkout import ShopFloor, add_shop, buy
from tests.factories.fulfilment import READY, ship, track
from tests.factories.payments import decide, dispute, tell
from tests.factories.promotions import make_promotion
from tradecore.errors import Refusal
from tradecore.money import Money

pytestmark = pytest.mark.django_db

Do = Callable[[ShopFloor, int, int, int], Any]


def units(order_id: int, line: int, count: int) -> tuple[orders.LineUnits, ...]:
    lines = orders.get_order(order_id=order_id).lines
    return (orders.LineUnits(line_id=lines[line].id, quantity=count),)


def cancel(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    checkout.cancel_lines(
        order_id=order_id, units=units(order_id, line, count), initiator="seller", reason="out_of_stock", now=READY
    )


def deliver(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    _ship(order_id, line, count, TrackingStatus.DELIVERED)


def lose(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    _ship(order_id, line, count, TrackingStatus.LOST)


def set_off(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    _ship(order_id, line, count, TrackingStatus.IN_TRANSIT)


def _ship(order_id: int, line: int, count: int, status: TrackingStatus) -> None:
    order = orders.get_order(order_id=order_id)
    track(ship(order, units(order_id, line, count)), status)


def refund(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    order = orders.get_order(order_id=order_id)
    reason = "defective" if order.status == "DELIVERED" else "not_received"
    approve(open_case(ask_refund(order, units=units(order_id, line, count), reason=reason)))


def give_back(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    order = orders.get_order(order_id=order_id)
    receive(send_back(approve(open_case(ask(order, units=units(order_id, line, count))))))


def concede(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    order = orders.get_order(order_id=order_id)
    reason = "defective" if order.status == "DELIVERED" else "not_received"
    case = open_case(ask_refund(order, units=units(order_id, line, count), reason=reason))
    try:
        aftersales.make_offer(case_id=case.id, version=None, amount=Money(37 * count, "GBP"), comment="", now=READY)
        aftersales.accept_offer(case_id=case.id, version=None, now=READY)
    except aftersales.OfferNotPossible:
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY)


def charge_back(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    """So much of the payment is taken for good."""
    share = CaptureShare.objects.get(order_ref=order_id)
    left = share.amount_minor - share.refunded_minor - share.charged_back_minor
    minor = min(left, 101 * count)
    if minor == 0:
        return
    name = f"dsp_{order_id}_{Dispute.objects.count()}"
    payable_ref = orders.get_order(order_id=order_id).purchase_id
    dispute(floor.provider, payable_ref=payable_ref, minor=minor, provider_ref=name)
    relay()
    tell(decide(floor.provider, Said.DISPUTE_LOST, provider_ref=name))
    relay()


def win(floor: ShopFloor, order_id: int, line: int, count: int) -> None:
    """A dispute that comes to nothing."""
    share = CaptureShare.objects.get(order_ref=order_id)
    if share.amount_minor == share.refunded_minor + share.charged_back_minor:
        return
    name = f"dsp_{order_id}_{Dispute.objects.count()}"
    payable_ref = orders.get_order(order_id=order_id).purchase_id
    dispute(floor.provider, payable_ref=payable_ref, minor=1, provider_ref=name)
    relay()
    tell(decide(floor.provider, Said.DISPUTE_WON, provider_ref=name))
    relay()


DOINGS: dict[str, Do] = {
    "cancel": cancel,
    "deliver": deliver,
    "lose": lose,
    "set off": set_off,
    "refund": refund,
    "give back": give_back,
    "concede": concede,
    "charge back": charge_back,
    "win": win,
}

steps = st.lists(
    st.tuples(st.sampled_from(sorted(DOINGS)), st.integers(0, 2), st.integers(1, 3)), min_size=2, max_size=10
)


class TestAnySequence:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(doings=steps, shipped_first=st.booleans())
    def test_gives_everything_back_once(
        self, floor: ShopFloor, doings: Sequence[tuple[str, int, int]], shipped_first: bool
    ) -> None:
        floor = add_shop(floor.provider)  # of its own: examples share a transaction
        coupon, order_id = buy_something(floor)
        expenses = balance_of("PLATFORM_EXPENSE.coupon") - 500
        if shipped_first:
            track(ship(orders.get_order(order_id=order_id)), TrackingStatus.DELIVERED)
        for name, line, count in doings:
            with suppress(Refusal):
                DOINGS[name](floor, order_id, line, count)
            assert_books_agree()
        finish(floor, order_id)
        assert_books_agree()
        share = CaptureShare.objects.get(order_ref=order_id)
        order = orders.get_order(order_id=order_id)
        assert share.refunded_minor + share.charged_back_minor == share.amount_minor == order.breakdown.refunded.minor
        assert sum(Refund.objects.filter(order_ref=order_id).values_list("amount_minor", flat=True)) == (
            share.refunded_minor
        )
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 0
        assert balance_of("PLATFORM_EXPENSE.coupon") == expenses
        assert get_promotion(promotion_id=coupon, shop_id=None, now=READY).posted_minor == 0


def buy_something(floor: ShopFloor) -> tuple[int, int]:
    """Three lines with a platform coupon and shipping. Returns the coupon and the order."""
    coupon = make_promotion(
        PromotionKind.PLATFORM_COUPON,
        code=f"C{Refund.objects.count()}X{Dispute.objects.count()}X{orders.list_orders(limit=99).__len__()}",
        benefit=AmountOff(500),
        min_spend_minor=0,
        budget_minor=10_000,
    )
    wanted = [(floor.add_sku(price_minor=price), count) for price, count in ((333, 3), (1999, 2), (101, 3))]
    order_id = buy(*wanted, coupon_codes=(str(coupon.terms.code),)).purchase.orders[0].id
    checkout.end_remorse(order_id, READY)
    return coupon.id, order_id


def finish(floor: ShopFloor, order_id: int) -> None:
    """Give back all that is left, by whoever may; for the fault of the seller, so that shipping goes back with it."""
    order = orders.get_order(order_id=order_id)
    if any(line.open_units for line in order.lines) and order.status != "COMPLETED":
        checkout.cancel_lines(order_id=order_id, units=None, initiator="seller", reason="out_of_stock", now=READY)
    order = orders.get_order(order_id=order_id)
    left = tuple(
        orders.LineUnits(line_id=line.id, quantity=line.refundable_units)
        for line in order.lines
        if line.refundable_units
    )
    if left:
        case_id = aftersales.refund_by_seller(
            order_id=order_id, units=left, reason="shops_mistake", comment="", now=READY
        )
        assert see(case_id).refund is not None
    send_money()
