"""The facts that reconciliation publishes. Aggregate: `break`; sequence: its version."""

from dataclasses import dataclass
from typing import ClassVar

from tradecore.outbox import Event


@dataclass(frozen=True, slots=True)
class BreakFound(Event):
    """An invariant does not hold for a row. Money is at risk until somebody has looked."""

    kind: ClassVar[str] = "reconciliation.break_found"

    break_id: int
    invariant: str
    row_ref: int
    what: str
    at_risk_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class BreakClosed(Event):
    """The row that broke an invariant no longer does."""

    kind: ClassVar[str] = "reconciliation.break_closed"

    break_id: int
    invariant: str
    row_ref: int
