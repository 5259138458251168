"""A version is published by two people: one asks, another decides, and nobody does both."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from apps.fees import models
from apps.fees.contracts import PlanStatus
from apps.fees.errors import FeePlanBeginsTooEarly, FeePlanInReview, FeePlanSuperseded, UnknownFeePlan
from apps.fees.selectors import get_plan, get_version
from tests.factories.fees import FeePlanFactory, FeeRuleFactory
from tests.fees.support import (
    A_DAY,
    A_SECOND,
    COMMISSION,
    DRAFT,
    NEXT,
    approve,
    ask,
    publish,
    refused,
    reject,
    write,
    write_and_publish,
)
from tests.support import NOON
from tradecore import approvals, wire
from tradecore.models import Approval, AuditEntry

pytestmark = pytest.mark.django_db


def status_of(version: int = 1) -> str:
    return models.FeePlan.objects.get(code="P", version=version).status


def is_in_force(now: datetime = NOON) -> bool:
    try:
        get_plan("P", now=now)
    except UnknownFeePlan:
        return False
    return True


class TestRequestPublication:
    def test_shows_the_second_person_the_whole_plan(self) -> None:
        write(replace(DRAFT, reserve_bp=1_000, reserve_s=60))
        row = Approval.objects.get(pk=ask(1))
        assert (row.kind, row.subject, row.reason) == ("fees.publication", "fee_plan:P:1", "as agreed")
        assert row.content == wire.to_json(get_version("P", 1))
        assert (row.content["reserve_bp"], row.content["rules"][0]["rate_bp"]) == (1_000, 900)

    def test_puts_nothing_in_force(self) -> None:
        write()
        ask(1)
        assert status_of() == PlanStatus.IN_REVIEW
        assert not is_in_force(NOON + A_DAY)

    def test_refuses_a_version_that_there_is_not(self) -> None:
        write()
        with refused(UnknownFeePlan):
            ask(2)
        with refused(UnknownFeePlan):
            ask(1, code="Q")

    def test_refuses_what_is_published(self) -> None:
        write_and_publish()
        with refused(FeePlanSuperseded) as refusal:
            ask(1)
        assert refusal.value.published_version == 1

    def test_refuses_a_draft_that_a_later_one_has_overtaken(self) -> None:
        write(replace(DRAFT, valid_from=NOON + 2 * A_DAY))
        write_and_publish()
        with refused(FeePlanSuperseded) as refusal:
            ask(1)
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
            ask(2)
        assert (refusal.value.valid_from, refusal.value.begins_after) == (second_begins, begins_after)

    def test_refuses_what_waits_for_a_decision(self) -> None:
        write()
        ask(1)
        with refused(FeePlanInReview):
            ask(1, actor="user:2", now=NOON + approvals.LIFETIME - A_SECOND)


class TestApproval:
    def test_puts_the_version_in_force_from_its_start(self) -> None:
        write()
        approve(ask(1))
        assert status_of() == PlanStatus.PUBLISHED
        assert get_plan("P", now=NOON).version == 1
        assert not is_in_force(NOON - A_SECOND)
        entry = AuditEntry.objects.get(action="fee_plan.published")
        assert (entry.actor, entry.subject, entry.reason) == ("user:2", "fee_plan:P:1", "as agreed")

    def test_leaves_what_was_in_force_until_the_next_version_begins(self) -> None:
        write_and_publish()
        write_and_publish(NEXT)
        assert get_plan("P", now=NOON + A_DAY - A_SECOND).rules[0].rate_bp == 900
        assert get_plan("P", now=NOON + A_DAY).rules[0].rate_bp == 450

    def test_passes_over_drafts_that_were_not_liked(self) -> None:
        write_and_publish()
        write()
        assert write_and_publish(NEXT) == 3
        assert get_plan("P", now=NOON + A_DAY).version == 3

    def test_refuses_whoever_has_asked(self) -> None:
        write()
        approval_id = ask(1)
        with refused(approvals.SamePerson):
            approve(approval_id, actor="user:1")
        assert not is_in_force()

    def test_refuses_a_second_time(self) -> None:
        write()
        approval_id = ask(1)
        approve(approval_id)
        with refused(approvals.AlreadyDecided):
            approve(approval_id, actor="user:3")

    @pytest.mark.parametrize("tampered", [{"settle_after_s": 1}, {"currency": "EUR"}])
    def test_refuses_a_plan_that_is_not_what_was_read(self, tampered: dict[str, Any]) -> None:
        write()
        approval_id = ask(1)
        models.FeePlan.objects.update(**tampered)
        with refused(approvals.ContentChanged):
            approve(approval_id)
        assert not is_in_force()

    def test_refuses_a_rule_that_is_not_what_was_read(self) -> None:
        write()
        approval_id = ask(1)
        models.FeeRule.objects.update(rate_bp=1)
        with refused(approvals.ContentChanged):
            approve(approval_id)

    def test_refuses_a_version_that_was_overtaken_in_the_meantime(self) -> None:
        write()
        approval_id = ask(1)
        write_and_publish(NEXT)
        with refused(FeePlanSuperseded):
            approve(approval_id)
        assert status_of(1) == PlanStatus.IN_REVIEW

    def test_refuses_a_version_that_would_begin_in_the_past_by_now(self) -> None:
        write_and_publish()
        write(NEXT)
        approval_id = ask(2)
        with refused(FeePlanBeginsTooEarly):
            approve(approval_id, now=NOON + A_DAY)
        assert get_plan("P", now=NOON + A_DAY).version == 1


class TestRejection:
    def test_ends_the_review_and_puts_nothing_in_force(self) -> None:
        write()
        reject(ask(1))
        assert status_of() == PlanStatus.REJECTED
        assert not is_in_force()
        assert not AuditEntry.objects.filter(action="fee_plan.published").exists()

    def test_leaves_it_to_be_asked_for_again(self) -> None:
        write()
        rejected = ask(1)
        reject(rejected)
        again = ask(1)
        assert again != rejected
        assert status_of() == PlanStatus.IN_REVIEW
        with refused(approvals.AlreadyDecided):
            approve(rejected)
        approve(again)
        assert is_in_force()

    def test_refuses_whoever_has_asked(self) -> None:
        write()
        approval_id = ask(1)
        with refused(approvals.SamePerson):
            reject(approval_id, actor="user:1")


class TestWhatNobodyHasDecidedInTime:
    LATE = NOON + approvals.LIFETIME

    def test_can_be_decided_no_more(self) -> None:
        write()
        approval_id = ask(1)
        with refused(approvals.AlreadyDecided):
            approve(approval_id, now=self.LATE)
        with refused(approvals.AlreadyDecided):
            reject(approval_id, now=self.LATE)
        assert not is_in_force(self.LATE)

    def test_can_be_asked_for_again(self) -> None:
        write()
        ask(1)
        again = ask(1, actor="user:2", now=self.LATE)
        assert models.FeePlan.objects.get().approval_id == again
        approve(again, actor="user:1", now=self.LATE)
        assert is_in_force(self.LATE)


@pytest.mark.race
class TestRace:
    def test_two_who_ask_make_one_request(self, race: Any) -> None:
        write()
        outcomes = race([lambda actor=f"user:{number}": ask(1, actor=actor) for number in range(1, 9)])
        assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, FeePlanInReview) for outcome in outcomes) == len(outcomes) - 1
        approval = Approval.objects.get()
        assert models.FeePlan.objects.get().approval_id == approval.pk

    def test_a_decision_is_one_thing_or_the_other(self, race: Any) -> None:
        write()
        approval_id = ask(1)
        outcomes = race([lambda: approve(approval_id), lambda: reject(approval_id, actor="user:3")] * 3)
        assert sum(outcome is None for outcome in outcomes) == 1
        decided = {"APPROVED": PlanStatus.PUBLISHED, "REJECTED": PlanStatus.REJECTED}
        assert status_of() == decided[Approval.objects.get().status]


class TestGetVersion:
    def test_is_of_any_status(self) -> None:
        write()
        assert get_version("P", 1).rules == (COMMISSION,)
        publish(1)
        assert get_version("P", 1).rules == (COMMISSION,)

    def test_has_its_own_rules_only(self) -> None:
        plan = FeePlanFactory(code="P")
        FeeRuleFactory(plan=plan, rate_bp=111)
        FeeRuleFactory(plan=FeePlanFactory(code="Q"))
        assert [rule.rate_bp for rule in get_version("P", 1).rules] == [111]

    def test_refuses_what_there_is_not(self) -> None:
        with pytest.raises(UnknownFeePlan):
            get_version("P", 1)
