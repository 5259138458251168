"""Which status of a hold may follow which. The docs render this table."""

from apps.inventory.contracts import HoldStatus
from tradecore.states import TransitionTable

#: A hold resolves once. What comes back of a posted one is a new movement, and the hold stays posted.
HOLD = TransitionTable(
    name="stock hold",
    initial=HoldStatus.PENDING,
    edges={
        HoldStatus.PENDING: frozenset({HoldStatus.POSTED, HoldStatus.VOIDED, HoldStatus.EXPIRED}),
        HoldStatus.POSTED: frozenset(),
        HoldStatus.VOIDED: frozenset(),
        HoldStatus.EXPIRED: frozenset(),
    },
)
