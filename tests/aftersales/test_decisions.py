"""What sellers, buyers and the platform decide of a case, and what follows from it."""

from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import Act, Actor, CaseKind, CaseState, Evidence, Found, Verdict
from apps.fulfilment.api import TrackingStatus
from apps.inventory import api as inventory
from apps.orders import api as orders
from apps.payments.models import Refund
from tests.aftersales.support import refuses
from tests.books import assert_books_agree, balance_of
from tests.factories.aftersales import (
    DAY,
    SHOWN,
    approve,
    ask,
    ask_refund,
    ask_replacement,
    decide,
    escalate,
    make_delivered_order,
    make_shipped_order,
    open_case,
    receive,
    refuse_return,
    reject,
    relay,
    see,
    send_back,
    send_money,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, let_time_pass, make_ready_order, ship, track
from tests.factories.inventory import numbers_of
from tests.factories.orders import units_of
from tests.support import in_use_case
from tradecore.errors import NotFound
from tradecore.models import AuditEntry, OutboxEvent
from tradecore.money import Money

pytestmark = pytest.mark.django_db


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def assert_waits_for(case: aftersales.CaseView, state: CaseState, act: Act, actor: Actor) -> None:
    assert (case.state, case.next_action.action, case.next_action.actor) == (state, act, actor)


def holds_of(case: aftersales.CaseView) -> tuple[str, ...]:
    return orders.get_order(order_id=case.order_id).holds


def take_all(floor: ShopFloor, sku_id: int) -> None:
    """Let nothing of the SKU be for sale any more."""
    ((available, _, _),) = numbers_of(sku_id)
    inventory.adjust_stock(
        shop_id=floor.shop_id,
        warehouse_id=floor.warehouse.pk,
        sku_id=sku_id,
        delta=-available,
        reason="sold elsewhere",
        actor="tests",
        now=READY,
    )


class TestApproveARefund:
    def test_gives_the_money_back_and_lets_the_order_go(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = approve(open_case(ask_refund(order, 2)))
        assert_waits_for(case, CaseState.SUCCESS, Act.SEND_MONEY, Actor.PLATFORM)
        assert (case.refund, case.is_open, holds_of(case)) == (gbp(2000), False, ())
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.order_ref) == (2000, order.id)
        assert orders.get_order(order_id=order.id).lines[0].refunded == 2
        assert_books_agree()

    def test_is_complete_when_the_money_has_arrived(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_refund(make_delivered_order(floor, 2))))
        send_money()
        case = see(case.id)
        assert (case.state, case.next_action.actor) == (CaseState.COMPLETE, Actor.NOBODY)
        assert case.closed_at is not None
        assert_books_agree()

    def test_returns_no_stock(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        approve(open_case(ask_refund(order)))
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]

    def test_completes_an_order_all_of_which_is_refunded(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        case = approve(open_case(ask_refund(order, 2)))
        assert case.refund == gbp(2399)
        assert orders.get_order(order_id=order.id).status == "COMPLETED"
        assert_books_agree()

    def test_gives_back_what_is_left_when_a_parcel_is_lost_meanwhile(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        package = track(ship(order), TrackingStatus.COLLECTED)
        case = open_case(ask_refund(order, 2, reason="not_received", evidence=Evidence()))
        track(package, TrackingStatus.LOST)
        case = approve(case)
        assert (case.state, case.refund) == (CaseState.COMPLETE, None)
        assert Refund.objects.get().amount_minor == 2399
        assert_books_agree()

    def test_refuses_a_case_that_was_edited_since_it_was_read(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask_refund(order, 1))
        aftersales.edit_case(case_id=case.id, request=ask_refund(order, 3), now=READY)
        with refuses(aftersales.CaseVersionStale, version=case.version + 1):
            approve(case, version=case.version)

    def test_refuses_while_a_bank_decides(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = open_case(ask_refund(order))
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="dispute", owner_ref=1, now=READY))
        with refuses(orders.OrderOnHold):
            approve(case)

    def test_refuses_a_second_answer(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_refund(make_delivered_order(floor, 2))))
        for act in (approve, reject):
            with refuses(aftersales.CaseNotWaiting, case_state="SUCCESS"):
                act(case)

    def test_refuses_a_comment_that_is_too_long(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor)))
        with refuses(aftersales.CaseInvalid):
            approve(case, comment="x" * 1001)


