"""A buyer asks for something."""

from datetime import timedelta
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import Act, Actor, CaseKind, CaseState, Default, Evidence
from apps.fulfilment.api import TrackingStatus
from apps.orders import api as orders
from tests.aftersales.support import refuses
from tests.factories.aftersales import (
    DAY,
    SHOWN,
    ask,
    ask_refund,
    ask_replacement,
    make_delivered_order,
    make_shipped_order,
    open_case,
    see,
)
from tests.factories.catalog import ProductFactory, SkuFactory
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order, ship, track
from tests.factories.orders import units_of
from tests.support import in_use_case
from tradecore.errors import NotFound
from tradecore.ids import new_id
from tradecore.models import OutboxEvent

pytestmark = pytest.mark.django_db


class TestOpenCase:
    def test_waits_for_the_seller_who_approves_by_silence(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask(order, 2, comment="It is too big."))
        assert (case.state, case.kind, case.initiator) == (
            CaseState.REQUEST_PENDING,
            CaseKind.RETURN_AND_REFUND,
            Actor.BUYER,
        )
        assert case.next_action == aftersales.NextAction(
            actor=Actor.SELLER, action=Act.REVIEW, due_at=READY + 2 * DAY, default=Default.APPROVE
        )
        assert [(line.line_id, line.quantity) for line in case.lines] == [(order.lines[0].id, 2)]
        assert [(step.actor, step.act, step.comment) for step in case.steps] == [
            (Actor.BUYER, "open", "It is too big.")
        ]

    def test_holds_the_order(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = open_case(ask(order))
        (hold,) = orders.list_holds(order_id=order.id)
        assert (hold.kind, hold.owner_ref, hold.released_at) == ("case", case.id, None)

    def test_publishes_who_acts_next(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        event = OutboxEvent.objects.get(aggregate="case", aggregate_id=case.id)
        assert (event.kind, event.sequence, event.payload["next_actor"]) == (
            "aftersales.case_opened",
            case.version,
            "seller",
        )

    def test_keeps_what_the_buyer_shows(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor)))
        (evidence,) = case.evidence
        assert (evidence.by, evidence.text, evidence.images) == (Actor.BUYER, SHOWN.text, SHOWN.images)

    def test_takes_a_refund_of_what_is_on_its_way(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_shipped_order(floor), reason="not_received", evidence=Evidence()))
        assert case.kind is CaseKind.REFUND_ONLY

    def test_names_what_replaces_the_goods(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = open_case(ask_replacement(order))
        assert case.lines[0].wanted_sku_id == order.lines[0].sku_id

    def test_exchanges_for_another_sku_of_the_product(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        other = floor.add_sku(price_minor=1000)
        case = open_case(ask(order, kind=CaseKind.EXCHANGE, exchange_for={order.lines[0].id: other}))
        assert case.lines[0].wanted_sku_id == other

    def test_lets_units_stand_in_several_cases_one_after_another(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        open_case(ask(order, 1))
        assert open_case(ask(order, 2)).lines[0].quantity == 2


class TestRefusals:
    """In the order in which they are checked."""

    def test_refuses_a_comment_that_is_too_long(self, floor: ShopFloor) -> None:
        request = ask(make_delivered_order(floor), comment="x" * 1001)
        with refuses(aftersales.CaseInvalid, field="comment"):
            open_case(request)

    def test_refuses_a_case_about_nothing(self, floor: ShopFloor) -> None:
        request = ask(make_delivered_order(floor), units=())
        with refuses(aftersales.CaseInvalid, field="units"):
            open_case(request)

    def test_refuses_an_exchange_for_nothing(self, floor: ShopFloor) -> None:
        request = ask(make_delivered_order(floor), kind=CaseKind.EXCHANGE)
        with refuses(aftersales.CaseInvalid, field="exchange_for"):
            open_case(request)

    @pytest.mark.parametrize(
        "evidence",
        [
            Evidence(text="x" * 1001),
            Evidence(images=("https://pictures.example/x.jpg",) * 10),
            Evidence(images=("http://pictures.example/x.jpg",)),
            Evidence(images=("javascript:alert(1)",)),
            Evidence(images=("https://pictures.example/" + "x" * 500,)),
        ],
    )
    def test_refuses_what_cannot_be_kept_as_evidence(self, floor: ShopFloor, evidence: Evidence) -> None:
        request = ask_refund(make_delivered_order(floor), evidence=evidence)
        with refuses(aftersales.EvidenceInvalid):
            open_case(request)

    def test_refuses_an_order_that_there_is_not(self, floor: ShopFloor) -> None:
        request = ask(make_delivered_order(floor), order_id=new_id())
        with refuses(NotFound):
            open_case(request)

    def test_refuses_before_the_shipment(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        with refuses(aftersales.NotEligible, why="not_shipped", order_status="AWAITING_SHIPMENT"):
            open_case(ask_refund(order, reason="not_received"))

    def test_refuses_a_return_of_what_has_not_arrived(self, floor: ShopFloor) -> None:
        order = make_shipped_order(floor)
        with refuses(aftersales.NotEligible, why="not_delivered", order_status="IN_TRANSIT"):
            open_case(ask(order))

    def test_refuses_when_the_time_is_over(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        with refuses(aftersales.NotEligible, why="window_over"):
            open_case(ask(order), now=READY + 30 * DAY)

    def test_takes_it_in_the_last_second(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        assert open_case(ask(order), now=READY + 30 * DAY - timedelta(seconds=1)).is_open

    def test_refuses_a_completed_order(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        in_use_case(
            lambda: orders.complete_order(order_id=order.id, initiator="buyer", reason="receipt_confirmed", now=READY)
        )
        with refuses(aftersales.NotEligible, why="completed"):
            open_case(ask(order))

    def test_refuses_a_cancelled_order(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor)
        track(ship(order), TrackingStatus.LOST)
        with refuses(aftersales.NotEligible, why="cancelled"):
            open_case(ask(order))

    def test_refuses_while_a_bank_decides(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        in_use_case(lambda: orders.place_hold(order_id=order.id, kind="dispute", owner_ref=1, now=READY))
        with refuses(aftersales.NotEligible, why="disputed"):
            open_case(ask(order))

    @pytest.mark.parametrize(
        "parts",
        [
            {"reason": "no_such_reason"},
            {"reason": "refused_at_door"},
            {"reason": "platforms_mistake"},
            {"kind": CaseKind.REFUND_ONLY, "reason": "no_longer_wanted"},
            {"kind": CaseKind.REFUND_ONLY, "reason": "too_late"},
        ],
    )
    def test_refuses_a_reason_that_does_not_belong_here(self, floor: ShopFloor, parts: Any) -> None:
        order = make_delivered_order(floor)
        with refuses(aftersales.ReasonNotAllowed, reason=parts["reason"]):
            open_case(ask(order, **parts))

    def test_refuses_what_has_to_be_shown_and_is_not(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        with refuses(aftersales.EvidenceMissing, reason="defective"):
            open_case(ask_refund(order, evidence=Evidence()))

    def test_refuses_a_line_of_another_order(self, floor: ShopFloor) -> None:
        order, other = make_delivered_order(floor), make_delivered_order(floor)
        with refuses(orders.LineUnknown, line_id=other.lines[0].id):
            open_case(ask(order, units=tuple(units_of(other, 1))))

    @pytest.mark.parametrize("count", [0, -1, 3])
    def test_refuses_units_that_there_are_not(self, floor: ShopFloor, count: int) -> None:
        order = make_delivered_order(floor, 2)
        units = (orders.LineUnits(line_id=order.lines[0].id, quantity=count),)
        with refuses(aftersales.UnitsNotEligible, available=2):
            open_case(ask(order, units=units))

    def test_refuses_units_that_stand_in_another_case(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        open_case(ask(order, 2))
        with refuses(aftersales.UnitsNotEligible, available=1):
            open_case(ask_refund(order, 2))

    def test_refuses_units_whose_parcel_was_lost(self, floor: ShopFloor) -> None:
        order = make_ready_order(floor, 2)
        track(ship(order, units_of(order, 1)), TrackingStatus.LOST)
        track(ship(order), TrackingStatus.DELIVERED)
        order = orders.get_order(order_id=order.id)
        with refuses(aftersales.UnitsNotEligible, available=1):
            open_case(ask(order, 2))

    def test_refuses_a_sixth_case_about_a_sku(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        for _ in range(5):
            case = open_case(ask(order, 1))
            aftersales.withdraw_case(case_id=case.id, comment="", now=READY)
        with refuses(aftersales.TooManyRequests, limit=5):
            open_case(ask(order, 1))

    def test_refuses_an_exchange_for_another_product(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        line = order.lines[0]
        foreign = SkuFactory(product=ProductFactory(shop_id=floor.shop_id))
        for wanted in (line.sku_id, foreign.pk, new_id()):
            request = ask(order, kind=CaseKind.EXCHANGE, exchange_for={line.id: wanted})
            with refuses(aftersales.ExchangeNotPossible, line_id=line.id):
                open_case(request)


class TestRefundBySeller:
    def test_gives_money_back_at_once(self, floor: ShopFloor) -> None:
        order = make_shipped_order(floor, 2)
        case = see(
            aftersales.refund_by_seller(
                order_id=order.id, units=units_of(order, 1), reason="shops_mistake", comment="", now=READY
            )
        )
        assert (case.state, case.initiator) == (CaseState.SUCCESS, Actor.SELLER)
        assert case.refund is not None
        assert case.refund.minor == 1000
        assert orders.get_order(order_id=order.id).holds == ()

    def test_refuses_a_buyers_reason(self, floor: ShopFloor) -> None:
        order = make_shipped_order(floor)
        with refuses(aftersales.ReasonNotAllowed):
            aftersales.refund_by_seller(
                order_id=order.id, units=units_of(order, 1), reason="not_received", comment="", now=READY
            )


class TestEditCase:
    def test_puts_another_request_in_its_place(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask_refund(order, 1))
        later = READY + DAY
        aftersales.edit_case(case_id=case.id, request=ask(order, 3, reason="defective", evidence=Evidence()), now=later)
        case = see(case.id)
        assert (case.kind, case.lines[0].quantity) == (CaseKind.RETURN_AND_REFUND, 3)
        assert case.next_action.due_at == later + 2 * DAY
        assert [step.act for step in case.steps] == ["open", "edit"]

    def test_refuses_a_case_that_the_seller_has_reviewed(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        case = open_case(ask(order))
        aftersales.approve_case(case_id=case.id, version=None, buyer_keeps_goods=False, comment="", now=READY)
        with refuses(aftersales.CaseNotWaiting, case_state="AWAITING_BUYER_SHIP"):
            aftersales.edit_case(case_id=case.id, request=ask(order), now=READY)

    def test_refuses_a_third_edit(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask(order, 1))
        for count in (2, 3):
            aftersales.edit_case(case_id=case.id, request=ask(order, count), now=READY)
        with refuses(aftersales.TooManyEdits, limit=2):
            aftersales.edit_case(case_id=case.id, request=ask(order, 1), now=READY)

    def test_refuses_more_than_there_is_beside_other_cases(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        case = open_case(ask(order, 1))
        open_case(ask(order, 1))
        with refuses(aftersales.UnitsNotEligible, available=2):
            aftersales.edit_case(case_id=case.id, request=ask(order, 3), now=READY)

    def test_refuses_a_case_that_there_is_not(self, floor: ShopFloor) -> None:
        request = ask(make_delivered_order(floor))
        with refuses(NotFound):
            aftersales.edit_case(case_id=new_id(), request=request, now=READY)


class TestAddEvidence:
    def test_keeps_it_beside_the_first(self, floor: ShopFloor) -> None:
        case = open_case(ask_refund(make_delivered_order(floor)))
        more = Evidence(images=("uploads/2026/03/a.jpg",))
        aftersales.add_evidence(case_id=case.id, evidence=more, by=Actor.SELLER, now=READY)
        assert [(shown.by, shown.images) for shown in see(case.id).evidence] == [
            (Actor.BUYER, SHOWN.images),
            (Actor.SELLER, more.images),
        ]

    def test_refuses_nothing(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        with refuses(aftersales.EvidenceMissing):
            aftersales.add_evidence(case_id=case.id, evidence=Evidence(text=" "), by=Actor.BUYER, now=READY)

    def test_refuses_a_case_that_is_over(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        aftersales.withdraw_case(case_id=case.id, comment="", now=READY)
        with refuses(aftersales.CaseNotWaiting):
            aftersales.add_evidence(case_id=case.id, evidence=SHOWN, by=Actor.BUYER, now=READY)

    def test_refuses_more_than_is_read(self, floor: ShopFloor) -> None:
        case = open_case(ask(make_delivered_order(floor)))
        for _ in range(20):
            aftersales.add_evidence(case_id=case.id, evidence=SHOWN, by=Actor.BUYER, now=READY)
        with refuses(aftersales.EvidenceFull, limit=20):
            aftersales.add_evidence(case_id=case.id, evidence=SHOWN, by=Actor.SELLER, now=READY)
