"""Operators propose what is to be paid out; somebody else approves it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.settlement.models import Payout, PayoutRun
from tests.back_office.conftest import sign_in
from tests.factories.accounts import UserFactory
from tests.factories.payouts import make_seller, open_bank
from tradecore.models import Approval

PAGE = "back_office:propose_payouts"
FORM = {"market": "GB", "reason": "end of the week"}


@pytest.fixture(autouse=True)
def _bank(db: None) -> None:
    open_bank()


@pytest.fixture
def clerk_of_payouts() -> Client:
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_payoutrun"))
    return sign_in(user)


def propose(client: Client, **form: str) -> Any:
    return client.post(reverse(PAGE), FORM | form)


def test_asks_a_second_person(clerk_of_payouts: Client) -> None:
    make_seller(6755)
    answer = propose(clerk_of_payouts)
    run, request = PayoutRun.objects.get(), Approval.objects.get()
    assert (run.status, run.total_minor, run.approval_id) == ("PROPOSED", 6755, request.pk)
    assert run.proposed_by == request.requested_by == f"user:{answer.wsgi_request.user.pk}"
    assert request.reason == "end of the week"
    (said,) = [str(message) for message in get_messages(answer.wsgi_request)]
    assert f"payouts: 1, in all 67.55 GBP. A second person must approve this: request {request.pk}." in said


def test_says_that_there_is_nothing(clerk_of_payouts: Client) -> None:
    answer = propose(clerk_of_payouts)
    assert answer.context["form"].errors == {"market": ["There is nothing to pay out now."]}
    assert not Payout.objects.exists()
    assert not Approval.objects.exists()


@pytest.mark.parametrize("form", [{"market": "XX"}, {"market": ""}, {"reason": " "}, {"reason": "x" * 301}])
def test_proposes_nothing_of_a_wrong_form(form: dict[str, str], clerk_of_payouts: Client) -> None:
    make_seller(6755)
    assert propose(clerk_of_payouts, **form).context["form"].errors.keys() == form.keys()
    assert not PayoutRun.objects.exists()


def test_is_for_those_who_may(operator: Client) -> None:
    make_seller(6755)
    assert propose(operator).status_code == 403
    assert not PayoutRun.objects.exists()
