"""What is always true of payments: nothing goes back twice, and nothing is on its way for ever."""

from apps.reconciliation.contracts import Invariant

#: Every payment beside the sums of its refunds and of its captures.
_SUMS = """
            FROM payments_intent i
            LEFT JOIN (
                SELECT intent_id, SUM(amount_minor) AS refunded FROM payments_refund
                WHERE {recent:intent_id} GROUP BY intent_id
            ) r ON r.intent_id = i.id
            LEFT JOIN (
                SELECT t.intent_id, SUM(c.amount_minor) AS captured
                FROM payments_capture c JOIN payments_tender t ON t.id = c.tender_id
                WHERE {recent:t.intent_id} GROUP BY t.intent_id
            ) c ON c.intent_id = i.id
        """

INVARIANTS = (
    Invariant(
        name="I07",
        title="No more goes back than was captured",
        sql="""
            SELECT i.id, i.currency, COALESCE(r.refunded, 0) - COALESCE(c.captured, 0),
                   'more goes back than was captured', NULL
            """
        + _SUMS
        + """
            WHERE {recent:i.id} AND COALESCE(r.refunded, 0) > COALESCE(c.captured, 0)
        """,
        reads={
            "payments_intent": ("id", "currency"),
            "payments_refund": ("intent_id", "amount_minor"),
            "payments_capture": ("tender_id", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
        },
    ),
    Invariant(
        name="I07b",
        title="A payment counts what its captures and refunds come to",
        sql="""
            SELECT i.id, i.currency,
                   ABS(i.captured_minor - COALESCE(c.captured, 0)) + ABS(i.refunded_minor - COALESCE(r.refunded, 0)),
                   'the counters are not the sums', NULL
            """
        + _SUMS
        + """
            WHERE {recent:i.id} AND (
                i.captured_minor <> COALESCE(c.captured, 0) OR i.refunded_minor <> COALESCE(r.refunded, 0)
            )
        """,
        reads={
            "payments_intent": ("id", "currency", "captured_minor", "refunded_minor"),
            "payments_refund": ("intent_id", "amount_minor"),
            "payments_capture": ("tender_id", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
        },
    ),
    Invariant(
        name="I07c",
        title="An order's share counts what was refunded for the order",
        sql="""
            SELECT s.id, i.currency, ABS(s.refunded_minor - COALESCE(r.refunded, 0)),
                   'the share counts another sum', NULL
            FROM payments_capture_share s JOIN payments_intent i ON i.id = s.intent_id
            LEFT JOIN (
                SELECT order_ref, SUM(amount_minor) AS refunded FROM payments_refund
                WHERE order_ref IS NOT NULL AND {recent:order_ref} GROUP BY order_ref
            ) r ON r.order_ref = s.order_ref
            WHERE {recent:s.order_ref} AND s.refunded_minor <> COALESCE(r.refunded, 0)
        """,
        reads={
            "payments_capture_share": ("id", "intent_id", "order_ref", "refunded_minor"),
            "payments_intent": ("id", "currency"),
            "payments_refund": ("order_ref", "amount_minor"),
        },
    ),
    Invariant(
        name="I18",
        title="What a provider has told us is applied within two minutes",
        sql="""
            SELECT a.id, NULL, 0, 'an answer waits to be applied', NULL
            FROM payments_answer a WHERE a.applied_at IS NULL AND a.received_at < %(late)s
        """,
        reads={"payments_answer": ("id", "applied_at", "received_at")},
    ),
    Invariant(
        name="I25",
        title="No refund is refused and left alone",
        sql="""
            SELECT r.id, i.currency, r.amount_minor, 'the provider has refused to send it back', NULL
            FROM payments_refund r JOIN payments_intent i ON i.id = r.intent_id WHERE r.status = 'FAILED'
        """,
        reads={
            "payments_refund": ("id", "intent_id", "status", "amount_minor"),
            "payments_intent": ("id", "currency"),
        },
    ),
    Invariant(
        name="I25b",
        title="No provider contradicts itself without anybody looking",
        sql="""
            SELECT t.id, i.currency, t.amount_minor, 'what its provider says contradicts what was asked', NULL
            FROM payments_tender t JOIN payments_intent i ON i.id = t.intent_id WHERE t.status = 'SUSPECT'
        """,
        reads={
            "payments_tender": ("id", "intent_id", "status", "amount_minor"),
            "payments_intent": ("id", "currency"),
        },
    ),
)
