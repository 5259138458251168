"""Which state may follow which. The docs render these tables."""

from tradecore.states import TransitionTable

#: Whether money may still be asked for. Captures and refunds are facts beside it.
INTENT = TransitionTable(
    name="payment intent",
    initial="OPEN",
    edges={
        "OPEN": frozenset({"PAID", "CLOSED"}),
        "PAID": frozenset(),
        "CLOSED": frozenset(),
    },
)

#: One way of paying a part of an intent. SUSPECT waits for a person: an answer contradicted what was asked.
TENDER = TransitionTable(
    name="tender",
    initial="CREATED",
    edges={
        "CREATED": frozenset({"REQUIRES_ACTION", "AUTHORISED", "CAPTURED", "DECLINED", "VOIDED", "SUSPECT"}),
        "REQUIRES_ACTION": frozenset({"AUTHORISED", "CAPTURED", "DECLINED", "VOIDED", "SUSPECT"}),
        "AUTHORISED": frozenset({"CAPTURED", "DECLINED", "VOIDED", "SUSPECT"}),
        "DECLINED": frozenset({"CAPTURED", "SUSPECT"}),
        "VOIDED": frozenset({"CAPTURED", "SUSPECT"}),
        "SUSPECT": frozenset({"CAPTURED", "DECLINED", "VOIDED"}),
        "CAPTURED": frozenset(),
    },
)

#: One call to a provider. UNKNOWN is never guessed: it is asked for by our own reference.
CALL = TransitionTable(
    name="provider call",
    initial="CREATED",
    edges={
        "CREATED": frozenset({"PENDING", "UNKNOWN", "SUCCEEDED", "REFUSED", "DROPPED"}),
        "UNKNOWN": frozenset({"PENDING", "SUCCEEDED", "REFUSED", "DROPPED"}),
        "PENDING": frozenset({"SUCCEEDED", "REFUSED", "DROPPED"}),
        "REFUSED": frozenset({"SUCCEEDED"}),
        "DROPPED": frozenset({"SUCCEEDED", "REFUSED"}),
        "SUCCEEDED": frozenset(),
    },
)

#: A chargeback: the provider has the money as long as it is not won. LOST also when we accept it.
DISPUTE = TransitionTable(
    name="dispute",
    initial="OPEN",
    edges={
        "OPEN": frozenset({"EVIDENCE_SENT", "WON", "LOST"}),
        "EVIDENCE_SENT": frozenset({"WON", "LOST"}),
        "WON": frozenset(),
        "LOST": frozenset(),
    },
)

#: Money on its way back. FAILED waits for a person, who tries again.
REFUND = TransitionTable(
    name="refund",
    initial="REQUESTED",
    edges={
        "REQUESTED": frozenset({"SUCCEEDED", "FAILED"}),
        "FAILED": frozenset({"REQUESTED", "SUCCEEDED"}),
        "SUCCEEDED": frozenset(),
    },
)
