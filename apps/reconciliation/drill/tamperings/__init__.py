"""What breaks each invariant. Each module is about the invariants of the module of that name."""

from apps.reconciliation.drill.hands import TAMPERINGS
from apps.reconciliation.drill.tamperings import (
    aftersales,
    documents,
    events,
    files,
    fuses,
    goods,
    ledger,
    orders,
    payments,
    payouts,
    settlement,
    suspense,
)

__all__ = [
    "TAMPERINGS",
    "aftersales",
    "documents",
    "events",
    "files",
    "fuses",
    "goods",
    "ledger",
    "orders",
    "payments",
    "payouts",
    "settlement",
    "suspense",
]
