"""The life of a purchase, from quote to completion, and its other ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.orders.models import Order, OrderTransition, Purchase
from apps.payments import api as payments
from apps.payments.models import Capture, PaymentIntent, Refund
from config.subscriptions import TIMERS
from tests.books import assert_books_agree
from tests.factories.checkout import ShopFloor, add_shop, buy, make_buyer, make_shop_floor, place, tender
from tests.factories.inventory import numbers_of
from tests.support import NOON
from tradecore import timers
from tradecore.money import Money


@pytest.fixture
def floor(db: None) -> Iterator[ShopFloor]:
    """A shop floor. Whatever happens on it, the books agree with the facts afterwards."""
    yield make_shop_floor()
    assert_books_agree()


def sweep(now: datetime) -> None:
    while timers.sweep(handlers=TIMERS, now=now):
        pass


def status_of(purchase_id: int) -> str:
    return orders.get_purchase(purchase_id=purchase_id).status


def order_of(progress: checkout.PaymentProgress) -> orders.OrderView:
    return orders.get_order(order_id=progress.purchase.orders[0].id)


class TestBuying:
    def test_is_paid_and_held_for_its_remorse_time(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=1999)
        progress = buy((sku, 2))
        assert progress.purchase.status == "PAID"
        assert progress.purchase.total == Money(4397, "GBP")
        assert progress.payment.captured == progress.payment.amount
        order = order_of(progress)
        assert order.status == "ON_HOLD"
        assert numbers_of(sku) == [(98, 0, 2)]

    def test_goes_to_the_seller_when_the_remorse_time_ends(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1))
        sweep(NOON + timedelta(minutes=59))
        assert order_of(progress).status == "ON_HOLD"
        sweep(NOON + timedelta(minutes=61))
        assert order_of(progress).status == "AWAITING_SHIPMENT"

    def test_is_cancelled_when_the_seller_does_not_ship(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        progress = buy((sku, 1))
        sweep(NOON + timedelta(days=30))
        order = order_of(progress)
        assert (order.status, order.cancel_reason) == ("CANCELLED", "not_shipped_in_time")
        assert numbers_of(sku) == [(100, 0, 0)]
        assert Refund.objects.get().amount_minor == progress.purchase.total.minor

    def test_makes_one_order_per_shop_and_one_payment(self, floor: ShopFloor) -> None:
        other = add_shop(floor.provider)
        progress = buy((floor.add_sku(), 1), (other.add_sku(), 1))
        assert [order.shop_id for order in progress.purchase.orders] == [floor.shop_id, other.shop_id]
        assert PaymentIntent.objects.count() == 1
        total = sum(order.total.minor for order in progress.purchase.orders)
        assert total == progress.purchase.total.minor

    def test_adds_up_two_lines_of_one_sku(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(stock=3)
        progress = buy((sku, 1), (sku, 2))
        assert order_of(progress).lines[0].quantity == 3
        assert numbers_of(sku) == [(0, 0, 3)]


class TestExpiry:
    def test_gives_everything_back(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        progress = place((sku, 2))
        assert numbers_of(sku) == [(98, 2, 0)]
        sweep(NOON + timedelta(minutes=31))
        assert status_of(progress.purchase.id) == "EXPIRED"
        assert numbers_of(sku) == [(100, 0, 0)]
        assert PaymentIntent.objects.get().status == "CLOSED"

    def test_waits_for_the_longest_tender(self, floor: ShopFloor) -> None:
        progress = place((floor.add_sku(), 1), tenders=(tender(method="bank_slip"),))
        sweep(NOON + timedelta(days=2))
        assert status_of(progress.purchase.id) == "AWAITING_PAYMENT"
        sweep(NOON + timedelta(days=3, minutes=1))
        assert status_of(progress.purchase.id) == "EXPIRED"

    def test_leaves_a_paid_purchase_alone(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1))
        checkout.expire_purchase(progress.purchase.id, NOON + timedelta(hours=5))
        assert status_of(progress.purchase.id) == "PAID"


class TestPaying:
    def test_tells_the_buyer_what_to_do(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),))
        assert progress.purchase.status == "AWAITING_PAYMENT"
        action = progress.payment.tenders[0].next_action
        assert action == {"kind": "redirect", "url": "https://bank.example/3ds"}

    def test_ends_with_the_webhook_of_what_the_buyer_did(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        payments.store_webhook(provider="scripted", statement=said, now=NOON)
        assert checkout.apply_stored_answers(limit=10, now=NOON) == 1
        assert status_of(progress.purchase.id) == "PAID"

    def test_leaves_a_declined_purchase_payable(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_declined"),))
        assert progress.payment.tenders[0].status == "DECLINED"
        purchase_id = progress.purchase.id
        checkout.offer_tenders(purchase_id=purchase_id, tenders=(tender(),), now=NOON)
        assert checkout.collect_payment(purchase_id=purchase_id, now=NOON).purchase.status == "PAID"
        assert Capture.objects.count() == 1

    def test_asks_for_an_answer_that_did_not_come(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_silent"),))
        assert progress.purchase.status == "AWAITING_PAYMENT"
        payments_poll()
        assert status_of(progress.purchase.id) == "PAID"
        assert len(floor.provider.calls) == 1

    def test_sends_again_what_the_provider_never_had(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_lost"),))
        payments_poll()
        assert status_of(progress.purchase.id) == "PAID"
        assert len({call.reference for call in floor.provider.calls}) == 1

    def test_captures_several_tenders_once_all_are_authorised(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=1601)  # with shipping, 20.00
        parts = (tender(amount=Money(1500, "GBP")), tender(method="voucher", amount=Money(500, "GBP")))
        progress = buy((sku, 1), tenders=parts)
        assert progress.purchase.status == "PAID"
        operations = [str(call.operation) for call in floor.provider.calls]
        assert operations == ["authorise", "authorise", "capture", "capture"]

    def test_gives_back_what_was_authorised_when_the_rest_is_declined(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=1601)
        parts = (
            tender(amount=Money(1500, "GBP")),
            tender("tok_declined", method="voucher", amount=Money(500, "GBP")),
        )
        progress = buy((sku, 1), tenders=parts)
        assert progress.purchase.status == "AWAITING_PAYMENT"
        sweep(NOON + timedelta(minutes=31))
        payments_poll()
        assert status_of(progress.purchase.id) == "EXPIRED"
        assert str(floor.provider.calls[-1].operation) == "void"
        assert not Capture.objects.exists()

    def test_suspects_a_capture_of_another_amount(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_wrong_amount"),))
        assert status_of(progress.purchase.id) == "AWAITING_PAYMENT"
        assert progress.payment.tenders[0].status == "SUSPECT"
        assert not Capture.objects.exists()


class TestLateMoney:
    def test_goes_back_once_and_never_revives_the_order(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        progress = buy((sku, 1), tenders=(tender("tok_3ds"),))
        sweep(NOON + timedelta(minutes=31))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        for _ in range(3):
            checkout.apply_statement(statement=said, provider="scripted", source="poll", now=NOON)
        assert status_of(progress.purchase.id) == "EXPIRED"
        assert (Capture.objects.get().is_late, Refund.objects.get().reason) == (True, "late")
        assert numbers_of(sku) == [(100, 0, 0)]
        payments_poll()
        assert Refund.objects.get().status == "SUCCEEDED"

    def test_is_a_second_capture_after_another_tender_has_paid(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1), tenders=(tender("tok_3ds"),))
        checkout.offer_tenders(purchase_id=progress.purchase.id, tenders=(tender(),), now=NOON)
        checkout.collect_payment(purchase_id=progress.purchase.id, now=NOON)
        said = floor.provider.complete(floor.provider.calls[0].reference)
        checkout.apply_statement(statement=said, provider="scripted", source="poll", now=NOON)
        assert sorted(Capture.objects.values_list("is_late", flat=True)) == [False, True]
        assert Refund.objects.get().amount_minor == progress.purchase.total.minor


class TestCancelling:
    def test_sends_the_money_of_some_units_back(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=1000)
        progress = buy((sku, 3))
        order = order_of(progress)
        units = [orders.LineUnits(line_id=order.lines[0].id, quantity=1)]
        checkout.cancel_lines(order_id=order.id, units=units, initiator="buyer", reason="changed_mind", now=NOON)
        assert Refund.objects.get().amount_minor == 1000
        assert order_of(progress).status == "ON_HOLD"
        assert numbers_of(sku) == [(98, 0, 2)]

    def test_sends_everything_back_with_the_last_unit(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(price_minor=1000)
        progress = buy((sku, 3))
        order = order_of(progress)
        for _ in range(3):
            units = [orders.LineUnits(line_id=order.lines[0].id, quantity=1)]
            checkout.cancel_lines(order_id=order.id, units=units, initiator="buyer", reason="other", now=NOON)
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == progress.purchase.total.minor
        assert order_of(progress).status == "CANCELLED"
        assert numbers_of(sku) == [(100, 0, 0)]
        payments_poll()
        assert set(Refund.objects.values_list("status", flat=True)) == {"SUCCEEDED"}

    def test_refuses_more_than_there_is_and_leaves_nothing_behind(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1))
        order = order_of(progress)
        units = [orders.LineUnits(line_id=order.lines[0].id, quantity=2)]
        with pytest.raises(orders.TooManyUnits):
            checkout.cancel_lines(order_id=order.id, units=units, initiator="buyer", reason="other", now=NOON)
        assert not Refund.objects.exists()
        assert order_of(progress).version == order.version

    def test_ends_an_unpaid_purchase_whole(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        progress = place((sku, 1))
        checkout.cancel_unpaid_purchase(
            purchase_id=progress.purchase.id, initiator="buyer", reason="changed_mind", now=NOON
        )
        assert status_of(progress.purchase.id) == "CANCELLED"
        assert numbers_of(sku) == [(100, 0, 0)]


class TestRefusingToPlace:
    def test_sells_no_more_than_there_is(self, floor: ShopFloor) -> None:
        from apps.inventory.api import OutOfStock

        sku = floor.add_sku(stock=1)
        with pytest.raises(OutOfStock):
            place((sku, 2))
        assert not Purchase.objects.exists()
        assert not Order.objects.exists()
        assert numbers_of(sku) == [(1, 0, 0)]

    def test_buys_a_quote_once(self, floor: ShopFloor) -> None:
        from tests.factories.checkout import make_wish, place_quote

        buyer = make_buyer()
        quote = checkout.make_quote(wish=make_wish((floor.add_sku(), 1)), buyer=buyer, now=NOON)
        first = place_quote(quote, buyer, tenders=(tender(),))
        with pytest.raises(checkout.QuoteUsed) as refusal:
            place_quote(quote, buyer, tenders=(tender(),))
        assert refusal.value.purchase_id == first.purchase.id
        assert Purchase.objects.count() == 1

    def test_refuses_an_expired_quote_with_a_fresh_one(self, floor: ShopFloor) -> None:
        from tests.factories.checkout import make_wish, place_quote

        buyer = make_buyer()
        quote = checkout.make_quote(wish=make_wish((floor.add_sku(), 1)), buyer=buyer, now=NOON)
        with pytest.raises(checkout.QuoteExpired) as refusal:
            place_quote(quote, buyer, tenders=(tender(),), now=NOON + timedelta(days=1))
        assert refusal.value.quote.total == quote.total
        assert not Purchase.objects.exists()

    def test_refuses_somebody_elses_quote(self, floor: ShopFloor) -> None:
        from tests.factories.checkout import make_wish, place_quote

        quote = checkout.make_quote(wish=make_wish((floor.add_sku(), 1)), buyer=make_buyer(), now=NOON)
        with pytest.raises(checkout.QuoteInvalid):
            place_quote(quote, make_buyer(), tenders=(tender(),))


class TestHistory:
    def test_has_no_gap_and_ends_where_the_order_stands(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(), 1))
        sweep(NOON + timedelta(days=30))
        rows = list(OrderTransition.objects.order_by("sequence"))
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        assert [row.before for row in rows[1:]] == [row.after for row in rows[:-1]]
        assert rows[-1].after == order_of(progress).status


def payments_poll() -> None:
    """Let the poller come round, whatever its back-off says."""
    from apps.payments.models import ProviderCall
    from tradecore import clock

    for _ in range(3):
        ProviderCall.objects.exclude(ask_at=None).update(ask_at=clock.real_now() - timedelta(seconds=1))
        checkout.poll_provider_calls(limit=50, now=NOON)
