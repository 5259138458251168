"""The chain of the audit: every act once, in order; and whatever somebody does to it behind everybody's back is found.

The sealer's rounds are those of the ledger's, and tested there.
"""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from config.jobs import JOBS
from tests.factories.ledger import tamper
from tests.support import NOON, in_use_case
from tradecore import audit, audit_seals, clock
from tradecore.chain import GENESIS, LATEST_COMMIT
from tradecore.ids import first_id_at
from tradecore.models import AuditEntry, AuditSeal, AuditSealer

# The walls that somebody tears down are no part of a transaction on MariaDB.
pytestmark = pytest.mark.django_db(transaction=True)

A_MINUTE = timedelta(minutes=1)
CHANGED = "the entry is not the one that was sealed"


def act(*actions: str) -> None:
    """Let somebody do something, and say why."""

    def record() -> None:
        for action in actions:
            audit.record(
                actor="user:1", action=action, subject="sku:1", reason="why", now=NOON, after={"price": 1, "of": ["ä"]}
            )

    in_use_case(record)


def seal(**parts: Any) -> int:
    """What was done by now is old enough to be sealed."""
    return audit_seals.seal_entries(**{"real_now": clock.real_now() + A_MINUTE, **parts})


def faults_of() -> list[str]:
    return [fault.what for fault in audit_seals.find_faults(real_now=clock.real_now())]


class TestSealEntries:
    def test_chains_in_the_order_of_ids(self) -> None:
        act("a", "b", "c")
        assert seal(limit=2) == 2
        assert seal(limit=2) == 1
        first, second, third = AuditSeal.objects.order_by("number").select_related("entry")
        assert [each.entry.action for each in (first, second, third)] == ["a", "b", "c"]
        assert [first.previous_hash, second.previous_hash, third.previous_hash] == [GENESIS, first.hash, second.hash]
        assert [first.number, third.number] == [1, 3]
        assert faults_of() == []

    def test_leaves_alone_what_was_just_done(self) -> None:
        act("a")
        assert seal(real_now=clock.real_now()) == 0
        assert seal() == 1

    def test_comes_to_what_was_done_before_there_was_a_chain(self) -> None:
        """Its id is years older than the sealer."""
        AuditEntry.objects.create(id=7, actor="user:1", action="old", subject="sku:1", occurred_at=NOON)
        assert seal() == 1
        assert faults_of() == []

    def test_lets_nobody_fork_the_chain(self) -> None:
        act("a", "b")
        seal()
        act("c")
        entry = AuditEntry.objects.get(action="c")
        fork = AuditSeal(number=3, entry=entry, previous_hash=GENESIS, hash="0" * 64, sealed_at=NOON)
        with pytest.raises(IntegrityError):
            fork.save()

    def test_is_a_job(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue, job, every_s = JOBS["seal_audit"]
        assert (queue, every_s) == ("bulk", 5.0)
        act("a")
        later = clock.real_now() + A_MINUTE
        monkeypatch.setattr(clock, "real_now", lambda: later)
        assert job() == 1


class TestFindFaults:
    @pytest.fixture(autouse=True)
    def _sealed(self) -> None:
        act("a", "b", "c")
        seal()

    @pytest.mark.parametrize(
        "change",
        [
            "actor = 'user:2'",
            "reason = ''",
            "after = '{}'",
            "occurred_at = '2026-03-11 12:00:00.000001'",
            "subject = ''",
        ],
    )
    def test_finds_an_act_that_was_changed(self, change: str) -> None:
        tamper(f"UPDATE kernel_audit SET {change} WHERE action = 'b'")
        assert faults_of() == [CHANGED]

    def test_finds_that_an_act_was_taken_out(self) -> None:
        number = AuditSeal.objects.get(entry__action="b").number
        tamper("DELETE FROM kernel_audit_seal WHERE number = %s", number)
        tamper("DELETE FROM kernel_audit WHERE action = 'b'")
        assert faults_of() == ["seals are missing", CHANGED]

    def test_finds_that_the_last_one_was_taken_out(self) -> None:
        tamper("DELETE FROM kernel_audit_seal WHERE number = 3")
        tamper("DELETE FROM kernel_audit WHERE action = 'c'")
        assert faults_of() == ["the chain ends elsewhere than the sealer left it"]

    def test_finds_an_act_that_was_slipped_in(self) -> None:
        AuditSealer.objects.update(swept_below=first_id_at(clock.real_now() - LATEST_COMMIT))
        long_ago = first_id_at(clock.real_now() - 2 * LATEST_COMMIT)
        AuditEntry.objects.create(id=long_ago, actor="user:1", action="forged", subject="sku:1", occurred_at=NOON)
        assert seal() == 0
        assert faults_of() == ["an entry was never sealed"]


class TestTheCommand:
    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("audit", *words, stdout=out)
        return out.getvalue()

    def test_verifies(self) -> None:
        act("a")
        seal()
        assert self.run("verify") == "The audit agrees with itself.\n"
        assert json.loads(self.run("verify", "--json")) == {"faults": []}

    def test_names_what_was_changed_and_ends_with_one(self) -> None:
        act("a")
        seal()
        tamper("UPDATE kernel_audit SET actor = 'user:2'")
        out = StringIO()
        with pytest.raises(CommandError, match="faults: 1") as ended:
            call_command("audit", "verify", stdout=out)
        assert ended.value.returncode == 1
        entry = AuditEntry.objects.get()
        assert out.getvalue() == f"seal 1, entry {entry.pk} (a of sku:1): {CHANGED}\n"

    def test_seals_what_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        act("a")
        later = clock.real_now() + A_MINUTE
        monkeypatch.setattr(clock, "real_now", lambda: later)
        assert json.loads(self.run("seal", "--json")) == {"sealed": 1}
        assert self.run("seal") == "sealed: 0\n"

    @pytest.mark.parametrize(("action", "said"), [("verify", "was taken out"), ("seal", "safe beside them")])
    def test_explains_itself(self, action: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            self.run(action, "--help")
        assert ended.value.code == 0
        assert said in " ".join(capsys.readouterr().out.split())
