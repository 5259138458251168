"""Which state may follow which. The docs render these tables."""

from tradecore.states import TransitionTable

#: Several payouts that a second person decides on at once. CANCELLED: rejected, or not decided in time.
PAYOUT_RUN = TransitionTable(
    name="payout run",
    initial="PROPOSED",
    edges={
        "PROPOSED": frozenset({"APPROVED", "CANCELLED"}),
        "APPROVED": frozenset(),
        "CANCELLED": frozenset(),
    },
)

#: One payment to a seller. From APPROVED on its money is no longer the seller's to be paid out; REJECTED and RETURNED
#: give it back. SENT says that the bank may have it, and nothing about whether it does.
PAYOUT = TransitionTable(
    name="payout",
    initial="PROPOSED",
    edges={
        "PROPOSED": frozenset({"APPROVED", "SKIPPED", "CANCELLED"}),
        "APPROVED": frozenset({"SENT"}),
        "SENT": frozenset({"CONFIRMED", "REJECTED"}),
        "CONFIRMED": frozenset({"RETURNED"}),
        "SKIPPED": frozenset(),
        "CANCELLED": frozenset(),
        "REJECTED": frozenset(),
        "RETURNED": frozenset(),
    },
)

#: Where a shop is paid to. Its first account is CURRENT at once; a later one takes its place when a second person says
#: so. DROPPED: rejected, or not decided in time.
PAYOUT_ACCOUNT = TransitionTable(
    name="payout account",
    initial="PROPOSED",
    edges={
        "PROPOSED": frozenset({"CURRENT", "DROPPED"}),
        "CURRENT": frozenset({"REPLACED"}),
        "REPLACED": frozenset(),
        "DROPPED": frozenset(),
    },
)
