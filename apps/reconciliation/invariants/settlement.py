"""What is always true of sellers' money: settlements, accounts and statements are what lines and books say."""

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

_RESERVE = "('reserve_held', 'reserve_used', 'reserve_released')"
_PAYOUT = "('payout', 'payout_returned')"

# What was touched lately is found first, and joined: an OR would read every row there is.
#: Settlements that were made, or whose lines were written, lately.
_TOUCHED = """(
                SELECT id FROM settlement_settlement WHERE {recent:id}
                UNION SELECT settlement_id FROM settlement_line WHERE {recent:id} AND settlement_id IS NOT NULL
            ) touched JOIN settlement_settlement s ON s.id = touched.id"""

#: Accounts with a line of lately.
_MOVED = """(
                SELECT shop_id FROM settlement_account WHERE {recent:shop_id}
                UNION SELECT shop_id FROM settlement_line WHERE {recent:id}
            ) moved JOIN settlement_account a ON a.shop_id = moved.shop_id"""

#: What lines keep back, as a negative sum.
_KEPT_BACK = f"COALESCE(SUM(CASE WHEN l.kind IN {_RESERVE} THEN l.amount_minor ELSE 0 END), 0)"

_SETTLEMENT = ("id", "order_id", "shop_id", "currency", "reserve_minor")
_LINE = ("id", "shop_id", "statement_id", "settlement_id", "order_id", "kind", "reference", "currency", "amount_minor")
_ACCOUNT = ("shop_id", "currency", "available_minor", "reserve_minor")
_ENTRY = ("posting_id", "account", "owner_ref", "currency", "amount_minor", "is_pending", "about_ref")
_STATEMENT = (
    "id",
    "shop_id",
    "currency",
    "on",
    "opening_minor",
    "settled_minor",
    "reserve_minor",
    "paid_out_minor",
    "closing_minor",
    "line_count",
    "closed_at",
)


def _posted(account: str) -> str:
    """What the books have on an account of a seller, positive on the seller's side."""
    return f"""(
                SELECT -COALESCE(SUM(e.amount_minor), 0) FROM ledger_entry e
                WHERE e.owner_ref = a.shop_id AND e.account = '{account}' AND e.currency = a.currency
                    AND e.is_pending = 0
            )"""  # noqa: S608 - a name of our own chart


