"""Small words that the tests of after-sales share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from apps.aftersales.models import Case, CaseEvidence, CaseLine, CaseStep
from apps.inventory.models import StockHold, StockMovement
from apps.ledger.models import Posting
from apps.orders.models import OrderHold, UnitsGoneEntry
from apps.payments.models import Refund
from tradecore.errors import Refusal
from tradecore.models import Approval, AuditEntry, OutboxEvent, Timer

_ROWS = (Case, CaseLine, CaseStep, CaseEvidence, OrderHold, StockHold, UnitsGoneEntry, Refund)
_COUNTS = (Posting, StockMovement, OutboxEvent, AuditEntry, Approval)


@contextmanager
def refuses(refusal: type[Refusal], **facts: Any) -> Iterator[None]:
    """The block is refused, for these facts, and leaves nothing behind."""
    before = _everything()
    with pytest.raises(refusal) as refused:
        yield
    assert {name: refused.value.facts()[name] for name in facts} == facts
    assert _everything() == before


def _everything() -> list[Any]:
    rows: list[Any] = [list(model.objects.order_by("pk").values()) for model in _ROWS]
    timers = list(Timer.objects.order_by("pk").values("pk", "due_at", "version"))
    return [*rows, timers, [model.objects.count() for model in _COUNTS]]
