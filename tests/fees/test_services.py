"""Drafting and publishing the versions of a plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from apps.fees import models, services
from apps.fees.contracts import FeeBasis, FeePlanDraft, FeeRefundPolicy, FeeRule
from apps.fees.errors import FeePlanBeginsTooEarly, FeePlanInvalid, FeePlanSuperseded, UnknownFeePlan
from apps.fees.selectors import get_plan
from apps.markets import api as markets
from tests.factories.fees import FeeRuleFactory
from tests.support import NOON, in_use_case
from tradecore.errors import Refusal
from tradecore.models import AuditEntry
from tradecore.money import UnknownCurrency

pytestmark = pytest.mark.django_db

A_SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1)

COMMISSION = FeeRule(kind="commission", basis=FeeBasis.PAYMENT, rate_bp=900)
DRAFT = FeePlanDraft(code="P", currency="GBP", valid_from=NOON, rules=(COMMISSION,))


def write(draft: FeePlanDraft = DRAFT) -> int:
    return services.draft_plan(draft=draft, actor="user:1", now=NOON)


def publish(version: int, *, code: str = "P", now: datetime = NOON) -> None:
    services.publish_plan(code=code, version=version, actor="user:1", now=now)


def write_and_publish(draft: FeePlanDraft = DRAFT) -> int:
    version = write(draft)
    publish(version, code=draft.code)
    return version


@contextmanager
def refused(refusal: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block is refused so, and leaves every row as it was."""
    before = _rows()
    with pytest.raises(refusal) as raised:
        yield raised
    assert _rows() == before


def _rows() -> list[list[tuple[Any, ...]]]:
    tables: list[type[Model]] = [AuditEntry, *apps.get_app_config("fees").get_models()]
    return [list(table._default_manager.order_by("pk").values_list()) for table in tables]


class TestDraftPlan:
    def test_writes_a_version_that_is_not_in_force(self) -> None:
        assert write() == 1
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
        "wrong", [{"rules": ()}, {"rules": (COMMISSION, COMMISSION)}, {"code": "p lan"}, {"code": ""}]
    )
    def test_refuses_what_makes_no_plan(self, wrong: dict[str, Any]) -> None:
        with refused(FeePlanInvalid):
            write(replace(DRAFT, **wrong))

    def test_refuses_another_currency_than_the_plan_had(self) -> None:
        write()
        with refused(FeePlanInvalid):
            write(replace(DRAFT, currency="EUR"))

    def test_refuses_a_currency_that_there_is_not(self) -> None:
        with refused(UnknownCurrency):
            write(replace(DRAFT, currency="ABC"))


class TestPublishPlan:
    def test_puts_the_version_in_force_from_its_start(self) -> None:
        write_and_publish()
        assert get_plan("P", now=NOON).version == 1
        with pytest.raises(UnknownFeePlan):
            get_plan("P", now=NOON - A_SECOND)
        assert AuditEntry.objects.filter(action="fee_plan.published", subject="fee_plan:P:1").count() == 1

    def test_does_nothing_the_second_time(self) -> None:
        write_and_publish()
        with_the_first = _rows()
        publish(1, now=NOON + A_DAY)
        assert _rows() == with_the_first

    def test_leaves_what_was_in_force_until_the_next_version_begins(self) -> None:
        write_and_publish()
        write_and_publish(replace(DRAFT, valid_from=NOON + A_DAY, rules=(replace(COMMISSION, rate_bp=500),)))
        assert get_plan("P", now=NOON + A_DAY - A_SECOND).rules[0].rate_bp == 900
        assert get_plan("P", now=NOON + A_DAY).rules[0].rate_bp == 500

    def test_passes_over_drafts_that_were_not_liked(self) -> None:
        write_and_publish()
        write()
        assert write_and_publish(replace(DRAFT, valid_from=NOON + A_DAY)) == 3
        assert get_plan("P", now=NOON + A_DAY).version == 3

    def test_refuses_a_version_that_there_is_not(self) -> None:
        write()
        with refused(UnknownFeePlan):
            publish(2)
        with refused(UnknownFeePlan):
            publish(1, code="Q")

    def test_refuses_a_draft_that_a_later_one_has_overtaken(self) -> None:
        write(replace(DRAFT, valid_from=NOON + 2 * A_DAY))
        write_and_publish()
        with refused(FeePlanSuperseded) as refusal:
            publish(1)
        assert refusal.value.published_version == 2

    @pytest.mark.parametrize(
        ("first_begins", "second_begins", "begins_after"),
        [
            (NOON - A_DAY, NOON, NOON),  # not for the past
            (NOON + A_DAY, NOON + A_DAY, NOON + A_DAY),  # not in place of what it follows
        ],
    )
    def test_refuses_to_begin_too_early(
        self, first_begins: datetime, second_begins: datetime, begins_after: datetime
    ) -> None:
        write_and_publish(replace(DRAFT, valid_from=first_begins))
        write(replace(DRAFT, valid_from=second_begins))
        with refused(FeePlanBeginsTooEarly) as refusal:
            publish(2)
        assert (refusal.value.valid_from, refusal.value.begins_after) == (second_begins, begins_after)


class TestStandardPlans:
    def test_are_one_for_each_market_in_its_currency(self) -> None:
        markets.load_standard_markets(now=NOON)
        services.load_standard_fee_plans(now=NOON)
        for market in markets.list_markets(now=NOON):
            assert get_plan(f"{market.code}-STANDARD", now=NOON).currency == market.currency
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
        ],
    )
    def test_refuse_a_rule_that_makes_no_fee(self, fields: dict[str, Any], constraint: str) -> None:
        with pytest.raises(IntegrityError, match=constraint):
            in_use_case(lambda: FeeRuleFactory(**fields))
        assert not models.FeeRule.objects.exists()

    def test_refuse_two_rules_of_one_kind_for_all_goods(self) -> None:
        rule = FeeRuleFactory.create()
        with pytest.raises(IntegrityError):
            in_use_case(lambda: FeeRuleFactory(plan=rule.plan))
        assert models.FeeRule.objects.get() == rule


class TestFeePlanPages:
    def test_show_a_version_with_its_rules_and_change_nothing(self, admin_client: Client) -> None:
        rule = FeeRuleFactory.create(kind="commission")
        assert admin_client.get(reverse("admin:fees_feeplan_changelist")).status_code == 200
        page = admin_client.get(reverse("admin:fees_feeplan_change", args=[rule.plan.pk]))
        assert "PAYMENT_AND_PLATFORM_DISCOUNT" in page.content.decode()
        assert admin_client.get(reverse("admin:fees_feeplan_add")).status_code == 403
