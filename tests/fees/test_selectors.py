"""Which version of a plan is in force, and which of its rules goods are sold under."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.fees.contracts import FeeBasis, FeePlan, FeeRefundPolicy, FeeRule
from apps.fees.errors import UnknownFeePlan
from apps.fees.models import FeePlan as FeePlanRow
from apps.fees.selectors import get_plan, list_plans
from tests.factories.fees import FeePlanFactory, FeeRuleFactory
from tests.support import NOON
from tradecore import wire
from tradecore.errors import Kind

A_SECOND = timedelta(seconds=1)
CHANGE_AT = datetime(2026, 7, 1, tzinfo=UTC)

Statements = Callable[[int], AbstractContextManager[Any]]


def second_version(**fields: Any) -> FeePlanRow:
    """Version 2 of plan P, as two people have published it."""
    row: FeePlanRow = FeePlanFactory(**{"code": "P", "version": 2, "approval_id": 7, "review_ends_at": NOON, **fields})
    return row


@pytest.mark.django_db
class TestGetPlan:
    def test_has_the_rules_as_they_were_written(self) -> None:
        plan = FeePlanFactory(code="P", market="US", currency="USD", settle_after_s=60, reserve_bp=1_000, reserve_s=120)
        FeeRuleFactory(
            plan=plan,
            kind="transaction",
            basis="PAYMENT",
            rate_bp=250,
            refund_policy="KEEP",
            fixed_minor=30,
            cap_minor=999,
        )
        FeeRuleFactory(
            plan=plan,
            category_id=7,
            rate_bp=500,
            tax_rate_e5=20_000,
            refund_policy="PRO_RATA_MINUS_ADMIN",
            admin_bp=2_000,
        )
        assert get_plan("P", now=NOON) == FeePlan(
            code="P",
            version=1,
            market="US",
            currency="USD",
            valid_from=datetime(2025, 1, 1, tzinfo=UTC),
            settle_after_s=60,
            reserve_bp=1_000,
            reserve_s=120,
            rules=(
                FeeRule(
                    kind="commission",
                    category_id=7,
                    basis=FeeBasis.PAYMENT_AND_PLATFORM_DISCOUNT,
                    rate_bp=500,
                    tax_rate_e5=20_000,
                    refund_policy=FeeRefundPolicy.PRO_RATA_MINUS_ADMIN,
                    admin_bp=2_000,
                ),
                FeeRule(
                    kind="transaction",
                    basis=FeeBasis.PAYMENT,
                    rate_bp=250,
                    fixed_minor=30,
                    cap_minor=999,
                    refund_policy=FeeRefundPolicy.KEEP,
                ),
            ),
        )

    def test_is_the_version_in_force_at_that_moment(self) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="P"), rate_bp=900)
        FeeRuleFactory(plan=second_version(valid_from=CHANGE_AT), rate_bp=500)
        before, after = get_plan("P", now=CHANGE_AT - A_SECOND), get_plan("P", now=CHANGE_AT)
        assert (before.version, [rule.rate_bp for rule in before.rules]) == (1, [900])
        assert (after.version, [rule.rate_bp for rule in after.rules]) == (2, [500])

    def test_is_never_a_draft(self) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="P"))
        FeeRuleFactory(plan=second_version(status="draft", published_at=None, approval_id=None, review_ends_at=None))
        assert get_plan("P", now=NOON).version == 1

    @pytest.mark.parametrize("status", ["in_review", "rejected"])
    def test_is_never_what_waits_for_a_second_person_or_was_rejected(self, status: str) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="P"))
        FeeRuleFactory(plan=second_version(status=status, published_at=None))
        assert get_plan("P", now=NOON).version == 1

    def test_has_a_form_that_an_order_line_can_keep(self) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="P", reserve_bp=1_000, reserve_s=60), category_id=7)
        kept = wire.to_json(get_plan("P", now=NOON))
        assert (kept["code"], kept["version"], kept["valid_from"]) == ("P", 1, "2025-01-01T00:00:00.000Z")
        assert (kept["market"], kept["settle_after_s"], kept["reserve_bp"], kept["reserve_s"]) == (
            "GB",
            604_800,
            1_000,
            60,
        )
        assert kept["rules"] == [
            {
                "kind": "commission",
                "basis": "PAYMENT_AND_PLATFORM_DISCOUNT",
                "rate_bp": 900,
                "category_id": "7",
                "fixed_minor": 0,
                "cap_minor": None,
                "tax_rate_e5": 0,
                "refund_policy": "PRO_RATA",
                "admin_bp": 0,
            }
        ]

    @pytest.mark.parametrize("now", [NOON, datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)])
    def test_refuses_a_plan_of_which_no_version_is_in_force(self, now: datetime) -> None:
        FeeRuleFactory(plan=FeePlanFactory(code="P"))
        code = "p" * 100 if now == NOON else "P"
        with pytest.raises(UnknownFeePlan) as refusal:
            get_plan(code, now=now)
        assert (refusal.value.code, refusal.value.kind) == ("fees.unknown_plan", Kind.RULE)
        assert refusal.value.plan == code[:40]


@pytest.mark.django_db
class TestListPlans:
    def test_finds_any_number_with_one_statement(self, django_assert_num_queries: Statements) -> None:
        for code in ("A", "B", "C"):
            plan = FeePlanFactory(code=code)
            FeeRuleFactory(plan=plan)
            FeeRuleFactory(plan=plan, kind="transaction")
        with django_assert_num_queries(1):
            plans = list_plans(["A", "C", "A", "NOT"], now=NOON)
        assert {code: len(plan.rules) for code, plan in plans.items()} == {"A": 2, "C": 2}


class TestRulesFor:
    PLAN = FeePlan(
        code="P",
        version=1,
        market="GB",
        currency="GBP",
        valid_from=NOON,
        settle_after_s=604_800,
        rules=(
            FeeRule(kind="commission", basis=FeeBasis.PAYMENT, rate_bp=900),
            FeeRule(kind="commission", basis=FeeBasis.PAYMENT, rate_bp=500, category_id=7),
            FeeRule(kind="transaction", basis=FeeBasis.PAYMENT, rate_bp=100),
            FeeRule(kind="hazard", basis=FeeBasis.GOODS, rate_bp=50, category_id=7),
        ),
    )

    @pytest.mark.parametrize(
        ("category_id", "expected"),
        [
            (7, [("commission", 500), ("hazard", 50), ("transaction", 100)]),
            (8, [("commission", 900), ("transaction", 100)]),
            (None, [("commission", 900), ("transaction", 100)]),
        ],
    )
    def test_put_a_rule_of_the_category_in_place_of_the_general_one(
        self, category_id: int | None, expected: list[tuple[str, int]]
    ) -> None:
        assert [(rule.kind, rule.rate_bp) for rule in self.PLAN.rules_for(category_id)] == expected
