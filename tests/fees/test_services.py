"""Drafting the versions of a plan, and the first versions that one person may publish."""

import json
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from apps.fees import models, services
from apps.fees.contracts import FeePlan, FeeRefundPolicy
from apps.fees.errors import FeePlanExists, FeePlanInvalid, UnknownFeePlan
from apps.fees.selectors import get_plan, get_version
from apps.markets import api as markets
from tests.factories.fees import FeePlanFactory, FeeRuleFactory
from tests.fees.support import A_DAY, A_WEEK_S, COMMISSION, DRAFT, refused, rows, write, write_and_publish
from tests.support import NOON, in_use_case
from tradecore.models import AuditEntry
from tradecore.money import UnknownCurrency

pytestmark = pytest.mark.django_db


class TestDraftPlan:
    def test_writes_a_version_that_is_not_in_force(self) -> None:
        assert write() == 1
        assert get_version("P", 1).rules == (COMMISSION,)
        with pytest.raises(UnknownFeePlan):
            get_plan("P", now=NOON + A_DAY)
        (entry,) = AuditEntry.objects.all()
        assert (entry.action, entry.subject) == ("fee_plan.drafted", "fee_plan:P:1")
        assert entry.after is not None
        assert entry.after["rules"][0]["rate_bp"] == 900

    def test_counts_the_versions_of_each_plan(self) -> None:
        assert [write(), write(), write(replace(DRAFT, code="Q"))] == [1, 2, 1]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "Commission"},
            {"kind": ""},
            {"kind": "c" * 41},
            {"rate_bp": -1},
            {"rate_bp": 10_001},
            {"tax_rate_e5": 100_001},
            {"fixed_minor": -1},
            {"fixed_minor": 10**15 + 1},
            {"cap_minor": -1},
            {"category_id": 0},
            {"category_id": 2**63},
            {"admin_bp": 1},
            {"refund_policy": FeeRefundPolicy.PRO_RATA_MINUS_ADMIN},
            {"refund_policy": FeeRefundPolicy.PRO_RATA_MINUS_ADMIN, "admin_bp": 10_001},
        ],
    )
    def test_refuses_a_rule_that_makes_no_fee(self, wrong: dict[str, Any]) -> None:
        with refused(FeePlanInvalid) as refusal:
            write(replace(DRAFT, rules=(replace(COMMISSION, **wrong),)))
        assert refusal.value.reason

    @pytest.mark.parametrize(
        "wrong",
        [
            {"rules": ()},
            {"rules": (COMMISSION, COMMISSION)},
            {"code": "p lan"},
            {"code": ""},
            {"market": ""},
            {"market": "G B"},
            {"market": "M" * 17},
            {"valid_from": NOON.replace(tzinfo=None)},
            {"settle_after_s": -1},
            {"settle_after_s": models.WAIT_S_MAX + 1},
            {"reserve_bp": 1_000},
            {"reserve_s": 60},
            {"reserve_bp": -1, "reserve_s": 60},
            {"reserve_bp": 10_001, "reserve_s": 60},
            {"reserve_bp": 1_000, "reserve_s": -1},
            {"reserve_bp": 1_000, "reserve_s": models.WAIT_S_MAX + 1},
        ],
    )
    def test_refuses_what_makes_no_plan(self, wrong: dict[str, Any]) -> None:
        with refused(FeePlanInvalid):
            write(replace(DRAFT, **wrong))

    @pytest.mark.parametrize("other", [{"currency": "EUR"}, {"market": "DEMO"}])
    def test_refuses_another_currency_or_market_than_the_plan_had(self, other: dict[str, Any]) -> None:
        write()
        with refused(FeePlanInvalid):
            write(replace(DRAFT, **other))

    def test_keeps_what_the_order_settles_by(self) -> None:
        write(replace(DRAFT, settle_after_s=3 * 24 * 3600, reserve_bp=500, reserve_s=A_WEEK_S))
        plan = get_version("P", 1)
        assert (plan.settle_after_s, plan.reserve_bp, plan.reserve_s) == (3 * 24 * 3600, 500, A_WEEK_S)

    def test_refuses_a_currency_that_there_is_not(self) -> None:
        with refused(UnknownCurrency):
            write(replace(DRAFT, currency="ABC"))


