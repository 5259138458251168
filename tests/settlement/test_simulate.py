"""What a version of a plan would have cost: the arithmetic of settlement, asked twice."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.fees import api as fees
from apps.fees import models
from apps.orders import api as orders
from apps.pricing.api import RefundCause
from apps.settlement import api as settlement
from apps.settlement.models import Settlement, SettlementLine
from tests.factories.examples import Bought, Shop, Shopper, buy_e1, buy_e2, make_plan
from tests.factories.fees import FeePlanFactory, FeeRuleFactory
from tests.factories.settlement import settle_in_time
from tests.settlement.test_settle_order import refund, sums_of
from tradecore import clock
from tradecore.money import Money

CANDIDATE = {"basis": "PAYMENT_AND_PLATFORM_DISCOUNT", "rate_bp": 1200}
MOMENT = timedelta(seconds=1)


def draft(code: str = "NEW", *, currency: str = "GBP", rule: dict[str, Any] | None = None) -> str:
    """A draft with one rule."""
    plan = FeePlanFactory(code=code, currency=currency, status="draft", published_at=None)
    FeeRuleFactory(plan=plan, **(rule or CANDIDATE))
    return code


def simulate(code: str, *, around: datetime | None = None, **options: Any) -> settlement.Simulation:
    """On what was paid within an hour of a moment, by default now."""
    moment = around or clock.now()
    sound: dict[str, Any] = {
        "version": 1,
        "market": "GB",
        "paid_ge": moment - timedelta(hours=1),
        "paid_lt": moment + timedelta(hours=1),
    }
    return settlement.simulate_plan(code=code, **sound | options)


def pounds(minor: int) -> Money:
    return Money(minor, "GBP")


def sell(code: str, price_minor: int) -> Bought:
    """One piece of goods, sold under a plan."""
    shop = Shop("GB", "GBP", fee_plan=code)
    shopper = Shopper("GB", "GBP")
    quote = shopper.quote((shop.sell(price_minor, tax_category="zero"), 1))
    return Bought(shopper, quote, shopper.buy(quote), (shop,))


class TestSimulatePlan:
    def test_compares_a_draft_with_what_was_charged(self) -> None:
        bought = buy_e2()
        found = simulate(draft())
        assert (found.order_count, found.is_partial) == (1, False)
        assert found.sales == pounds(7744)
        assert (found.charged, found.simulated, found.difference) == (pounds(679), pounds(905), pounds(226))
        (fee,) = found.fees
        assert (fee.kind, fee.category_id, fee.charged, fee.simulated) == ("commission", None, pounds(679), pounds(905))
        (shop,) = found.shops
        assert (shop.shop_id, shop.order_count, shop.sales) == (bought.shops[0].row.pk, 1, pounds(7744))
        assert shop.difference == pounds(226)

    def test_comes_to_what_is_charged_where_that_plan_is_in_force(self) -> None:
        """Also after a part of the order went back."""
        (order_id,) = buy_e2().order_ids
        now = settle_in_time(order_id, now=clock.now())
        refund(order_id, (0, 1), cause=RefundCause.CHANGE_OF_MIND, now=now)
        paid_at = orders.get_sale(order_id=order_id).paid_at
        found = simulate("E2", around=paid_at)
        assert found.charged == found.simulated == pounds(-sums_of(order_id)["fee"]) == pounds(679 - 182)
        assert found.sales == pounds(7744 - 2027)

    def test_takes_what_went_back_by_the_policy_of_the_plan(self) -> None:
        (order_id,) = buy_e2().order_ids
        paid_at = orders.get_sale(order_id=order_id).paid_at
        now = settle_in_time(order_id, now=clock.now())
        refund(order_id, (0, 1), cause=RefundCause.CHANGE_OF_MIND, now=now)
        kept = simulate(draft(rule={**CANDIDATE, "refund_policy": "KEEP"}), around=paid_at)
        assert kept.simulated == pounds(905)

    def test_counts_the_tax_on_fees_and_names_fees_that_are_new(self) -> None:
        buy_e2()
        rule = {"kind": "handling", "basis": "GOODS", "rate_bp": 0, "fixed_minor": 100, "tax_rate_e5": 20_000}
        by_kind = {fee.kind: fee for fee in simulate(draft(rule=rule)).fees}
        assert (by_kind["commission"].charged, by_kind["commission"].simulated) == (pounds(679), pounds(0))
        assert (by_kind["handling"].charged, by_kind["handling"].simulated) == (pounds(0), pounds(120))

    def test_reads_the_rule_of_a_category_for_its_goods(self) -> None:
        bought = sell(make_plan("OLD", "GB", "GBP", rule=CANDIDATE), 1000)
        (line,) = orders.get_sale(order_id=bought.order_ids[0]).lines
        category = int(line.terms["category_id"])
        plan = models.FeePlan.objects.get(code=draft())
        FeeRuleFactory(plan=plan, category_id=category, rate_bp=500)
        found = {(fee.kind, fee.category_id): fee.simulated for fee in simulate("NEW").fees}
        assert found == {("commission", None): pounds(0), ("commission", category): pounds(50)}

    def test_names_the_most_affected_shops_first(self) -> None:
        plan = make_plan("OLD", "GB", "GBP", rule={**CANDIDATE, "rate_bp": 1000})
        bought = [sell(plan, price) for price in (1000, 9000, 5000)]
        found = simulate(draft())
        by_size = [bought[place].shops[0].row.pk for place in (1, 2, 0)]
        assert [shop.shop_id for shop in found.shops] == by_size
        assert [shop.difference.minor for shop in found.shops] == [180, 100, 20]
        assert found.difference == pounds(300)

    def test_names_ten_shops_at_most_and_counts_all(self) -> None:
        plan = make_plan("OLD", "GB", "GBP", rule=CANDIDATE)
        for _ in range(settlement.SHOPS_SHOWN + 1):
            sell(plan, 1000)
        found = simulate(draft())
        assert len(found.shops) == settlement.SHOPS_SHOWN
        assert found.order_count == settlement.SHOPS_SHOWN + 1


class TestWhichOrders:
    def test_looks_at_those_that_were_paid_last(self) -> None:
        plan = make_plan("OLD", "GB", "GBP", rule=CANDIDATE)
        _, *newest = [sell(plan, price) for price in (1000, 2000, 3000)]
        found = simulate(draft(), limit=2)
        assert found.is_partial
        assert {shop.shop_id for shop in found.shops} == {bought.shops[0].row.pk for bought in newest}
        assert not simulate("NEW", limit=3).is_partial

    def test_looks_at_what_was_paid_in_that_time(self) -> None:
        (order_id,) = sell(make_plan("OLD", "GB", "GBP", rule=CANDIDATE), 1000).order_ids
        paid_at = orders.get_sale(order_id=order_id).paid_at
        draft()
        assert simulate("NEW", paid_ge=paid_at, paid_lt=paid_at + MOMENT).order_count == 1
        assert simulate("NEW", paid_ge=paid_at - MOMENT, paid_lt=paid_at).order_count == 0
        assert simulate("NEW", market="FR").order_count == 0

    def test_looks_at_one_tier_where_asked(self) -> None:
        sell(make_plan("OLD", "GB", "GBP", rule=CANDIDATE), 1000)
        FeeRuleFactory(plan=FeePlanFactory(code="OLD", version=2, status="draft", published_at=None), rate_bp=100)
        other = sell(make_plan("OTHER", "GB", "GBP", rule=CANDIDATE), 2000)
        assert simulate("OLD", version=2).order_count == 2
        tier = simulate("OLD", version=2, is_tier_only=True)
        assert (tier.order_count, tier.charged, tier.simulated) == (1, pounds(120), pounds(10))
        assert other.shops[0].row.pk not in {shop.shop_id for shop in tier.shops}

    def test_does_not_look_at_what_was_never_paid(self) -> None:
        shop = Shop("GB", "GBP", fee_plan=make_plan("OLD", "GB", "GBP", rule=CANDIDATE))
        shopper = Shopper("GB", "GBP")
        shopper.quote((shop.sell(1000), 1))
        assert simulate(draft()).order_count == 0


class TestRefusals:
    def test_a_version_that_there_is_not(self) -> None:
        with pytest.raises(fees.UnknownFeePlan):
            simulate(draft(), version=2)

    def test_orders_in_another_currency(self) -> None:
        buy_e1()
        with pytest.raises(fees.FeePlanInvalid, match="GBP"):
            simulate(draft(), market="US")


class TestNothing:
    def test_is_written(self) -> None:
        (order_id,) = buy_e2().order_ids
        before = orders.get_sale(order_id=order_id)
        with CaptureQueriesContext(connection) as captured:
            simulate(draft())
        written = [
            query["sql"] for query in captured if not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))
        ]
        assert [sql for sql in written if "fees_" not in sql] == []
        assert orders.get_sale(order_id=order_id) == before
        assert not Settlement.objects.exists()
        assert not SettlementLine.objects.exists()

    def test_takes_more_statements_for_more_orders(self) -> None:
        draft()
        plan = make_plan("OLD", "GB", "GBP", rule=CANDIDATE)
        counts = []
        for _ in range(2):
            sell(plan, 1000)
            with CaptureQueriesContext(connection) as captured:
                simulate("NEW")
            counts.append(len(captured))
        assert counts[0] == counts[1] <= 8


class TestSales:
    def test_read_together_are_those_that_are_read_one_by_one(self) -> None:
        (order_id,) = buy_e2().order_ids
        now = settle_in_time(order_id, now=clock.now())
        for units in ((0, 1), (2, 1)):
            refund(order_id, units, cause=RefundCause.CHANGE_OF_MIND, now=now)
        (other_id,) = sell(make_plan("OLD", "GB", "GBP", rule=CANDIDATE), 1000).order_ids
        assert orders.list_sales(order_ids=[other_id, order_id]) == [
            orders.get_sale(order_id=order_id),
            orders.get_sale(order_id=other_id),
        ]
