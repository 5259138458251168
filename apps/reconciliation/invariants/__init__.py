"""The registry: every invariant by its name, in the order in which they are asked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from apps.reconciliation.contracts import Invariant
from apps.reconciliation.invariants import (
    aftersales,
    documents,
    events,
    files,
    goods,
    ledger,
    orders,
    payments,
    payouts,
    settlement,
    suspense,
)

INVARIANTS: Final[Mapping[str, Invariant]] = MappingProxyType(
    {
        invariant.name: invariant
        for invariant in (
            *ledger.INVARIANTS,
            *orders.INVARIANTS,
            *payments.INVARIANTS,
            *goods.INVARIANTS,
            *documents.INVARIANTS,
            *aftersales.INVARIANTS,
            *settlement.INVARIANTS,
            *payouts.INVARIANTS,
            *suspense.INVARIANTS,
            *files.INVARIANTS,
            *events.INVARIANTS,
        )
    }
)

#: Those that only a file of a provider or bank can tell of.
OF_FILES: Final = files.NAMES
