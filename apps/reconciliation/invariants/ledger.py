"""What is always true of the ledger by itself, and of the ledger beside the facts that it tells of."""

from apps.reconciliation.contracts import Contains, Invariant

_ENTRY = ("posting_id", "account", "owner_ref", "currency", "amount_minor", "is_pending", "about_ref")
_POSTING = ("id", "kind", "reference", "order_ref")

INVARIANTS = (
    Invariant(
        name="I01",
        title="The entries of a posting add up to nothing",
        sql="""
            SELECT posting_id, MIN(currency), ABS(SUM(amount_minor)), 'the entries do not add up to nothing', NULL
            FROM ledger_entry WHERE {recent:posting_id}
            GROUP BY posting_id, currency, is_pending HAVING SUM(amount_minor) <> 0
        """,
        reads={"ledger_entry": _ENTRY},
    ),
    Invariant(
        name="I01b",
        title="A posting has two entries or more, in one currency",
        sql="""
            SELECT p.id, MIN(e.currency), COALESCE(MAX(ABS(e.amount_minor)), 0),
                   'fewer than two entries, or two currencies', NULL
            FROM ledger_posting p LEFT JOIN ledger_entry e ON e.posting_id = p.id
            WHERE {recent:p.id}
            GROUP BY p.id HAVING COUNT(e.posting_id) < 2 OR COUNT(DISTINCT e.currency) > 1
        """,
        reads={"ledger_posting": _POSTING, "ledger_entry": _ENTRY},
    ),
    Invariant(
        name="I16",
        title="A balance is what the sealed entries of its account add up to",
        sql="""
            SELECT b.id, b.currency, ABS(b.amount_minor - COALESCE(s.total, 0)), 'the balance is not its entries', NULL
            FROM ledger_balance b LEFT JOIN (
                SELECT e.account, e.owner_ref, e.currency, e.is_pending, SUM(e.amount_minor) AS total
                FROM ledger_entry e JOIN ledger_seal s ON s.posting_id = e.posting_id
                GROUP BY e.account, e.owner_ref, e.currency, e.is_pending
            ) s ON s.account = b.account AND s.owner_ref = b.owner_ref AND s.currency = b.currency
                AND s.is_pending = b.is_pending
            WHERE b.amount_minor <> COALESCE(s.total, 0)
        """,
        reads={
            "ledger_balance": ("id", "account", "owner_ref", "currency", "is_pending", "amount_minor"),
            "ledger_entry": _ENTRY,
            "ledger_seal": ("posting_id",),
        },
        is_for_recent=False,
    ),
    Invariant(
        name="I17",
        title="The seals are numbered without a gap",
        sql="""
            SELECT s.number, NULL, 0, 'the seal before this one is missing', NULL
            FROM ledger_seal s LEFT JOIN ledger_seal earlier ON earlier.number = s.number - 1
            WHERE earlier.number IS NULL AND s.number > 1
        """,
        reads={"ledger_seal": ("number",)},
        is_for_recent=False,
    ),
    Invariant(
        name="I26",
        title="A capture is posted once, with its amount",
        sql="""
            SELECT c.id, i.currency, c.amount_minor, 'the capture is not in the books as it was made', NULL
            FROM payments_capture c
            JOIN payments_tender t ON t.id = c.tender_id
            JOIN payments_intent i ON i.id = t.intent_id
            LEFT JOIN ledger_posting p ON p.kind = 'capture' AND p.reference = c.id
            LEFT JOIN ledger_entry e ON e.posting_id = p.id AND e.about_ref = c.id AND e.is_pending = 0
                AND e.currency = i.currency AND e.amount_minor = c.amount_minor
            WHERE e.id IS NULL AND {recent:c.id}
        """,
        reads={
            "payments_capture": ("id", "tender_id", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
            "payments_intent": ("id", "currency"),
            "ledger_posting": _POSTING,
            "ledger_entry": (*_ENTRY, "id"),
        },
    ),
    Invariant(
        name="I26b",
        title="What a provider has sent back is posted once, with its amount",
        sql="""
            SELECT c.id, i.currency, c.amount_minor, 'the refund is not in the books as it was made', NULL
            FROM payments_call c
            JOIN payments_tender t ON t.id = c.tender_id
            JOIN payments_intent i ON i.id = t.intent_id
            LEFT JOIN ledger_posting p ON p.kind = 'refund' AND p.reference = c.id
            LEFT JOIN ledger_entry e ON e.posting_id = p.id AND e.about_ref = c.refund_id
                AND e.amount_minor = c.amount_minor
            WHERE c.operation = 'refund' AND c.status = 'SUCCEEDED' AND e.id IS NULL AND {recent:c.id}
        """,
        reads={
            "payments_call": ("id", "tender_id", "refund_id", "operation", "status", "amount_minor"),
            "payments_tender": ("id", "intent_id"),
            "payments_intent": ("id", "currency"),
            "ledger_posting": _POSTING,
            "ledger_entry": (*_ENTRY, "id"),
        },
    ),
    Invariant(
        name="I26c",
        title="The sale of a paid order is posted once, with its total",
        sql="""
            SELECT o.id, o.currency, o.total_minor, 'the sale is not in the books as it was made', o.shop_id
            FROM orders_order o
            LEFT JOIN ledger_posting p ON p.kind = 'sale' AND p.reference = o.id
            LEFT JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'BUYER_FUNDS'
                AND e.amount_minor = o.total_minor
            WHERE o.paid_at IS NOT NULL AND o.total_minor > 0 AND e.id IS NULL AND {recent:o.id}
        """,
        reads={
            "orders_order": ("id", "shop_id", "currency", "total_minor", "paid_at"),
            "ledger_posting": _POSTING,
            "ledger_entry": (*_ENTRY, "id"),
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I27",
        title="The buyers' funds of a purchase that is over are nothing",
        sql="""
            SELECT e.about_ref, MIN(e.currency), ABS(SUM(e.amount_minor)), 'funds of a purchase that is over', NULL
            FROM ledger_entry e JOIN payments_intent i ON i.payable_ref = e.about_ref
            WHERE e.account = 'BUYER_FUNDS' AND e.is_pending = 0 AND i.status <> 'OPEN' AND {recent:e.about_ref}
            GROUP BY e.about_ref HAVING SUM(e.amount_minor) <> 0
        """,
        reads={"ledger_entry": _ENTRY, "payments_intent": ("payable_ref", "status")},
    ),
    Invariant(
        name="I27b",
        title="Nothing is on its way back for a refund that is back",
        sql="""
            SELECT r.id, MIN(e.currency), ABS(SUM(e.amount_minor)), 'the refund is back, and the books disagree', NULL
            FROM payments_refund r JOIN ledger_entry e ON e.about_ref = r.id
            WHERE r.status = 'SUCCEEDED' AND e.account = 'BUYER_REFUND_CLEARING' AND {recent:r.id}
            GROUP BY r.id HAVING SUM(e.amount_minor) <> 0
        """,
        reads={"payments_refund": ("id", "status"), "ledger_entry": _ENTRY},
    ),
    Invariant(
        name="I31",
        title="All accounts of a currency add up to nothing",
        sql="""
            SELECT 0, currency, ABS(SUM(amount_minor)), 'the trial balance is not nothing', NULL
            FROM ledger_entry GROUP BY currency HAVING SUM(amount_minor) <> 0
        """,
        reads={"ledger_entry": _ENTRY},
        is_for_recent=False,
    ),
)
