"""The database itself refuses rows that the use cases would never write."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.aftersales.models import Case
from tests.factories.aftersales import CaseEvidenceFactory, CaseFactory, CaseLineFactory, CaseStepFactory
from tests.factories.fulfilment import READY

pytestmark = pytest.mark.django_db


def refused(write: Callable[[], object], *, by: str) -> None:
    """The write fails on the constraint of this name."""
    with pytest.raises(DatabaseError, match=by), transaction.atomic():
        write()


OVER = {"next_actor": "nobody", "next_action": "", "due_at": None, "default_action": "", "closed_at": READY}


class TestCase:
    @pytest.mark.parametrize(
        ("columns", "constraint"),
        [
            ({"kind": "GIFT"}, "aftersales_case_kind"),
            ({"cause": "WHIM"}, "aftersales_case_cause"),
            ({"initiator": "nobody"}, "aftersales_case_initiator"),
            ({"state": "LOST"}, "aftersales_case_(state|open|next_action)"),
            ({"next_actor": "nobody"}, "aftersales_case_next_action"),
            ({"next_action": ""}, "aftersales_case_next_action"),
            ({"due_at": None}, "aftersales_case_next_action"),
            ({"default_action": ""}, "aftersales_case_next_action"),
            ({"closed_at": READY}, "aftersales_case_next_action"),
            ({"state": "CANCELLED", "is_open": False}, "aftersales_case_next_action"),
            ({"state": "COMPLETE", **OVER}, "aftersales_case_open"),
            ({"is_open": False}, "aftersales_case_open"),
            ({"state": "SUCCESS", "is_open": False, "holds_stock": True}, "aftersales_case_holds_stock"),
            ({"edit_count": 3}, "aftersales_case_counts"),
            ({"offer_count": 4}, "aftersales_case_counts"),
            ({"offered_minor": 0}, "aftersales_case_amounts"),
            ({"agreed_minor": 5}, "aftersales_case_amounts"),
            ({"offered_minor": 5, "agreed_minor": 6}, "aftersales_case_amounts"),
            ({"refund_minor": 5}, "aftersales_case_refund"),
            ({"gone_id": 1, "refund_minor": 5}, "aftersales_case_refund"),
            ({"gone_id": 1, "refund_minor": 0, "refund_id": 1}, "aftersales_case_refund"),
            ({"package_id": 1}, "aftersales_case_package"),
            ({"kind": "REFUSED_PARCEL"}, "aftersales_case_package"),
            ({"verdict": "MAYBE"}, "aftersales_case_verdict"),
            ({"platform_pays": True}, "aftersales_case_platform_pays"),
        ],
    )
    def test_says_who_acts_next_and_what_it_gave_back(self, columns: dict[str, Any], constraint: str) -> None:
        row = CaseFactory.create()
        refused(lambda: Case.objects.filter(pk=row.pk).update(**columns), by=constraint)

    @pytest.mark.parametrize("column", ["package_id", "refund_id", "gone_id"])
    def test_is_the_only_one_about_a_parcel_and_of_its_money(self, column: str) -> None:
        facts = (
            {"kind": "REFUSED_PARCEL", "package_id": 7}
            if column == "package_id"
            else {"gone_id": 7, "refund_minor": 5, "refund_id": 7}
        )
        CaseFactory.create(**facts)
        if column != "package_id":
            facts["gone_id" if column == "refund_id" else "refund_id"] = 8
        refused(lambda: CaseFactory.create(**facts), by=f"(aftersales_case_|{column})")


class TestCaseLine:
    def test_is_about_something(self) -> None:
        refused(lambda: CaseLineFactory.create(quantity=0), by="aftersales_case_line_quantity")

    def test_is_one_for_each_line_of_the_order(self) -> None:
        row = CaseLineFactory.create()
        refused(lambda: CaseLineFactory.create(case=row.case, line_id=row.line_id), by="(aftersales_case_line|line_id)")

    def test_finds_no_more_than_it_is_about(self) -> None:
        refused(lambda: CaseLineFactory.create(quantity=2, good=2, damaged=1), by="aftersales_case_line_found")


class TestCaseStep:
    def test_is_one_of_each_version(self) -> None:
        row = CaseStepFactory.create()
        refused(lambda: CaseStepFactory.create(case=row.case), by="(aftersales_case_step|sequence)")

    def test_is_somebodys_and_ends_somewhere(self) -> None:
        refused(lambda: CaseStepFactory.create(actor="robot"), by="aftersales_case_step_actor")
        refused(lambda: CaseStepFactory.create(after="LIMBO"), by="aftersales_case_step_after")


class TestCaseEvidence:
    def test_is_somebodys(self) -> None:
        refused(lambda: CaseEvidenceFactory.create(given_by="robot"), by="aftersales_case_evidence_by")
