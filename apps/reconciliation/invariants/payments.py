"""What is always true of payments: nothing goes back twice, and nothing is on its way for ever."""

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

#: Every payment beside the sums of its refunds, of its captures, and of what chargebacks took of these.
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
            LEFT JOIN (
                SELECT intent_id, SUM(amount_minor - uncovered_minor) AS charged_back FROM payments_dispute
                WHERE status <> 'WON' AND {recent:intent_id} GROUP BY intent_id
            ) d ON d.intent_id = i.id
        """

#: What lost chargebacks took of the order of what went back.
_LOST = """COALESCE((
                SELECT SUM(s.amount_minor)
                FROM payments_dispute_share s JOIN payments_dispute d ON d.id = s.dispute_id
                WHERE d.status = 'LOST' AND s.order_ref = u.order_id
            ), 0)"""

_DISPUTE = ("intent_id", "status", "amount_minor", "uncovered_minor")

INVARIANTS = (
    Invariant(
        name="I07",
        title="No more goes back than was captured",
        sql="""
            SELECT i.id, i.currency,
                   COALESCE(r.refunded, 0) + COALESCE(d.charged_back, 0) - COALESCE(c.captured, 0),
                   'more goes back than was captured', NULL
            """
        + _SUMS
        + """
            WHERE {recent:i.id}
                AND COALESCE(r.refunded, 0) + COALESCE(d.charged_back, 0) > COALESCE(c.captured, 0)
        """,
        reads={
            "payments_intent": ("id", "currency"),
            "payments_refund": ("intent_id", "amount_minor"),
            "payments_capture": ("tender_id", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
            "payments_dispute": _DISPUTE,
        },
    ),
    Invariant(
        name="I07b",
        title="A payment counts what its captures, refunds and chargebacks come to",
        sql="""
            SELECT i.id, i.currency,
                   ABS(i.captured_minor - COALESCE(c.captured, 0)) + ABS(i.refunded_minor - COALESCE(r.refunded, 0))
                       + ABS(i.charged_back_minor - COALESCE(d.charged_back, 0)),
                   'the counters are not the sums', NULL
            """
        + _SUMS
        + """
            WHERE {recent:i.id} AND (
                i.captured_minor <> COALESCE(c.captured, 0) OR i.refunded_minor <> COALESCE(r.refunded, 0)
                OR i.charged_back_minor <> COALESCE(d.charged_back, 0)
            )
        """,
        reads={
            "payments_intent": ("id", "currency", "captured_minor", "refunded_minor", "charged_back_minor"),
            "payments_refund": ("intent_id", "amount_minor"),
            "payments_capture": ("tender_id", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
            "payments_dispute": _DISPUTE,
        },
    ),
    Invariant(
        name="I07c",
        title="An order's share counts what was refunded for the order, and charged back of it",
        sql="""
            SELECT s.id, i.currency,
                   ABS(s.refunded_minor - COALESCE(r.refunded, 0))
                       + ABS(s.charged_back_minor - COALESCE(d.charged_back, 0)),
                   'the share counts another sum', NULL
            FROM payments_capture_share s JOIN payments_intent i ON i.id = s.intent_id
            LEFT JOIN (
                SELECT order_ref, SUM(amount_minor) AS refunded FROM payments_refund
                WHERE order_ref IS NOT NULL AND {recent:order_ref} GROUP BY order_ref
            ) r ON r.order_ref = s.order_ref
            LEFT JOIN (
                SELECT h.order_ref, SUM(h.amount_minor) AS charged_back
                FROM payments_dispute_share h JOIN payments_dispute d ON d.id = h.dispute_id
                WHERE d.status <> 'WON' AND {recent:h.order_ref} GROUP BY h.order_ref
            ) d ON d.order_ref = s.order_ref
            WHERE {recent:s.order_ref} AND (
                s.refunded_minor <> COALESCE(r.refunded, 0) OR s.charged_back_minor <> COALESCE(d.charged_back, 0)
            )
        """,
        reads={
            "payments_capture_share": ("id", "intent_id", "order_ref", "refunded_minor", "charged_back_minor"),
            "payments_intent": ("id", "currency"),
            "payments_refund": ("order_ref", "amount_minor"),
            "payments_dispute": ("id", "status"),
            "payments_dispute_share": ("dispute_id", "order_ref", "amount_minor"),
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
    Invariant(
        name="I25c",
        title="A call to a provider is sent, or asked about, when it is time to",
        sql="""
            SELECT c.id, i.currency, c.amount_minor, 'nobody sends it, or asks what became of it', NULL
            FROM payments_call c
            JOIN payments_tender t ON t.id = c.tender_id
            JOIN payments_intent i ON i.id = t.intent_id
            WHERE c.ask_at < %(late)s AND c.status IN ('CREATED', 'UNKNOWN', 'PENDING') AND NOT (
                c.operation = 'refund' AND c.status = 'CREATED'
                AND EXISTS (SELECT 1 FROM kernel_freeze f WHERE f.kind = 'all_refunds')
            )
        """,
        reads={
            "payments_call": ("id", "tender_id", "operation", "status", "amount_minor", "ask_at"),
            "payments_tender": ("id", "intent_id"),
            "payments_intent": ("id", "currency"),
            "kernel_freeze": ("kind",),
        },
    ),
    Invariant(
        name="I25g",
        title="A refund has an outcome three days after it was opened",
        sql="""
            SELECT r.id, i.currency, r.amount_minor, 'it has been on its way for days', NULL
            FROM payments_refund r JOIN payments_intent i ON i.id = r.intent_id
            WHERE r.status = 'REQUESTED' AND r.id < %(stale_id)s
        """,
        reads={
            "payments_refund": ("id", "intent_id", "status", "amount_minor"),
            "payments_intent": ("id", "currency"),
        },
        is_for_recent=False,
    ),
    Invariant(
        name="I36",
        title="The books dispute what banks have taken and not decided about, and nothing else",
        sql=spell(
            """
            SELECT d.id, i.currency, ABS(COALESCE(SUM(e.amount_minor), 0) - <disputed>),
                   'the books dispute another amount', NULL
            FROM payments_dispute d JOIN payments_intent i ON i.id = d.intent_id
            LEFT JOIN ledger_entry e ON e.about_ref = d.id AND e.account = 'DISPUTED'
            WHERE (d.closed_at IS NULL OR d.closed_at < %(late)s) AND ({recent:d.id} OR {recently:d.closed_at})
            GROUP BY d.id, i.currency, d.amount_minor, d.closed_at
            HAVING COALESCE(SUM(e.amount_minor), 0) <> <disputed>
            """,
            disputed="CASE WHEN d.closed_at IS NULL THEN d.amount_minor ELSE 0 END",
        ),
        reads={
            "payments_dispute": ("id", "intent_id", "amount_minor", "closed_at"),
            "payments_intent": ("id", "currency"),
            "ledger_entry": ("about_ref", "account", "amount_minor"),
        },
    ),
    Invariant(
        name="I36b",
        title="An order is held by the chargebacks that nobody has decided about, and by no others",
        sql="""
            SELECT d.id, i.currency, s.amount_minor, 'an order is not held for it, or is held still', NULL
            FROM payments_dispute d JOIN payments_intent i ON i.id = d.intent_id
            JOIN payments_dispute_share s ON s.dispute_id = d.id
            LEFT JOIN orders_hold h ON h.order_id = s.order_ref AND h.kind = 'dispute' AND h.owner_ref = d.id
            WHERE ({recent:d.id} OR {recently:d.closed_at}) AND (
                (d.closed_at IS NULL AND d.id < %(late_id)s AND (h.id IS NULL OR h.released_at IS NOT NULL))
                OR (d.closed_at < %(late)s AND h.id IS NOT NULL AND h.released_at IS NULL)
            )
        """,
        reads={
            "payments_dispute": ("id", "intent_id", "closed_at"),
            "payments_intent": ("id", "currency"),
            "payments_dispute_share": ("dispute_id", "order_ref", "amount_minor"),
            "orders_hold": ("id", "order_id", "kind", "owner_ref", "released_at"),
        },
    ),
    Invariant(
        name="I36c",
        title="An order counts no more as charged back than lost chargebacks took of it",
        sql=spell(
            """
            SELECT u.order_id, o.currency, SUM(u.refund_minor) - <lost>,
                   'more counts as charged back than was lost', o.shop_id
            FROM orders_units_gone u JOIN orders_order o ON o.id = u.order_id
            WHERE u.kind = 'CHARGED_BACK' AND {recent:u.id}
            GROUP BY u.order_id, o.currency, o.shop_id HAVING SUM(u.refund_minor) > <lost>
            """,
            lost=_LOST,
        ),
        reads={
            "orders_units_gone": ("id", "order_id", "kind", "refund_minor"),
            "orders_order": ("id", "currency", "shop_id"),
            "payments_dispute": ("id", "status"),
            "payments_dispute_share": ("dispute_id", "order_ref", "amount_minor"),
        },
        contains=Contains.SHOP,
    ),
)
