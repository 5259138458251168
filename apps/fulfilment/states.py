"""Which state of a package may follow which. The docs render this table."""

from apps.fulfilment.contracts import PackageState
from tradecore.states import TransitionTable

#: How a package that a carrier has collected may end.
_ENDS = frozenset({PackageState.DELIVERED, PackageState.REFUSED, PackageState.LOST})

#: At the door a parcel may come and go: the carrier's clock says which of these is the latest.
_AT_THE_DOOR = frozenset(
    {PackageState.OUT_FOR_DELIVERY, PackageState.ATTEMPT_FAILED, PackageState.AVAILABLE_FOR_PICKUP}
)

PACKAGE = TransitionTable(
    name="package",
    initial=PackageState.ARRANGED,
    edges={
        # Whatever a carrier says first of a package, it has collected it first.
        PackageState.ARRANGED: frozenset({PackageState.COLLECTED, PackageState.WITHDRAWN}),
        PackageState.COLLECTED: frozenset({PackageState.IN_TRANSIT}) | _AT_THE_DOOR | _ENDS,
        PackageState.IN_TRANSIT: _AT_THE_DOOR | _ENDS,
        PackageState.OUT_FOR_DELIVERY: (_AT_THE_DOOR | _ENDS) - {PackageState.OUT_FOR_DELIVERY},
        PackageState.ATTEMPT_FAILED: (_AT_THE_DOOR | _ENDS) - {PackageState.ATTEMPT_FAILED},
        PackageState.AVAILABLE_FOR_PICKUP: (_AT_THE_DOOR | _ENDS) - {PackageState.AVAILABLE_FOR_PICKUP},
        PackageState.DELIVERED: frozenset(),
        PackageState.REFUSED: frozenset(),
        PackageState.LOST: frozenset(),
        PackageState.WITHDRAWN: frozenset(),
    },
)
