"""The public door of reconciliation."""

from apps.reconciliation.contracts import Contains, Invariant, Offence, RunReport, Suite
from apps.reconciliation.events import BreakClosed, BreakFound
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.selectors import count_open_breaks, money_at_risk
from apps.reconciliation.services.run import reconcile, reconcile_daily

__all__ = [
    "INVARIANTS",
    "BreakClosed",
    "BreakFound",
    "Contains",
    "Invariant",
    "Offence",
    "RunReport",
    "Suite",
    "count_open_breaks",
    "money_at_risk",
    "reconcile",
    "reconcile_daily",
]
