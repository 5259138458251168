"""What is always true of the machinery: nothing is stuck, and nothing happened that was not told."""

from apps.reconciliation.contracts import Invariant

INVARIANTS = (
    Invariant(
        name="I05",
        title="No idempotency key is held two minutes past its lease",
        sql="""
            SELECT 0, NULL, 0, 'keys are held by nobody', NULL
            FROM kernel_idempotency
            WHERE state = 'started' AND locked_until < %(late)s AND {recently:created_at} GROUP BY state
        """,
        reads={"kernel_idempotency": ("state", "locked_until", "created_at")},
    ),
    Invariant(
        name="I19",
        title="Every event is delivered within a minute, and none is parked",
        sql="""
            SELECT e.id, NULL, 0, 'an event was not delivered', NULL
            FROM kernel_outbox e
            WHERE e.delivered_at IS NULL AND (e.dead_at IS NOT NULL OR e.next_attempt_at < %(late)s)
        """,
        reads={"kernel_outbox": ("id", "delivered_at", "dead_at", "next_attempt_at")},
    ),
    Invariant(
        name="I19b",
        title="Every change of an order has its event",
        sql="""
            SELECT o.id, o.currency, 0, 'the order has changed without an event', NULL
            FROM orders_order o JOIN (
                SELECT aggregate_id, MAX(sequence) AS last FROM kernel_outbox
                WHERE aggregate = 'order' AND {recent:aggregate_id} GROUP BY aggregate_id
            ) e ON e.aggregate_id = o.id
            WHERE o.version <> e.last
        """,
        reads={
            "orders_order": ("id", "currency", "version"),
            "kernel_outbox": ("aggregate", "aggregate_id", "sequence"),
        },
    ),
)
