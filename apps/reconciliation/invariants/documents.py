"""What is always true of receipts, invoices and credit notes: their numbers, and what they come to."""

from apps.reconciliation.contracts import Invariant

INVARIANTS = (
    Invariant(
        name="I33",
        title="The documents of a series are numbered without a gap and without a double",
        sql="""
            SELECT s.id, NULL, 0, 'a number is missing, or there twice', NULL
            FROM (
                SELECT id FROM documents_series WHERE {recent:id}
                UNION SELECT series_id FROM documents_document WHERE {recent:id}
            ) touched JOIN documents_series s ON s.id = touched.id
            LEFT JOIN documents_document d ON d.series_id = s.id
            GROUP BY s.id, s.last_number
            HAVING COUNT(d.id) <> s.last_number OR COUNT(DISTINCT d.number) <> s.last_number
                OR COALESCE(MIN(d.number), 1) <> 1 OR COALESCE(MAX(d.number), 0) <> s.last_number
        """,
        reads={
            "documents_series": ("id", "last_number"),
            "documents_document": ("id", "series_id", "number"),
        },
    ),
    Invariant(
        name="I33b",
        title="What went back of an order after its invoice has a credit note",
        sql="""
            SELECT u.id, i.currency, u.refund_minor, 'no credit note takes it back from the invoice', NULL
            FROM orders_units_gone u
            JOIN documents_document i ON i.kind = 'INVOICE' AND i.subject_ref = u.order_id
            LEFT JOIN documents_document c ON c.kind = 'CREDIT_NOTE' AND c.subject_ref = u.id
            WHERE {recent:u.id} AND u.id < %(late_id)s AND u.refund_minor > 0 AND u.sequence > i.gone_sequence
                AND c.id IS NULL
        """,
        reads={
            "orders_units_gone": ("id", "order_id", "sequence", "refund_minor"),
            "documents_document": ("id", "kind", "subject_ref", "currency", "gone_sequence"),
        },
    ),
    Invariant(
        name="I33c",
        title="An invoice bills what was paid and had not gone back by then",
        sql="""
            SELECT i.order_id, i.currency,
                   ABS(MIN(i.total_minor) - MIN(o.total_minor) + COALESCE(SUM(u.refund_minor), 0)),
                   'the invoice comes to another amount', NULL
            FROM documents_document i
            JOIN orders_order o ON o.id = i.order_id
            LEFT JOIN orders_units_gone u ON u.order_id = i.order_id AND u.sequence <= i.gone_sequence
            WHERE i.kind = 'INVOICE' AND {recent:i.id}
            GROUP BY i.id, i.order_id, i.currency
            HAVING MIN(i.total_minor) <> MIN(o.total_minor) - COALESCE(SUM(u.refund_minor), 0)
        """,
        reads={
            "documents_document": ("id", "kind", "order_id", "currency", "total_minor", "gone_sequence"),
            "orders_order": ("id", "total_minor"),
            "orders_units_gone": ("order_id", "sequence", "refund_minor"),
        },
    ),
    Invariant(
        name="I33d",
        title="A credit note takes back what went back, and what its invoice had not left out",
        sql="""
            SELECT c.id, c.currency, ABS(c.total_minor - COALESCE(u.refund_minor, 0)),
                   'the credit note is not about what went back after the invoice', NULL
            FROM documents_document c
            LEFT JOIN orders_units_gone u ON u.id = c.subject_ref AND u.order_id = c.order_id
            LEFT JOIN documents_document i ON i.kind = 'INVOICE' AND i.subject_ref = c.order_id
            WHERE c.kind = 'CREDIT_NOTE' AND {recent:c.id} AND (
                u.id IS NULL OR i.id IS NULL OR u.refund_minor <> c.total_minor OR u.sequence <= i.gone_sequence
            )
        """,
        reads={
            "documents_document": ("id", "kind", "subject_ref", "order_id", "currency", "total_minor", "gone_sequence"),
            "orders_units_gone": ("id", "order_id", "sequence", "refund_minor"),
        },
    ),
)
