"""Cases in the admin: to be found and read, and decided where the platform has to."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.aftersales import api as aftersales
from apps.aftersales.api import Actor, CaseState, Verdict
from apps.aftersales.models import Case
from tests.factories.accounts import UserFactory
from tests.factories.aftersales import (
    CaseEvidenceFactory,
    CaseFactory,
    CaseLineFactory,
    CaseStepFactory,
    ask,
    escalate,
    make_delivered_order,
    open_case,
    reject,
    see,
)
from tests.factories.checkout import ShopFloor

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


class TestCases:
    @pytest.mark.parametrize("field", ["order_id", "id"])
    def test_are_found_by_their_numbers(self, client: Client, field: str) -> None:
        row, other = CaseFactory.create(), CaseFactory.create()
        page = client.get(reverse("admin:aftersales_case_changelist"), {"q": str(getattr(row, field))})
        assert str(row.order_id) in page.content.decode()
        assert str(other.order_id) not in page.content.decode()

    def test_are_shown_with_their_lines_history_and_evidence(self, client: Client) -> None:
        case = CaseFactory.create()
        line = CaseLineFactory.create(case=case)
        CaseStepFactory.create(case=case, comment="It is too big.")
        CaseEvidenceFactory.create(case=case, text="See the picture.")
        page = client.get(reverse("admin:aftersales_case_change", args=[case.pk])).content.decode()
        for text in (str(line.line_id), "It is too big.", "See the picture."):
            assert text in page

    def test_are_changed_by_nobody(self, client: Client) -> None:
        row = CaseFactory.create()
        assert client.post(reverse("admin:aftersales_case_change", args=[row.pk]), {"state": "X"}).status_code == 403
        assert client.get(reverse("admin:aftersales_case_add")).status_code == 403
        assert client.post(reverse("admin:aftersales_case_delete", args=[row.pk])).status_code == 403
        assert Case.objects.get().state == "REQUEST_PENDING"


class TestDecide:
    @pytest.fixture
    def case(self, floor: ShopFloor) -> aftersales.CaseView:
        return escalate(reject(open_case(ask(make_delivered_order(floor)))))

    def decide(self, client: Client, case: aftersales.CaseView, **form: object) -> object:
        address = reverse("admin:aftersales_case_decide", args=[case.id])
        return client.post(
            address, {"_form_submitted": "on", "verdict": "SUPPORT_BUYER", "comment": "So be it.", **form}
        )

    def test_decides_in_the_name_of_who_is_signed_in(self, client: Client, case: aftersales.CaseView) -> None:
        self.decide(client, case, buyer_keeps_goods="on", platform_pays="on")
        decided = see(case.id)
        assert (decided.state, decided.verdict, decided.platform_pays) == (
            CaseState.SUCCESS,
            Verdict.SUPPORT_BUYER,
            True,
        )
        step = decided.steps[-1]
        assert (step.actor, step.comment) == (Actor.PLATFORM, "So be it.")

    def test_says_why_not(self, client: Client, case: aftersales.CaseView) -> None:
        for _ in range(2):
            self.decide(client, case, verdict="SUPPORT_SELLER")
        page = client.get(reverse("admin:aftersales_case_change", args=[case.id])).content.decode()
        assert aftersales.CaseNotWaiting.title in page
        assert see(case.id).state is CaseState.CANCELLED

    def test_is_not_for_everybody_who_reads(self, case: aftersales.CaseView) -> None:
        reader = Client()
        reader.force_login(UserFactory.create(is_staff=True))
        self.decide(reader, case)
        assert see(case.id).state is CaseState.IN_ARBITRATION
