"""Fee plans in the admin: read by all who may, asked to be published, and changed by nobody."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.fees import models
from tests.factories.accounts import UserFactory
from tests.factories.fees import FeeRuleFactory
from tests.fees.support import DRAFT, write, write_and_publish
from tradecore.models import Approval

pytestmark = pytest.mark.django_db


def ask(client: Client, row: models.FeePlan) -> str:
    """Ask for its publication in the browser; returns where one is sent, and what is said there."""
    address = reverse("admin:fees_feeplan_ask_for_publication", args=[row.pk])
    answer = client.post(address, {"_form_submitted": "on", "reason": "as agreed"})
    said = "; ".join(str(message) for message in get_messages(answer.wsgi_request))
    return f"{answer.headers.get('HX-Redirect', answer.status_code)} {said}"


class TestPages:
    def test_show_a_version_with_its_terms_and_rules(self, admin_client: Client) -> None:
        rule = FeeRuleFactory.create(kind="commission")
        assert admin_client.get(reverse("admin:fees_feeplan_changelist")).status_code == 200
        page = admin_client.get(reverse("admin:fees_feeplan_change", args=[rule.plan.pk])).content.decode()
        assert "PAYMENT_AND_PLATFORM_DISCOUNT" in page
        assert "604800" in page

    def test_change_nothing_by_hand(self, admin_client: Client) -> None:
        rule = FeeRuleFactory.create()
        assert admin_client.get(reverse("admin:fees_feeplan_add")).status_code == 403
        address = reverse("admin:fees_feeplan_change", args=[rule.plan.pk])
        assert admin_client.post(address, {"settle_after_s": 1}).status_code == 403
        assert models.FeePlan.objects.get().settle_after_s == DRAFT.settle_after_s


class TestAskForPublication:
    def test_makes_a_request_and_leads_to_it(self, admin_client: Client) -> None:
        write()
        row = models.FeePlan.objects.get()
        said = ask(admin_client, row)
        approval = Approval.objects.get()
        assert said.startswith(reverse("admin:tradecore_approval_change", args=[approval.pk]))
        assert "Asked for: P version 1" in said
        assert (approval.reason, approval.content["code"]) == ("as agreed", "P")
        row.refresh_from_db()
        assert (row.status, row.approval_id) == ("in_review", approval.pk)

    def test_says_why_it_cannot_be(self, admin_client: Client) -> None:
        write_and_publish()
        said = ask(admin_client, models.FeePlan.objects.get())
        assert "is published already" in said
        assert Approval.objects.count() == 1

    def test_is_closed_to_whoever_may_only_read(self, client: Client) -> None:
        write()
        reader = UserFactory.create(is_staff=True)
        client.force_login(reader)
        ask(client, models.FeePlan.objects.get())
        assert not Approval.objects.exists()
