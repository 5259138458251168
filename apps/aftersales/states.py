"""Which state of a case may follow which. The docs render this table."""

from apps.aftersales.contracts import CaseState
from tradecore.states import TransitionTable

CASE = TransitionTable(
    name="after-sales case",
    initial=CaseState.REQUEST_PENDING,
    edges={
        # Its buyer may take a case back as long as it is not decided.
        CaseState.REQUEST_PENDING: frozenset(
            {
                CaseState.AWAITING_BUYER_RESPONSE,
                CaseState.AWAITING_BUYER_SHIP,
                CaseState.SUCCESS,
                CaseState.REJECTED,
                CaseState.CANCELLED,
            }
        ),
        # A refused offer is the seller's to decide again.
        CaseState.AWAITING_BUYER_RESPONSE: frozenset(
            {CaseState.SUCCESS, CaseState.REQUEST_PENDING, CaseState.CANCELLED}
        ),
        # What comes back without a word was shipped all the same.
        CaseState.AWAITING_BUYER_SHIP: frozenset({CaseState.BUYER_SHIPPED_ITEM, CaseState.CANCELLED}),
        # A refused parcel begins here: its goods are on their way, and may never be counted in.
        CaseState.BUYER_SHIPPED_ITEM: frozenset({CaseState.SUCCESS, CaseState.RECEIVE_REJECTED, CaseState.CANCELLED}),
        CaseState.REJECTED: frozenset({CaseState.IN_ARBITRATION, CaseState.CANCELLED}),
        CaseState.RECEIVE_REJECTED: frozenset({CaseState.IN_ARBITRATION, CaseState.CANCELLED}),
        CaseState.IN_ARBITRATION: frozenset({CaseState.AWAITING_BUYER_SHIP, CaseState.SUCCESS, CaseState.CANCELLED}),
        # Decided for the buyer: paid, or replaced. A replacement that is not right is the platform's to decide.
        CaseState.SUCCESS: frozenset({CaseState.COMPLETE, CaseState.IN_ARBITRATION}),
        CaseState.COMPLETE: frozenset(),
        CaseState.CANCELLED: frozenset(),
    },
)
