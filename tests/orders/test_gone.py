"""Units that leave an order for good: what goes back for them adds up, in whatever groups they go."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.orders import api as orders
from apps.orders.models import Order, OrderLine, UnitsGoneEntry
from apps.pricing.api import AmountOff, PricedBasket, PromotionKind, RateOff, ShopShipping
from tests.factories.orders import (
    arrange,
    cancel,
    collect,
    deliver,
    lose,
    make_paid_order,
    make_paid_orders,
    open_purchase,
    status_of,
    units_of,
)
from tests.factories.pricing import OTHER_SHOP, SHOP, a_basket, a_coupon, a_line, a_rule, price
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.money import Money

SELLER_COUPON, PLATFORM_COUPON, FREE_SHIPPING = 11, 12, 13

# Each example is a few dozen statements on a real database; the rows of one example do not disturb the next.
on_database = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

pytestmark = pytest.mark.django_db


@st.composite
def priced_baskets(draw: st.DrawFn) -> PricedBasket:
    """One shop, a few lines, two coupons, shipping with its own discount; tax inside the prices or on top of them."""
    lines = [
        a_line(
            line_no,
            draw(st.integers(0, 9999)),
            draw(st.integers(1, 4)),
            tax_rate_e5=draw(st.sampled_from([0, 8875, 20000])),
        )
        for line_no in range(1, draw(st.integers(1, 3)) + 1)
    ]
    basket = a_basket(
        *lines,
        tax_inclusive=draw(st.booleans()),
        shipping=(ShopShipping(SHOP, draw(st.integers(0, 999)), 20000),),
        recorded_difference_minor=draw(st.integers(0, 7)),
    )
    return price(
        basket,
        a_coupon(SELLER_COUPON, AmountOff(draw(st.integers(1, 500)))),
        a_coupon(PLATFORM_COUPON, RateOff(1000, 777), shop_id=None, platform_share_bp=7000),
        a_rule(FREE_SHIPPING, PromotionKind.SHIPPING_DISCOUNT, AmountOff(draw(st.integers(1, 1500)))),
    )


def in_groups(order: orders.OrderView, data: st.DataObject) -> list[list[orders.LineUnits]]:
    """All units of an order, in random order and random groups."""
    all_units = [line.id for line in order.lines for _ in range(line.quantity)]
    shuffled = data.draw(st.permutations(all_units))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=len(shuffled), max_size=len(shuffled)))
    groups: list[list[orders.LineUnits]] = []
    while shuffled:
        size = sizes[len(groups)]
        counts = Counter(shuffled[:size])
        groups.append([orders.LineUnits(line_id=line, quantity=count) for line, count in counts.items()])
        shuffled = shuffled[size:]
    return groups


def given_back_in_all(gone: Sequence[orders.UnitsGone]) -> Counter[int]:
    total: Counter[int] = Counter()
    for part in gone:
        total.update(part.given_back)
    return total


class TestCancelUnits:
    @on_database
    @given(priced=priced_baskets(), data=st.data())
    def test_sends_back_the_total_in_any_grouping(self, priced: PricedBasket, data: st.DataObject) -> None:
        (order,) = make_paid_orders(priced)
        gone = [cancel(order, group) for group in in_groups(order, data)]

        assert sum(part.refund.minor for part in gone) == priced.total.minor
        assert all(part.refund.minor >= 0 for part in gone)
        spent = {use.promotion_id: use.amount_minor for use in priced.promotion_uses}
        assert given_back_in_all(gone) == Counter(spent)
        assert [part.order_is_dead for part in gone] == [False] * (len(gone) - 1) + [True]
        assert gone[-1].restored == frozenset(spent)
        assert Order.objects.get(pk=order.id).refunded_minor == priced.total.minor

    def test_cancels_all_that_is_open_unless_units_are_named(self) -> None:
        order = make_paid_order(2, 1)
        gone = cancel(order)
        assert {(part.line_id, part.quantity) for part in gone.units} == {
            (order.lines[0].id, 2),
            (order.lines[1].id, 1),
        }
        assert gone.refund == Money(3000, "GBP")
        assert status_of(order) == "CANCELLED"

    def test_adds_up_a_line_that_is_named_twice(self) -> None:
        order = make_paid_order(3)
        gone = cancel(order, [*units_of(order, 1), *units_of(order, 1)])
        assert gone.refund == Money(2000, "GBP")
        assert orders.get_order(order_id=order.id).lines[0].cancelled == 2

    def test_leaves_what_is_in_a_parcel(self) -> None:
        order = make_paid_order(3)
        arrange(order, units_of(order, 1))
        gone = cancel(order)
        assert gone.units == tuple(units_of(order, 2))
        assert status_of(order) == "AWAITING_COLLECTION"

    def test_makes_the_order_delivered_when_the_rest_of_it_is(self) -> None:
        order = make_paid_order(2)
        part = arrange(order, units_of(order, 1))
        collect(order, part)
        assert not deliver(order, part)
        assert not cancel(order).order_is_dead
        assert status_of(order) == "DELIVERED"

    def test_gives_a_free_shipping_back_to_the_budget_of_the_seller(self) -> None:
        basket = a_basket(a_line(1, 1000), shipping=(ShopShipping(SHOP, 399),))
        (order,) = make_paid_orders(
            price(basket, a_rule(FREE_SHIPPING, PromotionKind.SHIPPING_DISCOUNT, AmountOff(399)))
        )
        gone = cancel(order)
        assert gone.given_back == {FREE_SHIPPING: 399}

    def test_restores_a_coupon_only_with_the_last_order_that_it_covered(self) -> None:
        basket = a_basket(a_line(1, 1000), a_line(2, 1000, shop_id=OTHER_SHOP))
        first, second = make_paid_orders(price(basket, a_coupon(PLATFORM_COUPON, AmountOff(500), shop_id=None)))
        assert cancel(first).restored == frozenset()
        assert cancel(second).restored == {PLATFORM_COUPON}

    def test_restores_no_coupon_of_an_order_of_which_a_part_was_shipped(self) -> None:
        basket = a_basket(a_line(1, 1000, 2))
        (order,) = make_paid_orders(price(basket, a_coupon(SELLER_COUPON, AmountOff(500))))
        part = arrange(order, units_of(order, 1))
        collect(order, part)
        lose(order, part)
        gone = cancel(order)
        assert gone.order_is_dead
        assert gone.restored == frozenset()

    @pytest.mark.parametrize(("initiator", "shipping_minor"), [("seller", 399), ("system", 399), ("buyer", 0)])
    def test_sends_shipping_back_with_the_last_unit_by_whose_fault_it_is(
        self, initiator: str, shipping_minor: int
    ) -> None:
        (order,) = make_paid_orders(price(a_basket(a_line(1, 1000, 2), shipping=(ShopShipping(SHOP, 399),))))
        part = arrange(order, units_of(order, 1))
        collect(order, part)
        assert lose(order, part).refund == Money(1000, "GBP")
        assert cancel(order, initiator=initiator).refund == Money(1000 + shipping_minor, "GBP")


class TestCancelUnitsRefuses:
    def refused(self, order: orders.OrderView, error: type[Exception], **parts: object) -> None:
        before = orders.get_order(order_id=order.id)
        with pytest.raises(error):
            cancel(order, **parts)  # type: ignore[arg-type]
        assert orders.get_order(order_id=order.id) == before
        assert not UnitsGoneEntry.objects.exists()

    def test_an_order_that_there_is_not(self) -> None:
        with pytest.raises(NotFound):
            in_use_case(
                lambda: orders.cancel_units(order_id=new_id(), units=None, initiator="buyer", reason="tests", now=NOON)
            )

    def test_what_is_unpaid(self) -> None:
        purchase = open_purchase(price(a_basket(a_line(1, 1000))))
        self.refused(orders.get_order(order_id=purchase.orders[0].id), orders.NotCancellable)

    def test_what_is_all_in_parcels(self) -> None:
        order = make_paid_order(1)
        arrange(order)
        self.refused(order, orders.NotCancellable)

    def test_nothing(self) -> None:
        self.refused(make_paid_order(1), orders.NotCancellable, units=[])

    def test_a_buyer_while_the_order_is_on_hold(self) -> None:
        order = make_paid_order(1)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="risk", owner_ref=1, now=NOON))
        self.refused(order, orders.OrderOnHold, initiator="buyer")

    def test_a_line_of_another_order(self) -> None:
        other = make_paid_order(1)
        self.refused(make_paid_order(1), orders.LineUnknown, units=units_of(other, 1))

    @pytest.mark.parametrize("quantity", [3, -1])
    def test_more_units_than_there_are(self, quantity: int) -> None:
        order = make_paid_order(2, 1)
        units = [orders.LineUnits(line_id=order.lines[0].id, quantity=quantity), *units_of(order, 0, 1)]
        self.refused(order, orders.TooManyUnits, units=units)


class TestLoseUnits:
    @on_database
    @given(priced=priced_baskets(), data=st.data())
    def test_sends_back_the_total_of_what_a_carrier_lost_in_any_grouping(
        self, priced: PricedBasket, data: st.DataObject
    ) -> None:
        (order,) = make_paid_orders(priced)
        groups = in_groups(order, data)
        cancelled_first = data.draw(st.integers(0, len(groups) - 1))
        gone = [cancel(order, group) for group in groups[:cancelled_first]]
        collect(order, arrange(order))
        gone += [lose(order, group) for group in groups[cancelled_first:]]

        assert sum(part.refund.minor for part in gone) == priced.total.minor
        assert given_back_in_all(gone) == Counter({u.promotion_id: u.amount_minor for u in priced.promotion_uses})
        assert not any(part.restored for part in gone)
        assert status_of(order) == "CANCELLED"

    def test_keeps_the_shipping_of_what_was_refused_at_the_door(self) -> None:
        (order,) = make_paid_orders(price(a_basket(a_line(1, 1000), shipping=(ShopShipping(SHOP, 399),))))
        parcel = arrange(order)
        collect(order, parcel)
        gone = lose(order, parcel, reason="refused")
        assert gone.refund == Money(1000, "GBP")
        assert gone.order_is_dead

    def test_delivers_the_order_when_all_else_has_arrived(self) -> None:
        order = make_paid_order(2)
        collect(order, arrange(order))
        deliver(order, units_of(order, 1))
        assert not lose(order, units_of(order, 1)).order_is_dead
        assert status_of(order) == "DELIVERED"

    def test_refuses_what_the_carrier_does_not_have(self) -> None:
        order = make_paid_order(2)
        arrange(order)
        with pytest.raises(orders.TooManyUnits):
            lose(order, units_of(order, 1))
        assert OrderLine.objects.get(order_id=order.id).lost == 0
        assert not UnitsGoneEntry.objects.exists()

    def test_refuses_a_line_that_is_named_twice_beyond_what_there_is(self) -> None:
        order = make_paid_order(1)
        collect(order, arrange(order))
        with pytest.raises(orders.TooManyUnits):
            lose(order, [*units_of(order, 1), *units_of(order, 1)])
        assert OrderLine.objects.get(order_id=order.id).lost == 0
