"""`manage.py refunds`: what a provider refused to send back, for people, and with --json for scripts."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.checkout import api as checkout
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Call, Operation, Said, Statement
from tests.factories.checkout import make_shop_floor
from tests.factories.fulfilment import READY, make_ready_order
from tradecore.models import AuditEntry


def run(*words: object) -> str:
    """What the command writes."""
    out = StringIO()
    call_command("refunds", *map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def refused(db: None, monkeypatch: pytest.MonkeyPatch) -> orders.OrderView:
    """A cancelled order whose refund the provider refused, and would make now."""
    floor = make_shop_floor()
    answer = floor.provider._answer

    def refuse(call: Call) -> Statement:
        said = answer(call)
        return replace(said, said=Said.FAILED) if call.operation is Operation.REFUND else said

    order = make_ready_order(floor)
    checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="changed_my_mind", now=READY)
    with monkeypatch.context() as refusing:
        refusing.setattr(floor.provider, "_answer", refuse)
        checkout.poll_provider_calls(limit=10, now=READY)
    return order


def refund_of(order: orders.OrderView) -> payments.RefundView:
    (refund,) = payments.list_refunds(order_ref=order.id)
    return refund


class TestHelp:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "refused to make"),
            (["list"], "wait for money that nobody sends"),
            (["retry"], "under new references"),
        ],
    )
    def test_explains_itself(self, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            run(*words, "--help")
        assert ended.value.code == 0
        assert said in " ".join(capsys.readouterr().out.split())

    @pytest.mark.parametrize(
        "words", [[], ["retry"], ["retry", "1"], ["retry", "x", "--reason", "why"], ["retry", "1", "--reason", " "]]
    )
    def test_refuses_what_it_does_not_know(self, words: list[str]) -> None:
        with pytest.raises(CommandError):
            run(*words)


class TestList:
    def test_shows_what_was_refused(self, refused: orders.OrderView) -> None:
        refund = refund_of(refused)
        (row,) = run_json("list")
        assert (row["id"], row["status"], row["order_ref"]) == (str(refund.id), "FAILED", str(refused.id))
        assert row["amount"] == {"amount": "13.99", "currency": "GBP"}
        purchase = orders.get_purchase(purchase_id=refused.purchase_id)
        assert row["purchase"] == purchase.number
        said = run("list")
        assert all(word in said for word in (str(refund.id), "13.99 GBP", purchase.number, "changed_my_mind"))

    @pytest.mark.django_db
    def test_says_that_there_is_nothing(self) -> None:
        assert run("list") == "no refund has failed\n"
        assert run_json("list") == []


class TestRetry:
    def test_has_the_provider_asked_again(self, refused: orders.OrderView) -> None:
        refund = refund_of(refused)
        assert run_json("retry", refund.id, "--reason", "the account has funds again") == {"retried": str(refund.id)}
        assert refund_of(refused).status == "REQUESTED"
        entry = AuditEntry.objects.get(action="refund.retried")
        assert (entry.actor, entry.reason) == ("manage.py refunds", "the account has funds again")
        checkout.poll_provider_calls(limit=10, now=READY)
        assert refund_of(refused).status == "SUCCEEDED"
        assert run_json("list") == []

    def test_refuses_one_that_has_not_failed(self, refused: orders.OrderView) -> None:
        refund = refund_of(refused)
        assert run("retry", refund.id, "--reason", "again") == f"asked for again: {refund.id}\n"
        with pytest.raises(CommandError, match="has not failed"):
            run("retry", refund.id, "--reason", "and again")

    @pytest.mark.django_db
    def test_refuses_one_that_is_not_there(self) -> None:
        with pytest.raises(CommandError):
            run("retry", 7, "--reason", "why not")