class TestPublishFirstVersion:
    def test_puts_a_new_plan_in_force(self) -> None:
        services.publish_first_version(draft=DRAFT, actor="manage.py", now=NOON)
        assert get_plan("P", now=NOON) == FeePlan(**asdict(DRAFT) | {"version": 1, "rules": DRAFT.rules})
        (entry,) = AuditEntry.objects.all()
        assert (entry.actor, entry.action, entry.subject) == ("manage.py", "fee_plan.published", "fee_plan:P:1")
        assert entry.after is not None
        assert entry.after["rules"][0]["rate_bp"] == 900

    @pytest.mark.parametrize("is_published", [True, False])
    def test_refuses_a_plan_that_there_is(self, is_published: bool) -> None:
        write_and_publish() if is_published else write()
        with refused(FeePlanExists):
            services.publish_first_version(draft=replace(DRAFT, valid_from=NOON + A_DAY), actor="manage.py", now=NOON)

    def test_refuses_what_makes_no_plan(self) -> None:
        with refused(FeePlanInvalid):
            services.publish_first_version(draft=replace(DRAFT, rules=()), actor="manage.py", now=NOON)


class TestStandardPlans:
    def test_are_one_for_each_market_in_its_currency(self) -> None:
        markets.load_standard_markets(now=NOON)
        services.load_standard_fee_plans(now=NOON)
        for market in markets.list_markets(now=NOON):
            plan = get_plan(f"{market.code}-STANDARD", now=NOON)
            assert (plan.market, plan.currency) == (market.code, market.currency)
        assert models.FeePlan.objects.count() == 6

    @pytest.mark.parametrize(
        ("code", "rate_bp", "refund_policy", "admin_bp"),
        [("GB-STANDARD", 900, "PRO_RATA", 0), ("US-STANDARD", 600, "PRO_RATA_MINUS_ADMIN", 2_000)],
    )
    def test_take_the_published_commissions(self, code: str, rate_bp: int, refund_policy: str, admin_bp: int) -> None:
        services.load_standard_fee_plans(now=NOON)
        (rule,) = get_plan(code, now=NOON).rules
        assert (rule.kind, rule.rate_bp, rule.refund_policy, rule.admin_bp) == (
            "commission",
            rate_bp,
            refund_policy,
            admin_bp,
        )

    @pytest.mark.parametrize(
        ("code", "settlement"),
        [("GB-STANDARD", (A_WEEK_S, 0, 0)), ("US-STANDARD", (A_WEEK_S, 0, 0)), ("DEMO-STANDARD", (5, 1_000, 20))],
    )
    def test_settle_in_a_week_and_in_seconds_at_the_demo(self, code: str, settlement: tuple[int, int, int]) -> None:
        services.load_standard_fee_plans(now=NOON)
        plan = get_plan(code, now=NOON)
        assert (plan.settle_after_s, plan.reserve_bp, plan.reserve_s) == settlement

    def test_leave_a_plan_alone_that_exists(self) -> None:
        write_and_publish(replace(DRAFT, code="GB-STANDARD", rules=(replace(COMMISSION, rate_bp=100),)))
        assert "GB-STANDARD" not in services.load_standard_fee_plans(now=NOON)
        assert get_plan("GB-STANDARD", now=NOON).rules[0].rate_bp == 100
        assert services.load_standard_fee_plans(now=NOON) == []

    def test_are_loaded_by_a_command(self) -> None:
        first, again = StringIO(), StringIO()
        call_command("load_fee_plans", stdout=first)
        call_command("load_fee_plans", stdout=again)
        assert "GB-STANDARD" in first.getvalue()
        assert again.getvalue() == "published: nothing new\n"


#: A plan as a file has it; what may be left out is left out.
FILE: dict[str, Any] = {
    "code": "GOLD",
    "market": "GB",
    "currency": "GBP",
    "valid_from": "2026-01-01T00:00:00Z",
    "settle_after_s": 86_400,
    "rules": [{"kind": "commission", "basis": "PAYMENT", "rate_bp": 500, "refund_policy": "KEEP", "cap_minor": None}],
}


