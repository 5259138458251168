"""What may be asked for, and what it would bring, said in advance."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.api import Actor, CaseKind, Eligibility
from apps.aftersales.reasons import FILE, RULES, list_reasons, read_rules, return_paid_by
from apps.markets.api import list_markets
from apps.orders import api as orders
from apps.pricing.api import RefundCause
from tests.aftersales.support import refuses
from tests.factories.aftersales import (
    DAY,
    approve,
    ask,
    ask_refund,
    make_delivered_order,
    make_shipped_order,
    open_case,
)
from tests.factories.checkout import ShopFloor
from tests.factories.fulfilment import READY, make_ready_order
from tests.factories.orders import units_of
from tests.support import NOON
from tradecore.errors import NotFound


def look(order: orders.OrderView, *, days: int = 0) -> dict[str, tuple[int, str | None]]:
    """Of the first line: units, or why not, by kind."""
    found = aftersales.check_eligibility(order_id=order.id, buyer_ref=order.buyer_ref, now=READY + days * DAY)
    return _of_first_line(found)


def _of_first_line(found: Eligibility) -> dict[str, tuple[int, str | None]]:
    return {kind.kind.value: (kind.units, kind.why_not) for kind in found.lines[0].kinds}


@pytest.mark.django_db
class TestEligibility:
    def test_is_nothing_before_the_shipment(self, floor: ShopFloor) -> None:
        assert set(look(make_ready_order(floor, 2)).values()) == {(0, "not_shipped")}

    def test_is_money_on_the_way(self, floor: ShopFloor) -> None:
        found = look(make_shipped_order(floor, 2))
        assert found.pop("REFUND_ONLY") == (2, None)
        assert set(found.values()) == {(0, "not_delivered")}

    def test_is_everything_once_it_has_arrived(self, floor: ShopFloor) -> None:
        assert set(look(make_delivered_order(floor, 2)).values()) == {(2, None)}

    def test_is_nothing_when_the_time_is_over(self, floor: ShopFloor) -> None:
        assert set(look(make_delivered_order(floor, 2), days=30).values()) == {(0, "window_over")}

    def test_leaves_out_what_is_spoken_for_and_what_went_back(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        open_case(ask(order, 1))
        assert look(order)["REFUND_ONLY"] == (2, None)
        approve(open_case(ask_refund(order, 1)))
        assert look(order)["RETURN_AND_REFUND"] == (1, None)
        open_case(ask(order, 1))
        assert look(order)["EXCHANGE"] == (0, "in_another_case")

    def test_says_for_which_reasons(self, floor: ShopFloor) -> None:
        order = make_shipped_order(floor)
        found = aftersales.check_eligibility(order_id=order.id, buyer_ref=order.buyer_ref, now=READY)
        (money, *_) = found.lines[0].kinds
        assert [(reason.code, reason.needs_evidence) for reason in money.reasons] == [
            ("not_received", False),
            ("too_late", False),
        ]

    def test_is_nobodys_but_the_buyers(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        with pytest.raises(NotFound):
            aftersales.check_eligibility(order_id=order.id, buyer_ref=1, now=READY)


@pytest.mark.django_db
class TestQuote:
    def quote(self, order: orders.OrderView, *counts: int, **parts: Any) -> aftersales.CaseQuote:
        return aftersales.quote_case(
            **{
                "order_id": order.id,
                "buyer_ref": order.buyer_ref,
                "kind": CaseKind.RETURN_AND_REFUND,
                "units": units_of(order, *counts),
                "reason": "no_longer_wanted",
                "now": READY,
                **parts,
            }
        )

    def test_says_what_comes_back_and_who_pays_the_way(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        quote = self.quote(order, 1)
        assert (quote.refund.refund.minor, quote.refund.tax.minor, quote.refund.is_last) == (1000, 167 - 1, False)
        assert (quote.cause, quote.return_paid_by) == (RefundCause.CHANGE_OF_MIND, Actor.BUYER)

    def test_gives_shipping_back_with_the_last_unit(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        quote = self.quote(order, 2, reason="defective")
        assert (quote.refund.refund.minor, quote.refund.shipping.minor) == (2399, 399)
        assert quote.return_paid_by is Actor.SELLER

    def test_is_what_then_goes_back(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 3)
        for _ in range(3):
            quote = self.quote(order, 1, kind=CaseKind.REFUND_ONLY, reason="defective")
            assert approve(open_case(ask_refund(order, 1))).refund == quote.refund.refund

    def test_refuses_what_could_not_be_opened(self, floor: ShopFloor) -> None:
        order = make_delivered_order(floor, 2)
        with refuses(NotFound):
            self.quote(order, 1, buyer_ref=1)
        with refuses(aftersales.NotEligible, why="window_over"):
            self.quote(order, 1, now=READY + 30 * DAY)
        with refuses(aftersales.ReasonNotAllowed):
            self.quote(order, 1, reason="not_received")
        other = make_delivered_order(floor)
        with refuses(orders.LineUnknown):
            self.quote(order, 1, units=units_of(other, 1))
        with refuses(aftersales.UnitsNotEligible, available=2):
            self.quote(order, 3)


class TestReasons:
    @pytest.mark.django_db
    def test_are_there_for_every_market_and_kind(self, floor: ShopFloor) -> None:
        for market in list_markets(now=NOON):
            for kind in (CaseKind.REFUND_ONLY, CaseKind.RETURN_AND_REFUND, CaseKind.REPLACEMENT, CaseKind.EXCHANGE):
                assert list_reasons(market=market.code, initiator=Actor.BUYER, kind=kind, order_status="DELIVERED")

    def test_let_the_seller_pay_the_way_back_in_brazil(self) -> None:
        payers = [return_paid_by(market=market, cause=RefundCause.CHANGE_OF_MIND) for market in ("GB", "BR")]
        assert payers == [Actor.BUYER, Actor.SELLER]

    def test_of_a_market_stand_before_the_general_one(self) -> None:
        own = _reason(markets=["JP"], needs_evidence=True)
        rules = read_rules(_file(reasons=[_reason(), own]))
        place = (Actor.BUYER, CaseKind.REFUND_ONLY, "DELIVERED")
        assert rules.reasons["JP", *place]["odd"].needs_evidence
        assert not rules.reasons["*", *place]["odd"].needs_evidence

    @pytest.mark.parametrize(
        "broken",
        [
            {"reasons": [{"statuses": ["COMPLETED"]}]},
            {"reasons": [{"kinds": ["RETURN_AND_REFUND"], "statuses": ["IN_TRANSIT"]}]},
            {"reasons": [{"kinds": ["REFUSED_PARCEL"]}]},
            {"reasons": [{"initiator": "somebody"}]},
            {"reasons": [{"cause": "CANCELLED_BEFORE_SHIPMENT"}]},
            {"reasons": [{"needs_evidence": "no"}]},
            {"reasons": [{"code": "Not A Code"}]},
            {"reasons": [{}, {}]},
            {"reasons": [{"unknown": 1}]},
            {"return_paid_by": {"GB": {"CHANGE_OF_MIND": "buyer"}}},
            {"rejections": {}},
            {"more": {}},
        ],
    )
    def test_are_refused_where_they_contradict_the_rules(self, broken: Mapping[str, Any]) -> None:
        parts = dict(broken)
        if "reasons" in parts:
            parts["reasons"] = [_reason(**entry) for entry in parts["reasons"]]
        with pytest.raises((ValueError, TypeError, KeyError)):
            read_rules(_file(**parts))

    def test_of_the_file_are_read(self) -> None:
        assert read_rules(FILE.read_text(encoding="utf-8")) == RULES


def _reason(**parts: Any) -> dict[str, Any]:
    return {
        "code": "odd",
        "title": "It is odd",
        "cause": "SELLER_FAULT",
        "needs_evidence": False,
        "initiator": "buyer",
        "markets": ["*"],
        "kinds": ["REFUND_ONLY"],
        "statuses": ["DELIVERED"],
        **parts,
    }


def _file(**parts: Any) -> str:
    return json.dumps({**json.loads(FILE.read_text(encoding="utf-8")), **parts})
