"""A buyer's bank takes money back: nobody else decides meanwhile, and what is lost undoes its order."""

from dataclasses import replace

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import CaseState
from apps.checkout import api as checkout
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Call, Operation, ProviderUnreachable, Said, Statement
from apps.payments.models import Dispute, ProviderCall, Refund
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
from tests.factories.checkout import ShopFloor, buy, tender
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.factories.payments import charge_back, decide, dispute, tell
from tests.factories.promotions import make_promotion
from tests.support import NOON
from tradecore.models import InboxEntry, OutboxEvent
from tradecore.money import Money

pytestmark = pytest.mark.django_db


def status_of(order: orders.OrderView) -> str:
    return orders.get_order(order_id=order.id).status


def holds_of(order: orders.OrderView) -> tuple[str, ...]:
    return orders.get_order(order_id=order.id).holds


def lose_dispute(floor: ShopFloor, order: orders.OrderView) -> None:
    """The buyer's bank takes all of it, and keeps it; everybody has heard of both."""
    dispute(floor.provider, payable_ref=order.purchase_id)
    relay()
    tell(decide(floor.provider, Said.DISPUTE_LOST))
    relay()


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
        lose_dispute(floor, order)
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
        lose_dispute(floor, order)
        assert status_of(order) == "CANCELLED"
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]
        assert get_promotion(promotion_id=coupon.id, shop_id=None, now=READY).posted_minor == 0
        assert balance_of("PLATFORM_EXPENSE.coupon") == 0
        assert_books_agree()

    def test_that_is_lost_while_a_parcel_waits_frees_the_stock_once_no_carrier_has_come(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        package = ship(order, units_of(order, 2))
        lose_dispute(floor, order)
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 2)], "a carrier may have the parcel before we hear of it"
        let_time_pass(package.collect_cancel_at)
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]
        (line,) = orders.get_order(order_id=order.id).lines
        assert (line.cancelled, line.refunded, line.arranged) == (3, 0, 0)
        assert not Refund.objects.exists()
        assert_books_agree()

    def test_that_is_lost_while_a_parcel_waits_lets_the_carrier_take_it(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 3)
        package = ship(order, units_of(order, 2))
        lose_dispute(floor, order)
        track(package, TrackingStatus.COLLECTED)
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 0)]
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
        lose_dispute(floor, order)
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