INVARIANTS = (
    Invariant(
        name="I21",
        title="An order settles by one sale, for its shop, in its currency, and once it is over",
        sql="""
            SELECT l.id, l.currency, ABS(l.amount_minor), 'the sale is not that of an order of this shop that is over',
                   l.shop_id
            FROM settlement_line l
            LEFT JOIN settlement_settlement s ON s.id = l.settlement_id
            LEFT JOIN orders_order o ON o.id = l.order_id
            WHERE l.kind = 'sale' AND {recent:l.id} AND (
                s.id IS NULL OR o.id IS NULL OR s.order_id <> o.id OR l.reference <> o.id
                OR l.shop_id <> o.shop_id OR s.shop_id <> o.shop_id
                OR l.currency <> o.currency OR s.currency <> o.currency
                OR o.status NOT IN ('DELIVERED', 'COMPLETED', 'CANCELLED')
            )
        """,
        reads={
            "settlement_line": _LINE,
            "settlement_settlement": _SETTLEMENT,
            "orders_order": ("id", "shop_id", "currency", "status"),
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I22",
        title="What is kept back of a settlement is what its lines keep back",
        sql=spell(
            """
            SELECT s.id, s.currency, ABS(s.reserve_minor + COALESCE(SUM(l.amount_minor), 0)),
                   'its lines keep another amount back', s.shop_id
            FROM <touched>
            LEFT JOIN settlement_line l ON l.settlement_id = s.id AND l.kind IN <reserve>
            GROUP BY s.id, s.currency, s.shop_id, s.reserve_minor
            HAVING s.reserve_minor <> -COALESCE(SUM(l.amount_minor), 0)
        """,
            reserve=_RESERVE,
            touched=_TOUCHED,
        ),
        reads={"settlement_settlement": _SETTLEMENT, "settlement_line": _LINE},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I22b",
        title="A seller's account is what its lines add up to",
        sql=spell(
            """
            SELECT a.shop_id, a.currency,
                   ABS(a.available_minor - COALESCE(SUM(l.amount_minor), 0))
                       + ABS(a.reserve_minor + <kept_back>),
                   'the account is not its lines', a.shop_id
            FROM <moved> LEFT JOIN settlement_line l ON l.shop_id = a.shop_id
            GROUP BY a.shop_id, a.currency, a.available_minor, a.reserve_minor
            HAVING a.available_minor <> COALESCE(SUM(l.amount_minor), 0)
                OR a.reserve_minor <> -<kept_back>
        """,
            moved=_MOVED,
            kept_back=_KEPT_BACK,
        ),
        reads={"settlement_account": _ACCOUNT, "settlement_line": _LINE},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I22c",
        title="A seller's account is what the books have of it",
        sql=spell(
            """
            SELECT t.shop_id, t.currency, ABS(t.available_minor - t.available) + ABS(t.reserve_minor - t.reserve),
                   'the books have another amount', t.shop_id
            FROM (
                SELECT a.shop_id, a.currency, a.available_minor, a.reserve_minor,
                       <available> AS available, <reserved> AS reserve
                FROM <moved>
            ) t
            WHERE t.available_minor <> t.available OR t.reserve_minor <> t.reserve
        """,
            moved=_MOVED,
            available=_posted("SELLER_AVAILABLE"),
            reserved=_posted("SELLER_RESERVE"),
        ),
        reads={"settlement_account": _ACCOUNT, "settlement_line": _LINE, "ledger_entry": _ENTRY},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I22d",
        title="A closed statement is what its lines add up to",
        sql=spell(
            """
            SELECT t.id, t.currency,
                   ABS(t.settled_minor + t.reserve_minor + t.paid_out_minor - COALESCE(SUM(l.amount_minor), 0)),
                   'its lines come to other sums', t.shop_id
            FROM settlement_statement t LEFT JOIN settlement_line l ON l.statement_id = t.id
            WHERE t.closed_at IS NOT NULL AND {recently:t.closed_at}
            GROUP BY t.id, t.currency, t.shop_id, t.opening_minor, t.settled_minor, t.reserve_minor, t.paid_out_minor,
                t.closing_minor, t.line_count
            HAVING COUNT(l.id) <> t.line_count
                OR t.closing_minor <> t.opening_minor + t.settled_minor + t.reserve_minor + t.paid_out_minor
                OR t.reserve_minor <> <kept_back>
                OR t.paid_out_minor <> COALESCE(SUM(CASE WHEN l.kind IN <payout> THEN l.amount_minor ELSE 0 END), 0)
                OR t.settled_minor + t.reserve_minor + t.paid_out_minor <> COALESCE(SUM(l.amount_minor), 0)
        """,
            kept_back=_KEPT_BACK,
            payout=_PAYOUT,
        ),
        reads={"settlement_statement": _STATEMENT, "settlement_line": _LINE},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I22e",
        title="A statement opens with what the one before it has closed with, and the first one with nothing",
        sql="""
            SELECT t.id, t.currency, ABS(t.opening_minor - COALESCE(b.closing_minor, 0)),
                   'it opens with another amount', t.shop_id
            FROM (
                SELECT id FROM settlement_statement WHERE {recent:id}
                UNION SELECT n.id FROM settlement_statement c JOIN settlement_statement n
                    ON n.shop_id = c.shop_id AND n.`on` > c.`on` WHERE {recently:c.closed_at}
            ) touched JOIN settlement_statement t ON t.id = touched.id
            LEFT JOIN settlement_statement b ON b.shop_id = t.shop_id AND b.`on` = (
                SELECT MAX(m.`on`) FROM settlement_statement m WHERE m.shop_id = t.shop_id AND m.`on` < t.`on`
            )
            WHERE (b.id IS NULL OR b.closed_at IS NOT NULL) AND t.opening_minor <> COALESCE(b.closing_minor, 0)
        """,
        reads={"settlement_statement": _STATEMENT},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I23",
        title="What the books say of an order's settlement is what its lines say",
        sql=spell(
            """
            SELECT t.id, t.currency, ABS(t.lines_minor - t.posted_minor), 'its lines come to another amount', t.shop_id
            FROM (
                SELECT s.id, s.currency, s.shop_id,
                       (SELECT COALESCE(SUM(l.amount_minor), 0) FROM settlement_line l
                        WHERE l.settlement_id = s.id) AS lines_minor,
                       (SELECT -COALESCE(SUM(e.amount_minor), 0)
                        FROM ledger_posting p JOIN ledger_entry e ON e.posting_id = p.id
                        WHERE p.order_ref = s.order_id AND e.account = 'SELLER_AVAILABLE' AND e.is_pending = 0
                            AND p.kind IN ('settlement', 'settlement_change', 'reserve_released')) AS posted_minor
                FROM <touched>
            ) t
            WHERE t.lines_minor <> t.posted_minor
        """,
            touched=_TOUCHED,
        ),
        reads={
            "settlement_settlement": _SETTLEMENT,
            "settlement_line": _LINE,
            "ledger_posting": ("id", "kind", "order_ref"),
            "ledger_entry": _ENTRY,
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I23b",
        title="Nothing of a settled order is left to be settled",
        sql="""
            SELECT s.order_id, s.currency, ABS(SUM(e.amount_minor)), 'a part of it was not settled', s.shop_id
            FROM (
                SELECT order_id FROM settlement_settlement WHERE {recent:id}
                UNION SELECT about_ref FROM ledger_entry WHERE {recent:posting_id} AND account = 'SELLER_PENDING'
            ) touched JOIN settlement_settlement s ON s.order_id = touched.order_id
            JOIN ledger_entry e ON e.about_ref = s.order_id AND e.account = 'SELLER_PENDING' AND e.is_pending = 0
            GROUP BY s.order_id, s.currency, s.shop_id
            HAVING SUM(e.amount_minor) <> 0 AND MAX(e.posting_id) < %(late_id)s
        """,
        reads={"settlement_settlement": _SETTLEMENT, "ledger_entry": _ENTRY},
        contains=Contains.SHOP,
    ),
)
