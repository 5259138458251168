"""What goes back of an order after its shipment: units, amounts without any, and what the buyer's bank takes."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders import api as orders
from apps.orders.models import Order, OrderLine, UnitsGoneEntry
from apps.pricing.api import AmountOff, PricedBasket, Proceeds, RefundCause, ShopShipping
from tests.factories.orders import (
    arrange,
    cancel,
    charge_back,
    collect,
    concede,
    deliver,
    lose,
    make_paid_order,
    make_paid_orders,
    refund,
    status_of,
    units_of,
)
from tests.factories.pricing import SHOP, a_basket, a_coupon, a_line, price
from tests.orders.test_gone import given_back_in_all, in_groups, on_database, priced_baskets
from tests.support import NOON, in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.money import Money

pytestmark = pytest.mark.django_db

_AMOUNTS = tuple(Proceeds.__dataclass_fields__)


def delivered(priced: PricedBasket) -> orders.OrderView:
    """The one order of what was priced, all of it at its buyer's."""
    (order,) = make_paid_orders(priced)
    return delivered_order(order)


def delivered_order(order: orders.OrderView) -> orders.OrderView:
    parcel = arrange(order)
    collect(order, parcel)
    deliver(order, parcel)
    return order


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


def assert_all_is_undone(order: orders.OrderView, gone: list[orders.UnitsGone]) -> None:
    """Every component of the sale went back, to the cent, but what a change of mind or a fault leaves of charges."""
    sale = orders.get_sale(order_id=order.id)
    undone = {name: sum(getattr(part.proceeds, name) for part in gone) for name in _AMOUNTS}
    assert undone == {name: getattr(sale.proceeds, name) for name in _AMOUNTS}
    assert Order.objects.get(pk=order.id).refunded_minor == undone["paid_minor"]
    assert [entry.sequence for entry in sale.gone] == list(range(1, len(sale.gone) + 1))


class TestRefundUnits:
    @on_database
    @given(priced=priced_baskets(), data=st.data())
    def test_undoes_the_sale_in_any_mixture_of_cancelling_losing_refunding_and_conceding(
        self, priced: PricedBasket, data: st.DataObject
    ) -> None:
        (order,) = make_paid_orders(priced)
        groups = in_groups(order, data)
        cancelled = data.draw(st.integers(0, len(groups) - 1))
        lost = data.draw(st.integers(cancelled, len(groups) - 1))
        gone = [cancel(order, group) for group in groups[:cancelled]]
        collect(order, arrange(order))
        gone += [lose(order, group) for group in groups[cancelled:lost]]
        for group in groups[lost:]:
            gone += [*conceded_first(order, data), refund(order, group)]

        assert_all_is_undone(order, gone)
        assert given_back_in_all(gone) == Counter({u.promotion_id: u.amount_minor for u in priced.promotion_uses})
        assert all(part.refund.minor >= 0 for part in gone)

    def test_keeps_an_order_delivered_until_all_of_it_is_refunded(self) -> None:
        order = delivered_order(make_paid_order(2))
        assert refund(order, units_of(order, 1)).refund == pounds(1000)
        assert status_of(order) == "DELIVERED"
        assert not refund(order, units_of(order, 1)).order_is_dead
        assert status_of(order) == "COMPLETED"

    def test_completes_an_order_on_its_way_all_of_which_is_refunded(self) -> None:
        order = make_paid_order(1)
        parcel = arrange(order)
        collect(order, parcel)
        refund(order, parcel)
        assert status_of(order) == "COMPLETED"
        assert not deliver(order, parcel)
        assert status_of(order) == "COMPLETED"

    def test_is_not_paid_twice_when_what_was_refunded_is_lost_afterwards(self) -> None:
        order = make_paid_order(2)
        parcel = arrange(order)
        collect(order, parcel)
        refund(order, units_of(order, 1))
        assert lose(order, units_of(order, 1)).refund == pounds(0)
        assert lose(order, units_of(order, 1)).refund == pounds(1000)
        line = OrderLine.objects.get(order_id=order.id)
        assert (line.lost, line.refunded) == (2, 0)

    def test_is_paid_when_the_other_unit_is_lost_than_the_one_that_came_and_was_refunded(self) -> None:
        order = make_paid_order(2)
        collect(order, arrange(order))
        deliver(order, units_of(order, 1))
        refund(order, units_of(order, 1))
        assert lose(order, units_of(order, 1)).refund == pounds(1000)

    @pytest.mark.parametrize(
        ("cause", "shipping_minor"), [(RefundCause.SELLER_FAULT, 399), (RefundCause.CHANGE_OF_MIND, 0)]
    )
    def test_sends_shipping_back_by_whose_fault_it_is(self, cause: RefundCause, shipping_minor: int) -> None:
        order = delivered(price(a_basket(a_line(1, 1000), shipping=(ShopShipping(SHOP, 399),))))
        assert refund(order, units_of(order, 1), cause=cause).refund == pounds(1000 + shipping_minor)

    def test_sends_the_standard_delivery_back_after_a_change_of_mind_where_the_law_says_so(self) -> None:
        order = delivered(price(a_basket(a_line(1, 1000), shipping=(ShopShipping(SHOP, 999),))))
        Order.objects.filter(pk=order.id).update(standard_shipping_minor=399)
        gone = refund(order, units_of(order, 1), cause=RefundCause.CHANGE_OF_MIND)
        assert gone.refund == pounds(1399)

    def test_says_in_advance_what_goes_back(self) -> None:
        basket = a_basket(a_line(1, 1000, 3, tax_rate_e5=20000), shipping=(ShopShipping(SHOP, 399),))
        order = delivered(price(basket, a_coupon(11, AmountOff(500))))
        units = units_of(order, 2)
        quote = orders.quote_refund(order_id=order.id, units=units, amounts={}, cause=RefundCause.SELLER_FAULT)
        assert not quote.is_last
        assert quote.seller_discount_void == pounds(334)
        assert refund(order, units).refund == quote.refund

    def test_refuses_what_was_not_shipped(self) -> None:
        order = make_paid_order(1)
        with pytest.raises(orders.NotRefundable):
            refund(order, units_of(order, 1))
        assert not UnitsGoneEntry.objects.exists()

    def test_refuses_more_than_the_carrier_had(self) -> None:
        order = make_paid_order(2)
        collect(order, arrange(order, units_of(order, 1)))
        with pytest.raises(orders.TooManyUnits):
            refund(order, units_of(order, 2))
        assert OrderLine.objects.get(order_id=order.id).refunded == 0
        assert not UnitsGoneEntry.objects.exists()

    def test_refuses_an_order_that_there_is_not(self) -> None:
        with pytest.raises(NotFound):
            in_use_case(
                lambda: orders.refund_units(
                    order_id=new_id(),
                    units=[],
                    cause=RefundCause.SELLER_FAULT,
                    initiator="buyer",
                    reason="tests",
                    now=NOON,
                )
            )