class TestReturns:
    def test_come_back_are_inspected_and_paid(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = approve(open_case(ask(order, 2)))
        assert_waits_for(case, CaseState.AWAITING_BUYER_SHIP, Act.SHIP_BACK, Actor.BUYER)
        case = send_back(case)
        assert_waits_for(case, CaseState.BUYER_SHIPPED_ITEM, Act.INSPECT, Actor.SELLER)
        assert case.returned_by == aftersales.Parcel(carrier="royal_mail", tracking_number="RT000000001GB")
        assert numbers_of(order.lines[0].sku_id) == [(97, 0, 0)]
        case = receive(case, good=[1])
        assert_waits_for(case, CaseState.SUCCESS, Act.SEND_MONEY, Actor.PLATFORM)
        assert case.refund == gbp(2000)
        assert numbers_of(order.lines[0].sku_id) == [(98, 0, 0)]
        line = orders.get_order(order_id=order.id).lines[0]
        assert (line.returned, line.refunded) == (2, 2)
        assert_books_agree()

    def test_may_be_left_with_the_buyer(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        case = approve(open_case(ask(order, 1)), buyer_keeps_goods=True)
        assert (case.state, case.refund) == (CaseState.SUCCESS, gbp(1000))
        assert orders.get_order(order_id=order.id).lines[0].returned == 0

    def test_may_arrive_without_a_word(self, floor: ShopFloor) -> None:
        case = receive(approve(open_case(ask(make_delivered_order(floor, 2)))))
        assert case.state is CaseState.SUCCESS
        assert [step.act for step in case.steps] == ["open", "approve", "arrive", "accept_return"]

    def test_may_be_refused_by_who_shows_why(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = refuse_return(send_back(approve(open_case(ask(order)))))
        assert_waits_for(case, CaseState.RECEIVE_REJECTED, Act.ESCALATE, Actor.BUYER)
        assert not Refund.objects.exists()
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]

    def test_refuse_a_parcel_that_is_none(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask(make_delivered_order(floor))))
        for carrier, number in (("", "1"), ("royal mail", "1"), ("royal_mail", ""), ("royal_mail", "x" * 61)):
            with refuses(aftersales.CaseInvalid):
                aftersales.ship_back(case_id=case.id, carrier=carrier, tracking_number=number, now=READY)

    def test_are_not_sent_before_they_are_approved(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        for act in (send_back, receive, refuse_return):
            with refuses(aftersales.CaseNotWaiting, next_action="review"):
                act(case)

    def test_refuse_a_line_that_was_not_asked_about(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 1, 1)
        case = send_back(approve(open_case(ask(order, 1, 0))))
        found = {order.lines[1].id: Found(good=1, damaged=0)}
        with refuses(orders.LineUnknown, line_id=order.lines[1].id):
            aftersales.accept_return(case_id=case.id, found=found, comment="", now=READY)

    @pytest.mark.parametrize(("good", "damaged"), [(2, 1), (3, 0), (-1, 1)])
    def test_refuse_more_than_was_asked_about(self, floor: ShopFloor, good: int, damaged: int) -> None:
        order = make_delivered_order(floor, 3)
        case = send_back(approve(open_case(ask(order, 2))))
        found = {order.lines[0].id: Found(good=good, damaged=damaged)}
        with refuses(aftersales.TooManyUnitsFound, expected=2):
            aftersales.accept_return(case_id=case.id, found=found, comment="", now=READY)

    def test_are_not_refused_without_evidence_or_for_any_reason(self, floor: ShopFloor) -> None:
        case = send_back(approve(open_case(ask(make_delivered_order(floor)))))
        with refuses(aftersales.EvidenceMissing):
            aftersales.refuse_return(case_id=case.id, reason="parcel_empty", comment="", evidence=Evidence(), now=READY)
        with refuses(aftersales.ReasonNotAllowed):
            aftersales.refuse_return(case_id=case.id, reason="delivered", comment="", evidence=SHOWN, now=READY)

    def test_do_not_come_back_twice(self, floor: ShopFloor) -> None:
        """A unit that was replaced has a second life at its buyer's: see Note [Units of a case]."""
        order = make_delivered_order(floor)
        case = receive(send_back(approve(open_case(ask_replacement(order)))))
        aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="1", now=READY)
        aftersales.confirm_replacement(case_id=case.id, now=READY)
        with refuses(aftersales.UnitsNotEligible, available=0):
            open_case(ask(order))
        assert approve(open_case(ask_refund(order))).refund == gbp(1399)
        assert_books_agree()


class TestReject:
    def test_lets_the_buyer_go_to_the_platform(self, floor: ShopFloor) -> None:
        case = reject(open_case(ask_refund(make_delivered_order(floor))), evidence=SHOWN, comment="It works.")
        assert_waits_for(case, CaseState.REJECTED, Act.ESCALATE, Actor.BUYER)
        assert case.next_action.due_at == READY + 2 * DAY
        assert [(shown.by) for shown in case.evidence] == [Actor.BUYER, Actor.SELLER]
        assert holds_of(case) == ("case",)

    def test_refuses_a_reason_of_another_kind(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor)))
        with refuses(aftersales.ReasonNotAllowed, reason="parcel_empty"):
            reject(case, reason="parcel_empty")