class TestARefundOnItsWay:
    """A case has promised a unit's money, 10.00 of 23.99, when the buyer's bank takes all of it."""

    @pytest.fixture(autouse=True)
    def _silent(self, floor: ShopFloor, monkeypatch: pytest.MonkeyPatch) -> None:
        """The provider says nothing of refunds until the test does in its place."""
        send = floor.provider.send

        def send_but_refunds(call: Call) -> Statement:
            if call.operation is Operation.REFUND:
                raise ProviderUnreachable("no answer")
            return send(call)

        monkeypatch.setattr(floor.provider, "send", send_but_refunds)

    @pytest.fixture
    def order(self, floor: ShopFloor) -> orders.OrderView:
        order = make_delivered_order(floor, 2)
        approve(open_case(ask_refund(order, 1)))
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        return order

    def lose(self, floor: ShopFloor, *, provider_ref: str = "dsp_1") -> None:
        tell(decide(floor.provider, Said.DISPUTE_LOST, provider_ref=provider_ref))
        relay()

    def refuse(self, floor: ShopFloor) -> None:
        """The provider has nothing left to send it from."""
        answer_refund(floor, Said.FAILED)
        relay()

    def assert_paid_by_the_bank(self, floor: ShopFloor, order: orders.OrderView) -> None:
        refund = Refund.objects.get()
        assert refund.status == "SUCCEEDED"
        assert refund.succeeded_at is not None
        assert balance_of("BUYER_REFUND_CLEARING") == balance_of("DISPUTED") == 0
        assert balance_of("PLATFORM_EXPENSE.chargeback") == 0
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 0
        (case,) = aftersales.list_cases(order_id=order.id, limit=2)
        assert case.state is CaseState.COMPLETE
        assert_books_agree()

    def test_is_over_once_the_chargeback_is_lost(self, floor: ShopFloor, order: orders.OrderView) -> None:
        self.refuse(floor)
        assert Refund.objects.get().status == "FAILED"
        self.lose(floor)
        self.assert_paid_by_the_bank(floor, order)

    def test_is_over_when_it_is_refused_after_that(self, floor: ShopFloor, order: orders.OrderView) -> None:
        self.lose(floor)
        assert Refund.objects.get().status == "REQUESTED"
        assert balance_of("PLATFORM_EXPENSE.chargeback") == 1000
        self.refuse(floor)
        self.assert_paid_by_the_bank(floor, order)

    def test_is_over_once_however_often_it_is_said(self, floor: ShopFloor, order: orders.OrderView) -> None:
        self.refuse(floor)
        self.lose(floor)
        for kind in ("payments.refund_failed", "payments.dispute_closed"):
            OutboxEvent.objects.filter(kind=kind).update(delivered_at=None)
            InboxEntry.objects.filter(consumer__in=["aftersales.cover_refused"]).delete()
            relay()
        self.assert_paid_by_the_bank(floor, order)
        assert OutboxEvent.objects.filter(kind="payments.refund_succeeded").count() == 1

    def test_waits_for_a_person_when_the_chargeback_is_won(self, floor: ShopFloor, order: orders.OrderView) -> None:
        self.refuse(floor)
        tell(decide(floor.provider, Said.DISPUTE_WON))
        relay()
        assert Refund.objects.get().status == "FAILED"
        assert balance_of("BUYER_REFUND_CLEARING") == 1000
        payments.retry_refund(refund_id=Refund.objects.get().pk, actor="user:1", reason="it is won", now=READY)
        assert_books_agree()

    def test_that_is_sent_all_the_same_is_the_platforms_loss(self, floor: ShopFloor, order: orders.OrderView) -> None:
        answer_refund(floor, Said.REFUNDED)
        self.lose(floor)
        assert balance_of("PLATFORM_EXPENSE.chargeback") == 1000
        assert balance_of("BUYER_REFUND_CLEARING") == 0
        assert_books_agree()

    def test_that_is_refused_and_then_sent_is_found(self, floor: ShopFloor, order: orders.OrderView) -> None:
        """The buyer has it twice: the fact is posted, and I27b names the refund."""
        self.refuse(floor)
        self.lose(floor)
        answer_refund(floor, Said.REFUNDED)
        assert Refund.objects.get().status == "SUCCEEDED"
        assert balance_of("BUYER_REFUND_CLEARING") == -1000

    def test_of_another_capture_is_not_paid_by_it(self, floor: ShopFloor) -> None:
        """Two cards paid; the one whose refund is refused is not the one that was charged back."""
        bought = buy(
            (floor.add_sku(price_minor=2000), 1),
            tenders=(tender(amount=Money(1000, "GBP")), tender(amount=Money(1399, "GBP"))),
        )
        order = bought.purchase.orders[0]
        checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="other", now=NOON)
        first, second = ProviderCall.objects.filter(operation="refund").order_by("tender__position")
        answer_refund(floor, Said.FAILED, call=first)
        charge = ProviderCall.objects.get(operation__in=["charge", "capture"], tender=second.tender)
        of_second = charge_back(floor.provider, payable_ref=bought.purchase.id)
        floor.provider.disputes["dsp_1"] = replace(
            of_second, reference=charge.pk, amount=Money(charge.amount_minor, "GBP")
        )
        tell(floor.provider.disputes["dsp_1"])
        self.lose(floor)
        assert Dispute.objects.get().uncovered_minor == 1399
        assert Refund.objects.get().status == "FAILED"


def answer_refund(floor: ShopFloor, said: Said, *, call: ProviderCall | None = None) -> None:
    """What the provider says of a refund's call, in the place of what it would."""
    call = call or ProviderCall.objects.get(operation="refund")
    statement = Statement(
        said=said,
        reference=call.pk,
        provider_ref=f"re_{call.pk}",
        amount=Money(call.amount_minor, "GBP"),
        account=floor.provider.account,
    )
    checkout.apply_statement(statement=statement, provider="scripted", source="reply", now=NOON)


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