def conceded_first(order: orders.OrderView, data: st.DataObject) -> list[orders.UnitsGone]:
    """Sometimes some of what is left of a line is conceded before its units go back."""
    line = data.draw(st.sampled_from(order.lines))
    left = left_of(order, line.id)
    amount = data.draw(st.integers(0, left))
    return [concede(order, {line.id: pounds(amount)})] if amount else []


def left_of(order: orders.OrderView, line_id: int) -> int:
    """How much can still be conceded of a line: what the refusal of too much says."""
    try:
        orders.quote_refund(
            order_id=order.id, units=[], amounts={line_id: pounds(10**12)}, cause=RefundCause.SELLER_FAULT
        )
    except orders.AmountNotRefundable as refusal:
        return refusal.refundable.minor
    raise AssertionError("so much cannot be left")


class TestConcede:
    def test_lowers_what_is_left_of_the_line(self) -> None:
        order = delivered_order(make_paid_order(3))
        line_id = order.lines[0].id
        assert concede(order, {line_id: pounds(1000)}).refund == pounds(1000)
        assert [refund(order, units_of(order, 1)).refund.minor for _ in range(3)] == [666, 667, 667]
        assert status_of(order) == "COMPLETED"

    def test_gives_back_the_tax_inside_the_amount_and_no_coupon(self) -> None:
        basket = a_basket(a_line(1, 1200, tax_rate_e5=20000))
        order = delivered(price(basket, a_coupon(12, AmountOff(200), shop_id=None, platform_share_bp=10_000)))
        gone = concede(order, {order.lines[0].id: pounds(500)})
        (entry,) = orders.get_sale(order_id=order.id).gone
        part = entry.parts[order.lines[0].id]
        assert (part.net_minor, part.tax_minor, part.platform_discount_minor) == (500, 83, 0)
        assert gone.given_back == {}

    @pytest.mark.parametrize("amount", [Money(0, "GBP"), Money(3001, "GBP"), Money(5, "EUR")])
    def test_refuses_nothing_too_much_and_other_money(self, amount: Money) -> None:
        order = delivered_order(make_paid_order(3))
        with pytest.raises(orders.AmountNotRefundable):
            concede(order, {order.lines[0].id: amount})
        assert not UnitsGoneEntry.objects.exists()

    def test_refuses_a_line_of_another_order(self) -> None:
        order, other = delivered_order(make_paid_order(1)), make_paid_order(1)
        with pytest.raises(orders.LineUnknown):
            concede(order, {other.lines[0].id: pounds(1)})
        assert not UnitsGoneEntry.objects.exists()


class TestChargeBack:
    def test_of_everything_undoes_the_order(self) -> None:
        order = delivered(price(a_basket(a_line(1, 1000, 2), shipping=(ShopShipping(SHOP, 399),))))
        gone = charge_back(order, 2399)
        assert_all_is_undone(order, [gone])
        assert status_of(order) == "COMPLETED"

    def test_of_a_part_lowers_the_lines_by_what_is_left_of_them(self) -> None:
        order = delivered_order(make_paid_order(1, 2))
        charge_back(order, 1500)
        assert [left_of(order, line.id) for line in order.lines] == [500, 1000]
        assert status_of(order) == "DELIVERED"

    def test_frees_the_units_that_are_in_no_parcel(self) -> None:
        order = make_paid_order(2)
        gone = charge_back(order, 2000)
        assert gone.from_stock == tuple(units_of(order, 2))
        assert gone.order_is_dead
        assert status_of(order) == "CANCELLED"

    def test_takes_no_more_than_the_order_has_left(self) -> None:
        order = delivered_order(make_paid_order(2))
        refund(order, units_of(order, 1))
        assert charge_back(order, 2000).refund == pounds(1000)


class TestReturnUnits:
    def test_counts_what_came_back_and_not_more(self) -> None:
        order = delivered_order(make_paid_order(2))
        in_use_case(lambda: orders.return_units(order_id=order.id, units=units_of(order, 2), now=NOON))
        assert orders.get_order(order_id=order.id).lines[0].returned == 2
        with pytest.raises(orders.TooManyUnits):
            in_use_case(lambda: orders.return_units(order_id=order.id, units=units_of(order, 1), now=NOON))
