"""What a guard rail stops waits once, however often it is asked for, and is read before it is approved."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.support import NOON, in_use_case
from tradecore import approvals
from tradecore.approvals import LIFETIME, AlreadyDecided, AwaitsApproval
from tradecore.models import Approval, AuditEntry
from tradecore.money import Money

KIND = "test.open_the_sluice"


@pytest.fixture
def opened() -> list[Any]:
    """What the sluice was opened for."""
    opened: list[Any] = []
    approvals.HANDLERS.register(KIND, lambda approved, now: opened.append(approved.content))
    return opened


def ask(
    *, actor: str = "user:1", subject: str = "sluice:7", now: datetime = NOON, told_apart_by: Any = None, **content: Any
) -> AwaitsApproval:
    return in_use_case(
        lambda: approvals.request_once(
            kind=KIND,
            subject=subject,
            content=content or {"metres": 2},
            actor=actor,
            reason="rain",
            now=now,
            told_apart_by=told_apart_by,
        )
    )


def approve(waits: AwaitsApproval, *, now: datetime = NOON) -> None:
    content_hash = Approval.objects.get(pk=waits.approval_id).content_hash
    approvals.approve(approval_id=waits.approval_id, content_hash=content_hash, actor="user:2", now=now)


@pytest.mark.django_db
class TestRequestOnce:
    def test_says_what_waits_and_how_long(self) -> None:
        waits = ask()
        assert (waits.kind, waits.expires_at) == (KIND, NOON + LIFETIME)
        assert str(waits) == f"A second person must approve this: request {waits.approval_id}, until 2026-03-14 12:00."

    def test_returns_what_waits_already_whoever_asks(self) -> None:
        first = ask()
        assert ask(actor="user:3", now=NOON + timedelta(hours=1)) == first
        assert Approval.objects.count() == 1
        assert AuditEntry.objects.count() == 1

    @pytest.mark.parametrize("other", [{"subject": "sluice:8"}, {"metres": 3}])
    def test_asks_for_each_act(self, other: dict[str, Any]) -> None:
        assert ask(**other) != ask()
        assert Approval.objects.count() == 2

    def test_takes_for_the_same_what_differs_in_how_the_world_was(self) -> None:
        first = ask(metres=2, water=5, told_apart_by=("metres",))
        assert ask(metres=2, water=6, told_apart_by=("metres",)) == first
        assert ask(metres=3, water=5, told_apart_by=("metres",)) != first

    def test_may_be_asked_for_anew_once_it_was_decided(self, opened: list[Any]) -> None:
        first = ask()
        approve(first)
        second = ask()
        assert second != first
        approvals.reject(approval_id=second.approval_id, actor="user:2", reason="dry", now=NOON)
        assert ask() not in (first, second)
        assert opened == [{"metres": 2}]

    def test_may_be_asked_for_anew_once_its_time_is_over(self, opened: list[Any]) -> None:
        late = NOON + LIFETIME
        first = ask()
        second = ask(now=late)
        assert second != first
        with pytest.raises(AlreadyDecided):
            approve(first, now=late)
        approve(second, now=late)
        assert len(opened) == 1

    def test_leaves_nothing_of_a_use_case_that_fails(self) -> None:
        def fail() -> None:
            approvals.request_once(
                kind=KIND, subject="sluice:7", content={"metres": 2}, actor="user:1", reason="rain", now=NOON
            )
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            in_use_case(fail)
        assert not Approval.objects.exists()
        assert not AuditEntry.objects.exists()


@pytest.mark.django_db
class TestTheRow:
    def test_gives_its_key_up_when_it_is_decided(self, opened: list[Any]) -> None:
        waits = ask()
        approve(waits)
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.filter(pk=waits.approval_id).update(sole_key="k")


@pytest.mark.race
class TestRace:
    def test_all_who_ask_at_once_are_told_of_one_request(self, race: Any) -> None:
        outcomes = race([lambda actor=f"user:{number}": ask(actor=actor) for number in range(8)])
        (waits,) = set(outcomes)
        assert isinstance(waits, AwaitsApproval)
        assert Approval.objects.get().pk == waits.approval_id
        assert AuditEntry.objects.count() == 1


@pytest.mark.django_db
class TestReading:
    def test_lists_what_waits_longest_first(self, opened: list[Any]) -> None:
        done, waits, later = ask(metres=1), ask(metres=2), ask(metres=3)
        approve(done)
        listed = approvals.list_pending(now=NOON, limit=9)
        assert [request.id for request in listed] == [waits.approval_id, later.approval_id]
        assert approvals.list_pending_of(subject="sluice:7", kind=KIND, now=NOON) == listed
        assert approvals.list_pending_of(subject="sluice:8", kind=KIND, now=NOON) == []
        assert approvals.list_pending(now=NOON + LIFETIME, limit=9) == []

    def test_says_what_nobody_has_decided_in_time(self) -> None:
        waits = ask()
        assert approvals.get_request(approval_id=waits.approval_id, now=NOON).status == "PENDING"
        assert approvals.get_request(approval_id=waits.approval_id, now=NOON + LIFETIME).status == "EXPIRED"

    def test_spells_out_a_content_for_people(self) -> None:
        waits = ask(
            amount=Money(1999, "GBP"), note="", at=None, big=True, pieces=3, lines=[{"sku_id": 7}, Money(1, "JPY")]
        )
        content = approvals.get_request(approval_id=waits.approval_id, now=NOON).content
        assert approvals.spell_out(content) == [
            "amount: 19.99 GBP",
            'note: ""',
            "at: null",
            "big: true",
            "pieces: 3",
            "lines:",
            "  -",
            "    sku_id: 7",
            "  - 1 JPY",
        ]
