"""The registry: every invariant by its name, in the order in which they are asked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from apps.reconciliation.contracts import Invariant
from apps.reconciliation.invariants import events, goods, ledger, orders, payments

INVARIANTS: Final[Mapping[str, Invariant]] = MappingProxyType(
    {
        invariant.name: invariant
        for invariant in (
            *ledger.INVARIANTS,
            *orders.INVARIANTS,
            *payments.INVARIANTS,
            *goods.INVARIANTS,
            *events.INVARIANTS,
        )
    }
)