class TestOffers:
    def test_are_paid_when_they_are_accepted_and_the_goods_stay(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2, 1)
        case = open_case(ask(order, 2, 1))
        aftersales.make_offer(case_id=case.id, version=None, amount=gbp(1000), comment="Keep it.", now=READY)
        case = see(case.id)
        assert_waits_for(case, CaseState.AWAITING_BUYER_RESPONSE, Act.ANSWER_OFFER, Actor.BUYER)
        assert case.offered == gbp(1000)
        aftersales.accept_offer(case_id=case.id, version=case.version, now=READY)
        case = see(case.id)
        assert (case.state, case.agreed, case.refund) == (CaseState.SUCCESS, gbp(1000), gbp(1000))
        lines = orders.get_order(order_id=order.id).lines
        assert [line.refunded for line in lines] == [0, 0]
        (gone,) = orders.list_units_gone(order_id=order.id)
        assert (gone.kind, gone.units) == (orders.GoneKind.CONCEDED, ())
        assert_books_agree()

    def test_leave_the_rest_to_be_refunded_to_the_cent(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask(order, 3))
        aftersales.make_offer(case_id=case.id, version=None, amount=gbp(1000), comment="", now=READY)
        aftersales.accept_offer(case_id=case.id, version=None, now=READY)
        for _ in range(3):
            approve(open_case(ask_refund(order, 1)))
            assert_books_agree()
        assert sum(Refund.objects.values_list("amount_minor", flat=True)) == 3399

    def test_that_are_refused_are_the_sellers_to_decide_again(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        aftersales.make_offer(case_id=case.id, version=None, amount=gbp(100), comment="", now=READY)
        aftersales.refuse_offer(case_id=case.id, comment="No.", now=READY + DAY)
        case = see(case.id)
        assert_waits_for(case, CaseState.REQUEST_PENDING, Act.REVIEW, Actor.SELLER)
        assert (case.offered, case.next_action.due_at) == (None, READY + 3 * DAY)

    @pytest.mark.parametrize("amount", [gbp(0), gbp(-1), gbp(2001), Money(100, "EUR")])
    def test_refuse_an_amount_that_cannot_be(self, floor: ShopFloor, amount: Money) -> None:
        case = open_case(ask(make_delivered_order(floor, 3), 2))
        with refuses(aftersales.OfferNotPossible, most=gbp(2000)):
            aftersales.make_offer(case_id=case.id, version=None, amount=amount, comment="", now=READY)

    def test_refuse_a_fourth(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        for _ in range(3):
            aftersales.make_offer(case_id=case.id, version=None, amount=gbp(100), comment="", now=READY)
            aftersales.refuse_offer(case_id=case.id, comment="", now=READY)
        with refuses(aftersales.TooManyOffers, limit=3):
            aftersales.make_offer(case_id=case.id, version=None, amount=gbp(100), comment="", now=READY)

    def test_are_not_accepted_as_they_were_before(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        aftersales.make_offer(case_id=case.id, version=None, amount=gbp(200), comment="", now=READY)
        first = see(case.id).version
        aftersales.refuse_offer(case_id=case.id, comment="", now=READY)
        aftersales.make_offer(case_id=case.id, version=None, amount=gbp(100), comment="", now=READY)
        with refuses(aftersales.CaseVersionStale):
            aftersales.accept_offer(case_id=case.id, version=first, now=READY)

    def test_are_not_answered_where_there_is_none(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        with refuses(aftersales.CaseNotWaiting):
            aftersales.accept_offer(case_id=case.id, version=None, now=READY)
        with refuses(aftersales.CaseNotWaiting):
            aftersales.refuse_offer(case_id=case.id, comment="", now=READY)


class TestReplacements:
    def test_are_set_aside_sent_and_confirmed_and_no_money_moves(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        sku_id = order.lines[0].sku_id
        case = approve(open_case(ask_replacement(order, 2)))
        assert_waits_for(case, CaseState.AWAITING_BUYER_SHIP, Act.SHIP_BACK, Actor.BUYER)
        assert numbers_of(sku_id) == [(96, 2, 0)]
        case = receive(send_back(case), good=[1])
        assert_waits_for(case, CaseState.SUCCESS, Act.SHIP_REPLACEMENT, Actor.SELLER)
        assert (holds_of(case), numbers_of(sku_id)) == (("case",), [(97, 2, 0)])
        aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="JD01", now=READY)
        case = see(case.id)
        assert_waits_for(case, CaseState.SUCCESS, Act.CONFIRM_REPLACEMENT, Actor.BUYER)
        assert numbers_of(sku_id) == [(97, 0, 0)]
        aftersales.confirm_replacement(case_id=case.id, now=READY)
        case = see(case.id)
        assert (case.state, case.refund, holds_of(case)) == (CaseState.COMPLETE, None, ())
        assert not Refund.objects.exists()
        assert_books_agree()

    def test_bring_another_sku_in_an_exchange(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        other = floor.add_sku(price_minor=1000)
        request = ask(order, kind=CaseKind.EXCHANGE, exchange_for={order.lines[0].id: other})
        case = approve(open_case(request), buyer_keeps_goods=True)
        assert numbers_of(other) == [(99, 1, 0)]
        aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="JD01", now=READY)
        assert numbers_of(other) == [(99, 0, 0)]

    def test_are_refunded_by_a_seller_who_cannot_send_them(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = approve(open_case(ask_replacement(order)), buyer_keeps_goods=True)
        aftersales.refund_instead(case_id=case.id, comment="Sold out.", now=READY)
        case = see(case.id)
        assert (case.state, case.refund) == (CaseState.SUCCESS, gbp(1399))
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert_books_agree()

    def test_go_back_on_the_shelf_when_the_case_is_closed(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = approve(open_case(ask_replacement(order)))
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY)
        assert (see(case.id).state, holds_of(case)) == (CaseState.CANCELLED, ())
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]

    def test_refuse_what_is_out_of_stock(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        take_all(floor, order.lines[0].sku_id)
        case = open_case(ask_replacement(order))
        with refuses(inventory.OutOfStock):
            approve(case)

    def test_refuse_what_was_set_aside_and_is_gone(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_replacement(make_delivered_order(floor))), buyer_keeps_goods=True)
        inventory.expire_holds(now=READY + 90 * DAY)
        with refuses(aftersales.ReplacementGone):
            aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="1", now=READY)

    def test_may_be_taken_to_the_platform_when_they_are_not_right(self, floor: ShopFloor) -> None:
        case = approve(open_case(ask_replacement(make_delivered_order(floor))), buyer_keeps_goods=True)
        aftersales.ship_replacement(case_id=case.id, carrier="dhl", tracking_number="1", now=READY)
        case = decide(escalate(case), Verdict.SUPPORT_BUYER)
        assert (case.state, case.refund) == (CaseState.SUCCESS, gbp(1399))
        assert_books_agree()


class TestArbitration:
    @pytest.fixture
    def rejected(self, floor: ShopFloor) -> aftersales.CaseView:
        return escalate(reject(open_case(ask(make_delivered_order(floor, 2)))))

    def test_waits_for_the_platform(self, rejected: aftersales.CaseView) -> None:
        assert_waits_for(rejected, CaseState.IN_ARBITRATION, Act.ARBITRATE, Actor.PLATFORM)
        assert rejected.next_action.due_at == READY + 5 * DAY

    def test_for_the_buyer_has_the_goods_sent_back_first(self, rejected: aftersales.CaseView) -> None:
        case = decide(rejected, Verdict.SUPPORT_BUYER)
        assert_waits_for(case, CaseState.AWAITING_BUYER_SHIP, Act.SHIP_BACK, Actor.BUYER)
        assert receive(send_back(case)).refund == gbp(1000)
        assert_books_agree()

    def test_for_the_buyer_pays_at_once_where_they_keep_the_goods(self, rejected: aftersales.CaseView) -> None:
        case = decide(rejected, Verdict.SUPPORT_BUYER, buyer_keeps_goods=True)
        assert (case.state, case.verdict, case.refund) == (CaseState.SUCCESS, Verdict.SUPPORT_BUYER, gbp(1000))

    def test_for_the_buyer_pays_at_once_what_the_seller_has_seen_come_back(self, floor: ShopFloor) -> None:
        case = escalate(refuse_return(send_back(approve(open_case(ask(make_delivered_order(floor, 2)))))))
        assert decide(case, Verdict.SUPPORT_BUYER).refund == gbp(1000)

    def test_for_the_seller_closes_the_case(self, rejected: aftersales.CaseView) -> None:
        case = decide(rejected, Verdict.SUPPORT_SELLER)
        assert (case.state, case.verdict, holds_of(case)) == (CaseState.CANCELLED, Verdict.SUPPORT_SELLER, ())
        assert not Refund.objects.exists()

    def test_makes_a_refund_of_a_replacement(self, floor: ShopFloor) -> None:
        case = escalate(reject(open_case(ask_replacement(make_delivered_order(floor, 2)))))
        case = decide(case, Verdict.SUPPORT_BUYER)
        assert (case.kind, case.state) == (CaseKind.RETURN_AND_REFUND, CaseState.AWAITING_BUYER_SHIP)

    def test_says_what_the_platform_owes_the_shop_where_it_pays(
        self, floor: ShopFloor, rejected: aftersales.CaseView
    ) -> None:
        case = decide(rejected, Verdict.SUPPORT_BUYER, platform_pays=True)
        pending = balance_of("SELLER_PENDING", owner=floor.shop_id)
        case = receive(send_back(case))
        event = OutboxEvent.objects.get(kind="aftersales.platform_compensation_due")
        lost = pending - balance_of("SELLER_PENDING", owner=floor.shop_id)
        assert event.payload["amount"] == {"amount": gbp(lost).amount, "currency": "GBP"}
        assert OutboxEvent.objects.filter(aggregate="case", aggregate_id=case.id).count() == case.version

    def test_stands_in_the_audit(self, rejected: aftersales.CaseView) -> None:
        decide(rejected, Verdict.SUPPORT_SELLER)
        entry = AuditEntry.objects.get(subject=f"case:{rejected.id}")
        assert (entry.actor, entry.action) == ("user:7", "case.arbitrated")
        assert entry.after is not None
        assert entry.after["verdict"] == "SUPPORT_SELLER"

    def test_refuses_a_case_that_nobody_has_escalated(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        with refuses(aftersales.CaseNotWaiting):
            decide(case, Verdict.SUPPORT_BUYER)
        with refuses(aftersales.CaseNotWaiting):
            escalate(case)

    def test_refuses_for_the_buyer_while_a_bank_decides(self, rejected: aftersales.CaseView) -> None:
        in_use_case(lambda: orders.place_hold(order_id=rejected.order_id, kind="dispute", owner_ref=1, now=READY))
        with refuses(orders.OrderOnHold):
            decide(rejected, Verdict.SUPPORT_BUYER, buyer_keeps_goods=True)


class TestWithdraw:
    @pytest.mark.parametrize(
        "way",
        [
            (),
            (approve,),
            (reject,),
            (reject, escalate),
            (approve, send_back, refuse_return),
            (approve, send_back, refuse_return, escalate),
        ],
    )
    def test_closes_a_case_that_is_not_decided(self, floor: ShopFloor, way: Any) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        for act in way:
            case = act(case)
        aftersales.withdraw_case(case_id=case.id, comment="Never mind.", now=READY)
        case = see(case.id)
        assert (case.state, holds_of(case)) == (CaseState.CANCELLED, ())
        assert not Refund.objects.exists()

    def test_refuses_while_goods_are_on_their_way_back(self, floor: ShopFloor) -> None:
        case = send_back(approve(open_case(ask(make_delivered_order(floor)))))
        with refuses(aftersales.CaseNotWaiting):
            aftersales.withdraw_case(case_id=case.id, comment="", now=READY)

    def test_lets_the_order_complete(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = open_case(ask(order), now=READY + 29 * DAY)
        let_time_pass(READY + 30 * DAY)
        assert orders.get_order(order_id=order.id).status == "DELIVERED"
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY + 30 * DAY)
        relay()
        let_time_pass(READY + 30 * DAY)
        assert orders.get_order(order_id=order.id).status == "COMPLETED"


class TestRefusedParcels:
    def test_are_counted_in_when_they_come_back(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        track(ship(order), TrackingStatus.REFUSED)
        assert orders.get_order(order_id=order.id).status == "CANCELLED"
        relay()
        (summary,) = aftersales.list_cases(limit=5, shop_ids=[floor.shop_id])
        case = see(summary.id)
        assert_waits_for(case, CaseState.BUYER_SHIPPED_ITEM, Act.COUNT_IN, Actor.SELLER)
        assert (case.kind, case.initiator, holds_of(case)) == (CaseKind.REFUSED_PARCEL, Actor.SYSTEM, ())
        refunds = Refund.objects.count()
        case = receive(case, good=[1])
        assert (case.state, case.refund) == (CaseState.COMPLETE, None)
        assert numbers_of(order.lines[0].sku_id) == [(99, 0, 0)]
        assert orders.get_order(order_id=order.id).lines[0].returned == 2
        assert Refund.objects.count() == refunds
        assert_books_agree()

    def test_are_no_case_of_their_buyer(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        track(ship(order), TrackingStatus.REFUSED)
        relay()
        assert aftersales.list_cases(limit=5, buyer_ref=order.buyer_ref) == []

    def test_are_expected_once_however_often_it_is_said(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        track(ship(order), TrackingStatus.REFUSED)
        relay()
        OutboxEvent.objects.filter(kind="fulfilment.package_refused").update(delivered_at=None)
        relay()
        assert len(aftersales.list_cases(limit=5)) == 1

    def test_of_a_part_leave_the_rest_alone(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        track(ship(order, units_of(order, 1)), TrackingStatus.REFUSED)
        track(ship(order), TrackingStatus.DELIVERED)
        relay()
        (summary,) = aftersales.list_cases(limit=5)
        receive(see(summary.id))
        order = orders.get_order(order_id=order.id)
        assert receive(send_back(approve(open_case(ask(order, 1))))).refund is not None
        assert numbers_of(order.lines[0].sku_id) == [(100, 0, 0)]
        assert_books_agree()


class TestScope:
    def test_shows_a_case_to_its_buyer_and_its_shop_alone(self, floor: ShopFloor) -> None:
        order = make_shipped_order(floor)
        case = open_case(ask_refund(order, reason="not_received"))
        assert aftersales.get_case(case_id=case.id, buyer_ref=order.buyer_ref).id == case.id
        assert aftersales.get_case(case_id=case.id, shop_ids=[floor.shop_id]).id == case.id
        scopes: tuple[dict[str, Any], ...] = ({"buyer_ref": 1}, {"shop_ids": [1]})
        for scope in scopes:
            with pytest.raises(NotFound):
                aftersales.get_case(case_id=case.id, **scope)
            assert aftersales.list_cases(limit=5, **scope) == []
