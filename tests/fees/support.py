"""Small words that the tests of fees share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.apps import apps
from django.db.models import Model

from apps.fees import services
from apps.fees.contracts import FeeBasis, FeePlanDraft, FeeRule
from tests.support import NOON
from tradecore import approvals
from tradecore.errors import Refusal
from tradecore.models import Approval, AuditEntry

A_SECOND: Final = timedelta(seconds=1)
A_DAY: Final = timedelta(days=1)
A_WEEK_S: Final = 7 * 24 * 3600

COMMISSION: Final = FeeRule(kind="commission", basis=FeeBasis.PAYMENT, rate_bp=900)
DRAFT: Final = FeePlanDraft(
    code="P", market="GB", currency="GBP", valid_from=NOON, settle_after_s=A_WEEK_S, rules=(COMMISSION,)
)

#: What follows DRAFT: half the commission, from tomorrow on.
NEXT: Final = replace(DRAFT, valid_from=NOON + A_DAY, rules=(replace(COMMISSION, rate_bp=450),))


def write(draft: FeePlanDraft = DRAFT) -> int:
    return services.draft_plan(draft=draft, actor="user:1", now=NOON)


def ask(version: int, *, code: str = "P", actor: str = "user:1", now: datetime = NOON) -> int:
    """Ask for a publication; returns the id of the request."""
    return services.request_publication(code=code, version=version, actor=actor, reason="as agreed", now=now)


def approve(approval_id: int, *, actor: str = "user:2", now: datetime = NOON) -> None:
    row = Approval.objects.get(pk=approval_id)
    approvals.approve(approval_id=row.pk, content_hash=row.content_hash, actor=actor, now=now)


def reject(approval_id: int, *, actor: str = "user:2", now: datetime = NOON) -> None:
    approvals.reject(approval_id=approval_id, actor=actor, reason="too dear", now=now)


def publish(version: int, *, code: str = "P", now: datetime = NOON) -> None:
    """Ask as one person and approve as another."""
    approve(ask(version, code=code, now=now), now=now)


def write_and_publish(draft: FeePlanDraft = DRAFT) -> int:
    version = write(draft)
    publish(version, code=draft.code)
    return version


@contextmanager
def refused(refusal: type[Refusal]) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block is refused so, and leaves every row as it was."""
    before = rows()
    with pytest.raises(refusal) as raised:
        yield raised
    assert rows() == before


def rows() -> list[list[tuple[Any, ...]]]:
    tables: list[type[Model]] = [AuditEntry, Approval, *apps.get_app_config("fees").get_models()]
    return [list(table._default_manager.order_by("pk").values_list()) for table in tables]
