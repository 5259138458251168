"""The database itself refuses rows that the use cases would never write."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from apps.orders.models import CancelRequest, Order, OrderHold, OrderLine, OrderTransition, Purchase, UnitsGoneEntry
from apps.pricing.api import AmountOff, ShopShipping
from tests.factories.orders import cancel, make_paid_order, make_paid_orders
from tests.factories.pricing import SHOP, a_basket, a_coupon, a_line, price
from tests.support import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def order_id() -> int:
    """A paid order of three units at 10.00 with a coupon, 3.99 of shipping and tax on top."""
    basket = a_basket(
        a_line(1, 1000, 3, tax_rate_e5=20000), tax_inclusive=False, shipping=(ShopShipping(SHOP, 399, 20000),)
    )
    (order,) = make_paid_orders(price(basket, a_coupon(5, AmountOff(300))))
    return order.id


def refused(write: Callable[[], object], *, by: str) -> None:
    """The write fails on the constraint of this name (or on a range that the column itself has)."""
    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        write()


def update(model: type[models.Model], pk: int, **columns: Any) -> Callable[[], object]:
    return lambda: model._default_manager.filter(pk=pk).update(**columns)


class TestPurchase:
    def test_is_of_one_quote(self) -> None:
        first, second = (make_paid_order(1).purchase_id for _ in range(2))
        quote_id = Purchase.objects.get(pk=first).quote_id
        refused(update(Purchase, second, quote_id=quote_id), by="quote")

    def test_has_a_total_that_is_not_negative(self, order_id: int) -> None:
        purchase_id = Order.objects.get(pk=order_id).purchase_id
        refused(update(Purchase, purchase_id, total_minor=-1), by="orders_purchase_total")


class TestOrder:
    @pytest.mark.parametrize(
        "column",
        [
            "original_minor",
            "seller_discount_minor",
            "platform_discount_minor",
            "original_shipping_minor",
            "shipping_seller_discount_minor",
            "shipping_platform_discount_minor",
            "added_tax_minor",
            "duty_minor",
            "fees_minor",
            "payment_discount_minor",
            "recorded_difference_minor",
            "total_minor",
        ],
    )
    def test_keeps_the_identity_of_the_price_ladder(self, order_id: int, column: str) -> None:
        amount = getattr(Order.objects.get(pk=order_id), column)
        refused(update(Order, order_id, **{column: amount + 1}), by="orders_order_(identity|amounts)")

    @pytest.mark.parametrize(
        "columns",
        [
            {"seller_discount_minor": -1, "platform_discount_minor": 301},
            {"shipping_seller_discount_minor": -1, "shipping_platform_discount_minor": 1},
            {"duty_minor": -1, "fees_minor": 1},
            {"tax_minor": 79},
            {"shipping_tax_minor": -1},
        ],
    )
    def test_has_no_negative_amounts(self, order_id: int, columns: dict[str, int]) -> None:
        refused(update(Order, order_id, **columns), by="orders_order_amounts")

    def test_refunds_nothing_negative_and_no_more_than_its_total(self, order_id: int) -> None:
        total_minor = Order.objects.get(pk=order_id).total_minor
        for wrong in (-1, total_minor + 1):
            refused(update(Order, order_id, refunded_minor=wrong), by="orders_order_refunded")

    def test_is_held_until_some_moment(self, order_id: int) -> None:
        refused(update(Order, order_id, is_held=True, held_until=None), by="orders_order_held")


class TestOrderLine:
    @pytest.fixture
    def line_id(self, order_id: int) -> int:
        return OrderLine.objects.get(order_id=order_id).pk

    @pytest.mark.parametrize(
        ("columns", "constraint"),
        [
            ({"quantity": 0}, "orders_line_(quantity|arranged)"),
            ({"cancelled": 2, "arranged": 2}, "orders_line_arranged"),
            ({"arranged": 1, "collected": 2}, "orders_line_collected"),
            ({"arranged": 3, "collected": 2, "delivered": 1, "lost": 2}, "orders_line_delivered"),
            ({"net_minor": 2701}, "orders_line_identity"),
            ({"seller_discount_minor": -1, "platform_discount_minor": 301}, "orders_line_identity"),
            ({"tax_minor": -1}, "orders_line_identity"),
            ({"duty_minor": -1}, "orders_line_identity"),
        ],
    )
    def test_keeps_its_identities(self, line_id: int, columns: dict[str, int], constraint: str) -> None:
        refused(update(OrderLine, line_id, **columns), by=constraint)

    def test_has_a_number_of_its_own_in_its_order(self) -> None:
        order = make_paid_order(1, 1)
        refused(update(OrderLine, order.lines[1].id, line_no=1), by="line_n")


class TestOrderTransition:
    def test_has_a_place_of_its_own_in_the_history(self, order_id: int) -> None:
        def repeat() -> None:
            OrderTransition.objects.create(
                order_id=order_id, sequence=1, before="UNPAID", after="ON_HOLD", initiator="buyer", occurred_at=NOON
            )

        refused(repeat, by="sequence")


class TestOrderHold:
    def test_is_placed_once_by_its_owner(self, order_id: int) -> None:
        def place() -> None:
            OrderHold.objects.create(order_id=order_id, kind="risk", owner_ref=1, placed_at=NOON)

        place()
        refused(place, by="orders_hold")


class TestUnitsGone:
    def test_refunds_nothing_negative(self) -> None:
        cancel(make_paid_order(1))
        entry = UnitsGoneEntry.objects.get()
        refused(update(UnitsGoneEntry, entry.pk, refund_minor=-1), by="orders_units_gone_refund")


class TestCancelRequest:
    @pytest.fixture
    def request_id(self, order_id: int) -> int:
        row = CancelRequest.objects.create(
            order_id=order_id, open_for=order_id, reason="other", requested_at=NOON, answer_by=NOON
        )
        return row.pk

    def test_is_open_once_per_order(self, request_id: int, order_id: int) -> None:
        refused(
            lambda: CancelRequest.objects.create(
                order_id=order_id, open_for=order_id, reason="other", requested_at=NOON, answer_by=NOON
            ),
            by="open_for|orders_cancel_request_open",
        )

    @pytest.mark.parametrize(
        ("columns", "by"),
        [
            ({"status": "LOST"}, "orders_cancel_request_status|orders_cancel_request_decided"),
            ({"open_for": None}, "orders_cancel_request_decided"),
            ({"open_for": 1}, "orders_cancel_request_decided"),
            ({"decided_by": "seller"}, "orders_cancel_request_decided"),
            ({"status": "APPROVED"}, "orders_cancel_request_decided"),
            (
                {"status": "APPROVED", "open_for": None, "decided_by": "buyer", "decided_at": NOON},
                "orders_cancel_request_decided",
            ),
            (
                {"status": "WITHDRAWN", "open_for": None, "decided_by": "seller", "decided_at": NOON},
                "orders_cancel_request_decided",
            ),
            (
                {"status": "REJECTED", "open_for": None, "decided_by": "seller", "decided_at": NOON},
                "orders_cancel_request_reject_reason",
            ),
            ({"reject_reason": "other"}, "orders_cancel_request_reject_reason"),
            ({"answer_by": NOON - timedelta(seconds=1)}, "orders_cancel_request_answer_by"),
        ],
    )
    def test_says_how_it_ended_and_who_ended_it(self, request_id: int, columns: dict[str, Any], by: str) -> None:
        refused(update(CancelRequest, request_id, **columns), by=by)
