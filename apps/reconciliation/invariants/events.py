"""What is always true of the machinery: nothing is stuck, and nothing happened that was not told."""

from typing import Final

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

#: Facts that money follows: (kind of event, consumer that must have applied it). That it does so once is a constraint
#: of the inbox. A consumer that is new comes here once the events that were delivered before it are purged.
APPLIED_BY: Final = (
    ("orders.purchase_paid", "documents.issue_receipts"),
    ("orders.units_left", "settlement.follow_change"),
    ("orders.hold_released", "settlement.schedule"),
    ("payments.refund_succeeded", "aftersales.complete_paid_case"),
    ("payments.refund_failed", "aftersales.cover_refused"),
    ("payments.dispute_opened", "aftersales.hold_disputed"),
    ("payments.dispute_closed", "aftersales.end_dispute"),
    ("aftersales.platform_compensation_due", "settlement.compensate"),
)

_UNAPPLIED = """
            SELECT e.id, NULL, 0, 'it was delivered, and <consumer> has not applied it', e.shop_id
            FROM kernel_outbox e LEFT JOIN kernel_inbox i ON i.event_id = e.id AND i.consumer = '<consumer>'
            WHERE e.kind = '<kind>' AND e.delivered_at IS NOT NULL AND i.id IS NULL AND {recent:e.id}
        """

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
        name="I20",
        title="A delivered event that money follows was applied by each of its consumers",
        sql="UNION ALL".join(spell(_UNAPPLIED, kind=kind, consumer=consumer) for kind, consumer in APPLIED_BY),
        reads={
            "kernel_outbox": ("id", "kind", "shop_id", "delivered_at"),
            "kernel_inbox": ("id", "event_id", "consumer"),
        },
        contains=Contains.SHOP,
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
    Invariant(
        name="I28",
        title="The seals of the audit are one chain: none is missing, and each is of an entry that is there",
        sql="""
            SELECT s.number, NULL, 0, 'the seal before it, or its entry, is not the one that it was given for', NULL
            FROM kernel_audit_seal s
            LEFT JOIN kernel_audit_seal earlier ON earlier.number = s.number - 1
            LEFT JOIN kernel_audit a ON a.id = s.entry_id
            WHERE a.id IS NULL OR (s.number > 1 AND (earlier.number IS NULL OR earlier.hash <> s.previous_hash))
        """,
        reads={"kernel_audit_seal": ("number", "entry_id", "previous_hash", "hash"), "kernel_audit": ("id",)},
        is_for_recent=False,
    ),
    Invariant(
        name="I28b",
        title="Every act in the audit was sealed within two minutes",
        sql="""
            SELECT a.id, NULL, 0, 'an act was not sealed', NULL
            FROM kernel_audit a LEFT JOIN kernel_audit_seal s ON s.entry_id = a.id
            WHERE s.number IS NULL AND a.id < %(late_id)s AND {recent:a.id}
        """,
        reads={"kernel_audit": ("id",), "kernel_audit_seal": ("number", "entry_id")},
    ),
)