class TestAPlanInAFile:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "plan.json"

    def test_is_published_by_a_command(self, path: Path) -> None:
        path.write_text(json.dumps(FILE), encoding="utf-8")
        out = StringIO()
        call_command("load_fee_plans", file=path, stdout=out)
        assert out.getvalue() == "published: GOLD\n"
        plan = get_plan("GOLD", now=NOON)
        assert (plan.version, plan.settle_after_s, plan.reserve_bp, plan.rules[0].rate_bp) == (1, 86_400, 0, 500)
        assert models.FeePlan.objects.count() == 1
        assert AuditEntry.objects.get().actor == "manage.py"

    def test_is_refused_once_there_is_such_a_plan(self, path: Path) -> None:
        path.write_text(json.dumps(FILE), encoding="utf-8")
        call_command("load_fee_plans", file=path, stdout=StringIO())
        before = rows()
        with pytest.raises(CommandError, match="A second person must publish the next one"):
            call_command("load_fee_plans", file=path)
        assert rows() == before

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "it is not JSON"),
            ("[1]", "must be a mapping"),
            (json.dumps({**FILE, "settle_after_s": "soon"}), "'soon' is not a whole number"),
            (json.dumps({**FILE, "settle_after_s": True}), "True is not a whole number"),
            (json.dumps({**FILE, "colour": 7}), "an unexpected member 'colour'"),
            (json.dumps({key: FILE[key] for key in FILE if key != "rules"}), "member: 'rules'"),
            (json.dumps({**FILE, "code": 7}), "7 is not a text"),
            (json.dumps({**FILE, "valid_from": "soon"}), "Invalid isoformat string"),
            (json.dumps({**FILE, "valid_from": "2026-01-01T00:00:00"}), "valid_from names no time zone"),
            (json.dumps({**FILE, "rules": 7}), "not iterable"),
            (json.dumps({**FILE, "rules": [{**FILE["rules"][0], "rate_bp": None}]}), "member: 'rate_bp'"),
            (json.dumps({**FILE, "rules": [{**FILE["rules"][0], "rate_bp": 10_001}]}), "between nothing and the"),
            (json.dumps({**FILE, "rules": [{**FILE["rules"][0], "basis": "WEIGHT"}]}), "WEIGHT"),
            (json.dumps({**FILE, "currency": "ABC"}), "ABC"),
        ],
    )
    def test_is_refused_in_words_where_it_makes_no_plan(self, path: Path, text: str, reason: str) -> None:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError, match=reason):
            call_command("load_fee_plans", file=path)
        assert not models.FeePlan.objects.exists()

    def test_is_missed_where_there_is_no_file(self, path: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            call_command("load_fee_plans", file=path)


class TestRows:
    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"basis": "WEIGHT"}, "fees_rule_basis"),
            ({"rate_bp": 10_001}, "fees_rule_rate"),
            ({"fixed_minor": -1}, "fees_rule_fixed"),
            ({"cap_minor": -1}, "fees_rule_cap"),
            ({"tax_rate_e5": 100_001}, "fees_rule_tax_rate"),
            ({"admin_bp": 1}, "fees_rule_admin"),
            ({"refund_policy": "PRO_RATA_MINUS_ADMIN"}, "fees_rule_admin"),
            ({"refund_policy": "SOMETIMES"}, "fees_rule_admin"),
            ({"plan__status": "draft"}, "fees_plan_published"),
            ({"plan__status": "rejected", "plan__published_at": None}, "fees_plan_published"),
            ({"plan__status": "in_review", "plan__published_at": None}, "fees_plan_published"),
            ({"plan__approval_id": 7}, "fees_plan_review"),
            ({"plan__settle_after_s": models.WAIT_S_MAX + 1}, "fees_plan_settles"),
            ({"plan__reserve_bp": 1_000}, "fees_plan_reserve"),
            ({"plan__reserve_s": 60}, "fees_plan_reserve"),
            ({"plan__reserve_bp": 10_001, "plan__reserve_s": 60}, "fees_plan_reserve"),
        ],
    )
    def test_refuse_a_rule_that_makes_no_fee(self, fields: dict[str, Any], constraint: str) -> None:
        with pytest.raises(IntegrityError, match=constraint):
            in_use_case(lambda: FeeRuleFactory(**fields))
        assert not models.FeeRule.objects.exists()

    def test_refuse_a_later_version_that_one_person_has_published(self) -> None:
        with pytest.raises(IntegrityError, match="fees_plan_four_eyes"):
            in_use_case(lambda: FeePlanFactory(version=2))
        assert not models.FeePlan.objects.exists()

    def test_refuse_two_rules_of_one_kind_for_all_goods(self) -> None:
        rule = FeeRuleFactory.create()
        with pytest.raises(IntegrityError):
            in_use_case(lambda: FeeRuleFactory(plan=rule.plan))
        assert models.FeeRule.objects.get() == rule
