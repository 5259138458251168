"""Four eyes: asked for by one, decided by another, done by the decision, once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.support import NOON, in_use_case
from tradecore import approvals
from tradecore.approvals import AlreadyDecided, Approved, ContentChanged, Rejected, SamePerson
from tradecore.errors import NotFound
from tradecore.models import Approval, AuditEntry

KIND = "test.raise_the_bridge"


class Bridge:
    """An act that wants four eyes; it counts how often it was done, and refuses when it is told to."""

    def __init__(self) -> None:
        self.raised: list[Approved] = []
        self.refusal: Exception | None = None

    def __call__(self, approved: Approved, now: datetime) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.raised.append(approved)


@pytest.fixture
def bridge() -> Bridge:
    bridge = Bridge()
    approvals.HANDLERS.register(KIND, bridge)
    return bridge


def ask(actor: str = "user:1", **content: Any) -> Approval:
    approval_id = in_use_case(
        lambda: approvals.request_approval(
            kind=KIND, subject="bridge:7", content=content or {"metres": 12}, actor=actor, reason="a ship", now=NOON
        )
    )
    return Approval.objects.get(pk=approval_id)


def approve(row: Approval, *, actor: str = "user:2", content_hash: str | None = None, now: datetime = NOON) -> None:
    approvals.approve(
        approval_id=row.pk,
        content_hash=row.content_hash if content_hash is None else content_hash,
        actor=actor,
        now=now,
    )


@pytest.mark.django_db
class TestApprove:
    def test_does_the_act_in_both_names(self, bridge: Bridge) -> None:
        row = ask()
        approve(row)
        (approved,) = bridge.raised
        assert approved == Approved(
            approval_id=row.pk,
            content={"metres": 12},
            reason="a ship",
            requested_by="user:1",
            approved_by="user:2",
        )
        row.refresh_from_db()
        assert (row.status, row.decided_by, row.decided_at) == ("APPROVED", "user:2", NOON)
        acts = AuditEntry.objects.order_by("id").values_list("actor", "action", "subject")
        assert list(acts) == [
            ("user:1", f"{KIND}.requested", "bridge:7"),
            ("user:2", f"{KIND}.approved", "bridge:7"),
        ]

    def test_refuses_whoever_asked(self, bridge: Bridge) -> None:
        row = ask()
        with pytest.raises(SamePerson):
            approve(row, actor="user:1")
        self.assert_nothing_was_done(row, bridge)

    def test_refuses_what_is_not_what_was_read(self, bridge: Bridge) -> None:
        row = ask()
        with pytest.raises(ContentChanged):
            approve(row, content_hash=approvals.hash_of(KIND, {"metres": 13}))
        self.assert_nothing_was_done(row, bridge)

    def test_refuses_a_content_that_was_changed_in_the_table(self, bridge: Bridge) -> None:
        row = ask()
        Approval.objects.update(content={"metres": 40})
        with pytest.raises(ContentChanged):
            approve(row)
        self.assert_nothing_was_done(row, bridge)

    def test_refuses_a_second_time(self, bridge: Bridge) -> None:
        row = ask()
        approve(row)
        with pytest.raises(AlreadyDecided):
            approve(row, actor="user:3")
        assert len(bridge.raised) == 1

    def test_refuses_what_is_too_old(self, bridge: Bridge) -> None:
        row = ask()
        with pytest.raises(AlreadyDecided):
            approve(row, now=NOON + approvals.LIFETIME)
        self.assert_nothing_was_done(row, bridge)
        assert approvals.count_pending(now=NOON + approvals.LIFETIME - timedelta(seconds=1)) == 1
        assert approvals.count_pending(now=NOON + approvals.LIFETIME) == 0

    def test_refuses_what_nobody_asked_for(self, bridge: Bridge) -> None:
        with pytest.raises(NotFound):
            approvals.approve(approval_id=7, content_hash="", actor="user:2", now=NOON)

    def test_is_undone_with_an_act_that_is_refused(self, bridge: Bridge) -> None:
        row = ask()
        bridge.refusal = NotFound(what="bridge")
        with pytest.raises(NotFound):
            approve(row)
        self.assert_nothing_was_done(row, bridge)
        bridge.refusal = None
        approve(row)
        assert len(bridge.raised) == 1

    def assert_nothing_was_done(self, row: Approval, bridge: Bridge) -> None:
        row.refresh_from_db()
        assert (row.status, row.decided_by) == ("PENDING", "")
        assert bridge.raised == []
        assert AuditEntry.objects.count() == 1


@pytest.mark.django_db
class TestReject:
    def test_ends_it_without_the_act(self, bridge: Bridge) -> None:
        row = ask()
        approvals.reject(approval_id=row.pk, actor="user:2", reason="no ship in sight", now=NOON)
        row.refresh_from_db()
        assert (row.status, row.decision_reason) == ("REJECTED", "no ship in sight")
        with pytest.raises(AlreadyDecided):
            approve(row, actor="user:3")
        assert bridge.raised == []

    def test_tells_whoever_keeps_a_state_of_it(self, bridge: Bridge) -> None:
        told: list[Rejected] = []
        approvals.REJECTION_HANDLERS.register(KIND, lambda rejected, _now: told.append(rejected))
        row = ask()
        approvals.reject(approval_id=row.pk, actor="user:2", reason="no ship in sight", now=NOON)
        assert told == [
            Rejected(
                approval_id=row.pk,
                content={"metres": 12},
                reason="no ship in sight",
                requested_by="user:1",
                rejected_by="user:2",
            )
        ]

    def test_refuses_whoever_asked(self, bridge: Bridge) -> None:
        with pytest.raises(SamePerson):
            approvals.reject(approval_id=ask().pk, actor="user:1", reason="changed my mind", now=NOON)


@pytest.mark.django_db
class TestTheRow:
    def test_cannot_be_decided_by_whoever_asked_for_it(self, bridge: Bridge) -> None:
        row = ask()
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.filter(pk=row.pk).update(status="APPROVED", decided_by="user:1", decided_at=NOON)


@pytest.mark.race
class TestRace:
    def test_two_approvers_do_it_once(self, race: Any, bridge: Bridge) -> None:
        row = ask()
        outcomes = race([lambda actor=f"user:{number}": approve(row, actor=actor) for number in range(2, 10)])
        assert sum(outcome is None for outcome in outcomes) == 1
        assert all(isinstance(outcome, AlreadyDecided) for outcome in outcomes if outcome is not None)
        assert len(bridge.raised) == 1
