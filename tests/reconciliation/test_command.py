"""`manage.py reconcile`: what it says, and how it ends."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.reconciliation.invariants import INVARIANTS
from tests.reconciliation.test_invariants import behind_the_walls, change_a_line, live
from tradecore import clock
from tradecore.models import IdempotencyRecord


def run(*arguments: Any) -> str:
    output = StringIO()
    call_command("reconcile", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db(transaction=True)
class TestReconcile:
    def test_says_that_every_invariant_holds(self) -> None:
        live()
        assert run() == "Every invariant holds (all).\n"
        assert json.loads(run("--suite", "recent", "--json"))["offences"] == []

    def test_names_the_row_and_the_money_and_ends_with_one(self) -> None:
        life = live()
        with behind_the_walls():
            order_id = change_a_line(life)
        output = StringIO()
        with pytest.raises(CommandError) as ended:
            call_command("reconcile", stdout=output)
        assert ended.value.returncode == 1
        (line,) = output.getvalue().splitlines()
        assert line.split() == ["I03", str(order_id), "0.01", "GBP", *["the", "lines", "come", "to", "other", "sums"]]

    def test_asks_only_what_it_is_told_to(self) -> None:
        long_ago = clock.real_now() - timedelta(minutes=5)
        IdempotencyRecord.objects.create(
            scope_hash="0" * 64, fingerprint="0" * 64, locked_until=long_ago, created_at=long_ago
        )
        assert run("--only", "I01", "I31") == "Every invariant holds (all).\n"
        with pytest.raises(CommandError):
            run("--only", "I05")


class TestItsList:
    def test_says_what_is_always_true(self) -> None:
        assert json.loads(run("--list", "--json")) == {name: each.title for name, each in INVARIANTS.items()}
        assert len(run("--list").splitlines()) == len(INVARIANTS)


class TestItsHelp:
    def test_explains(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command("reconcile", "--help")
        assert "Ask every invariant in one snapshot" in capsys.readouterr().out
