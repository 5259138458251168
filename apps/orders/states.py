"""Which status may follow which. The docs render these tables."""

from tradecore.states import TransitionTable

PURCHASE = TransitionTable(
    name="purchase",
    initial="AWAITING_PAYMENT",
    edges={
        "AWAITING_PAYMENT": frozenset({"PAID", "EXPIRED", "CANCELLED"}),
        "PAID": frozenset(),
        "EXPIRED": frozenset(),
        "CANCELLED": frozenset(),
    },
)

ORDER = TransitionTable(
    name="order",
    initial="UNPAID",
    edges={
        "UNPAID": frozenset({"ON_HOLD", "AWAITING_SHIPMENT", "CANCELLED"}),
        "ON_HOLD": frozenset({"AWAITING_SHIPMENT", "CANCELLED"}),
        "AWAITING_SHIPMENT": frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "CANCELLED"}),
        # The rest may be cancelled while the part in parcels has come to any point of its way.
        "PARTIALLY_SHIPPING": frozenset(
            {"AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED", "CANCELLED"}
        ),
        # A parcel that nobody collects is withdrawn. An order all of whose money went back is complete.
        "AWAITING_COLLECTION": frozenset({"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "IN_TRANSIT", "COMPLETED"}),
        "IN_TRANSIT": frozenset({"DELIVERED", "COMPLETED", "CANCELLED"}),
        "DELIVERED": frozenset({"COMPLETED"}),
        "COMPLETED": frozenset(),
        "CANCELLED": frozenset(),
    },
)

CANCEL_REQUEST = TransitionTable(
    name="cancel request",
    initial="OPEN",
    edges={
        "OPEN": frozenset({"APPROVED", "REJECTED", "WITHDRAWN"}),
        "APPROVED": frozenset(),
        "REJECTED": frozenset(),
        "WITHDRAWN": frozenset(),
    },
)
