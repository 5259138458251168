"""What is always true of after-sales: a case has somebody to act, holds its order, and gives back what it says."""

from apps.reconciliation.contracts import Invariant

INVARIANTS = (
    Invariant(
        name="I35",
        title="A case that is not over has a timer that acts by default, at most two minutes late",
        sql="""
            SELECT c.id, c.currency, 0, 'nobody acts when its time is over', NULL
            FROM aftersales_case c LEFT JOIN kernel_timer t ON t.subject = c.id AND t.kind = 'case_due'
            WHERE c.closed_at IS NULL AND {recent:c.id} AND (
                t.id IS NULL OR t.fired_at IS NOT NULL OR t.dead_at IS NOT NULL OR t.due_at <> c.due_at
                OR (t.clock = 'real' AND t.due_at < %(late)s)
            ) AND NOT EXISTS (
                SELECT 1 FROM orders_hold d
                WHERE d.order_id = c.order_id AND d.kind = 'dispute'
                    AND (d.released_at IS NULL OR d.released_at > %(late)s)
            )
        """,
        reads={
            "aftersales_case": ("id", "order_id", "currency", "due_at", "closed_at"),
            "kernel_timer": ("id", "subject", "kind", "clock", "due_at", "fired_at", "dead_at"),
            "orders_hold": ("order_id", "kind", "released_at"),
        },
    ),
    Invariant(
        name="I35b",
        title="A case holds its order for as long as its units are spoken for",
        sql="""
            SELECT c.id, c.currency, 0, 'the order is held without the case, or the case does not hold it', NULL
            FROM aftersales_case c
            LEFT JOIN orders_hold h ON h.order_id = c.order_id AND h.kind = 'case' AND h.owner_ref = c.id
            WHERE c.kind <> 'REFUSED_PARCEL' AND {recent:c.id} AND (
                (c.is_open = 1 AND (h.id IS NULL OR h.released_at IS NOT NULL))
                OR (c.is_open = 0 AND h.id IS NOT NULL AND h.released_at IS NULL)
            )
        """,
        reads={
            "aftersales_case": ("id", "order_id", "currency", "kind", "is_open"),
            "orders_hold": ("id", "order_id", "kind", "owner_ref", "released_at"),
        },
    ),
    Invariant(
        name="I35c",
        title="What a case says it gave back went back of its order, and to its buyer",
        sql="""
            SELECT c.id, c.currency, COALESCE(c.refund_minor, 0), 'another amount went back, or of another order', NULL
            FROM aftersales_case c
            LEFT JOIN orders_units_gone u ON u.id = c.gone_id
            LEFT JOIN payments_refund r ON r.id = c.refund_id
            WHERE c.gone_id IS NOT NULL AND ({recent:c.id} OR {recent:c.gone_id}) AND (
                u.id IS NULL OR u.order_id <> c.order_id OR u.refund_minor <> c.refund_minor
                OR (c.refund_id IS NOT NULL AND (
                    r.id IS NULL OR r.order_ref <> c.order_id OR r.amount_minor <> c.refund_minor
                ))
            )
        """,
        reads={
            "aftersales_case": ("id", "order_id", "currency", "gone_id", "refund_id", "refund_minor"),
            "orders_units_gone": ("id", "order_id", "refund_minor"),
            "payments_refund": ("id", "order_ref", "amount_minor"),
        },
    ),
)
