"""What sellers are to get, from the record and the plan alone."""

from dataclasses import replace
from typing import Any

import pytest

from apps.fees.api import FeeBasis, FeePlanDraft, FeeRule
from apps.integrations.replay.earnings import Earnings, expect_earnings
from apps.integrations.replay.fee_plan import DEFAULT_FILE, read_fee_plan
from tests.integrations.replay.recorded import item, plan

SHIPPED = read_fee_plan(DEFAULT_FILE)
REFUSED: dict[str, Any] = {"status": "canceled", "delivered_at": None}
CANCELLED: dict[str, Any] = {**REFUSED, "handed_over_at": None}


def charging(**rule: Any) -> FeePlanDraft:
    """The plan with this rule alone."""
    parts = {"kind": "commission", "basis": FeeBasis.GOODS, "rate_bp": 1000, **rule}
    return replace(SHIPPED, rules=(FeeRule(**parts),))


class TestExpectEarnings:
    def test_takes_the_fees_of_the_plan_from_items_and_freight(self) -> None:
        assert expect_earnings([plan()], SHIPPED) == {
            "seller": Earnings(orders=1, sale_minor=1150, fees_minor={"commission": 120, "transaction": 23})
        }
        assert expect_earnings([plan()], SHIPPED)["seller"].net_minor == 1150 - 120 - 23

    @pytest.mark.parametrize(("price_minor", "fee_minor"), [(1004, 100), (1005, 101), (1014, 101), (1015, 102)])
    def test_rounds_a_half_up(self, price_minor: int, fee_minor: int) -> None:
        earned = expect_earnings([plan(items=(item(price_minor),))], charging())["seller"]
        assert earned.fees_minor == {"commission": fee_minor}

    def test_rounds_on_each_order_and_not_on_their_sum(self) -> None:
        lives = [plan(id="first", items=(item(1004),)), plan(id="second", items=(item(1004),))]
        assert expect_earnings(lives, charging())["seller"].fees_minor == {"commission": 200}

    @pytest.mark.parametrize(
        ("rule", "fee_minor", "tax_minor"),
        [
            ({"fixed_minor": 50}, 150, 0),
            ({"fixed_minor": 50, "cap_minor": 120}, 120, 0),
            ({"cap_minor": 0}, 0, 0),
            ({"basis": FeeBasis.PAYMENT}, 115, 0),
            ({"basis": FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT}, 115, 0),
            ({"basis": FeeBasis.GOODS_BEFORE_TAX}, 100, 0),
            ({"tax_rate_e5": 4_500}, 100, 5),
        ],
    )
    def test_charges_as_the_rule_says(self, rule: dict[str, Any], fee_minor: int, tax_minor: int) -> None:
        earned = expect_earnings([plan()], charging(**rule))["seller"]
        assert earned.fees_minor == ({"commission": fee_minor} if fee_minor else {})
        assert earned.fee_tax_minor == tax_minor
        assert earned.net_minor == 1150 - fee_minor - tax_minor

    def test_leaves_the_freight_of_what_was_refused_on_its_way(self) -> None:
        expected = Earnings(orders=1, sale_minor=150, fees_minor={"transaction": 3})
        assert expect_earnings([plan(**REFUSED)], SHIPPED) == {"seller": expected}

    @pytest.mark.parametrize("parts", [CANCELLED, {"status": "shipped", "delivered_at": None}, {"status": "created"}])
    def test_leaves_nothing_of_what_was_cancelled_or_is_not_over(self, parts: dict[str, Any]) -> None:
        nowhere = {"handed_over_at": None, "delivered_at": None} if parts["status"] == "created" else {}
        assert expect_earnings([plan(**{**nowhere, **parts})], SHIPPED) == {}

    def test_gives_each_seller_their_part(self) -> None:
        life = plan(items=(item(seller="b"), item(2000, seller="a"), item(2000, seller="a")))
        earned = expect_earnings([life], SHIPPED)
        assert {seller: each.sale_minor for seller, each in earned.items()} == {"a": 4300, "b": 1150}
        assert list(earned) == ["a", "b"]
