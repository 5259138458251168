"""`manage.py approvals` and `manage.py suspects`: one operator asks, another one decides, without a browser."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.checkout import api as checkout
from apps.payments import api as payments
from tests.factories.accounts import UserFactory
from tests.factories.checkout import buy, make_shop_floor, tender
from tradecore.models import Approval

pytestmark = pytest.mark.django_db

ASKS, DECIDES = "asks@example.com", "decides@example.com"


def run(*words: object) -> str:
    """What the command writes."""
    out = StringIO()
    call_command(*map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def suspect() -> checkout.PaymentProgress:
    """A purchase whose provider captured another amount than was asked for, and two operators."""
    for email in (ASKS, DECIDES):
        UserFactory(email=email, is_staff=True)
    floor = make_shop_floor()
    return buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_wrong_amount"),))


@pytest.fixture
def asked(suspect: checkout.PaymentProgress) -> Approval:
    """One operator has asked to accept what the provider took."""
    waits = settle(suspect)
    return Approval.objects.get(pk=waits["approval_id"])


def settle(suspect: checkout.PaymentProgress, *, email: str = ASKS) -> Any:
    tender_id = suspect.payment.tenders[0].id
    return run_json("suspects", "settle", tender_id, "--accept", "--reason", "asked them", "--as", email)


def approve(row: Approval, *, code: str | None = None, email: str = DECIDES) -> str:
    return run("approvals", "approve", row.pk, "--code", code or row.content_hash[:8], "--as", email)


def status_of(suspect: checkout.PaymentProgress) -> str:
    return payments.get_payment(payable_ref=suspect.purchase.id).tenders[0].status


class TestSuspects:
    def test_are_settled_by_nobody_alone(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        assert (asked.kind, asked.status) == (checkout.SETTLE_SUSPECT, "PENDING")
        assert status_of(suspect) == "SUSPECT"

    @pytest.mark.parametrize("email", ["nobody@example.com", "buyer@example.com", "no address"])
    def test_are_settled_by_operators(self, suspect: checkout.PaymentProgress, email: str) -> None:
        UserFactory(email="buyer@example.com")
        with pytest.raises(CommandError, match="is no operator"):
            settle(suspect, email=email)
        assert not Approval.objects.exists()

    def test_say_that_they_wait(self, suspect: checkout.PaymentProgress) -> None:
        tender_id = suspect.payment.tenders[0].id
        said = run("suspects", "settle", tender_id, "--reject", "--reason", "asked them", "--as", ASKS)
        assert said.startswith("A second person must approve this: request ")


class TestReading:
    def test_lists_what_waits(self, asked: Approval) -> None:
        (listed,) = run_json("approvals", "list")
        assert (listed["id"], listed["code"]) == (str(asked.pk), asked.content_hash[:8])
        assert str(asked.pk) in run("approvals", "list")

    def test_says_that_nothing_waits(self) -> None:
        assert run_json("approvals", "list") == []
        assert "nothing waits" in run("approvals", "list")

    def test_shows_what_was_asked_for_and_its_code(self, asked: Approval) -> None:
        shown = run("approvals", "show", asked.pk)
        assert "asked_for: 23.98 GBP" in shown
        assert f"code to approve it: {asked.content_hash[:8]}" in shown

    def test_shows_only_what_is_there(self) -> None:
        with pytest.raises(CommandError, match="There is no such thing here"):
            run("approvals", "show", 7)


class TestDeciding:
    def test_approves_and_does_it(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        assert "approved and done" in approve(asked)
        assert status_of(suspect) != "SUSPECT"
        shown = run("approvals", "show", asked.pk)
        assert "APPROVED" in shown
        with pytest.raises(CommandError, match="decided already"):
            approve(asked)

    def test_is_not_for_whoever_has_asked(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        with pytest.raises(CommandError, match="somebody else must approve"):
            approve(asked, email=ASKS)
        assert status_of(suspect) == "SUSPECT"

    def test_is_for_operators(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        with pytest.raises(CommandError, match="is no operator"):
            approve(asked, email="nobody@example.com")
        assert status_of(suspect) == "SUSPECT"

    def test_needs_the_code_of_what_was_read(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        with pytest.raises(CommandError, match="This is not what you have read"):
            approve(asked, code="00000000")
        assert status_of(suspect) == "SUSPECT"

    def test_rejects_for_a_reason(self, suspect: checkout.PaymentProgress, asked: Approval) -> None:
        run("approvals", "reject", asked.pk, "--reason", "they were not asked", "--as", DECIDES)
        asked.refresh_from_db()
        assert (asked.status, asked.decision_reason) == ("REJECTED", "they were not asked")
        assert status_of(suspect) == "SUSPECT"
        with pytest.raises(CommandError, match="1 to 300 characters"):
            run("approvals", "reject", asked.pk, "--reason", " ", "--as", DECIDES)
