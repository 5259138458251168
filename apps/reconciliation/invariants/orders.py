"""What is always true of orders: their sums, their money, their history."""

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

_LINE = ("order_id", "list_minor", "seller_discount_minor", "platform_discount_minor", "tax_minor", "duty_minor")

_GONE = ("id", "order_id", "sequence", "refund_minor")

#: Orders that were placed, or of which something went back, lately: found first, and joined.
_TOUCHED = """(
                SELECT id FROM orders_order WHERE {recent:id}
                UNION SELECT order_id FROM orders_units_gone WHERE {recent:id}
            ) touched JOIN orders_order o ON o.id = touched.id"""

#: Of a line, in what went back at one moment: its units, and the money that went back without any.
_UNITS = "JSON_EXTRACT(u.parts, {joined:'$.lines.\"', l.id, '\".units'})"
_CONCEDED = (
    f"CASE WHEN {_UNITS} = 0 THEN JSON_EXTRACT(u.parts, {{joined:'$.lines.\"', l.id, '\".paid_minor'}}) ELSE 0 END"
)

INVARIANTS = (
    Invariant(
        name="I02",
        title="What is to be paid for an order is what its parts come to",
        sql="""
            SELECT o.id, o.currency,
                   ABS(o.total_minor - (o.original_minor - o.seller_discount_minor - o.platform_discount_minor
                       + o.original_shipping_minor - o.shipping_seller_discount_minor
                       - o.shipping_platform_discount_minor + o.added_tax_minor + o.duty_minor + o.fees_minor
                       - o.payment_discount_minor + o.recorded_difference_minor)),
                   'the total is not the sum of its parts', o.shop_id
            FROM orders_order o
            WHERE {recent:o.id} AND o.total_minor <> o.original_minor - o.seller_discount_minor
                - o.platform_discount_minor + o.original_shipping_minor - o.shipping_seller_discount_minor
                - o.shipping_platform_discount_minor + o.added_tax_minor + o.duty_minor + o.fees_minor
                - o.payment_discount_minor + o.recorded_difference_minor
        """,
        reads={
            "orders_order": (
                "id",
                "shop_id",
                "currency",
                "total_minor",
                "original_minor",
                "seller_discount_minor",
                "platform_discount_minor",
                "original_shipping_minor",
                "shipping_seller_discount_minor",
                "shipping_platform_discount_minor",
                "added_tax_minor",
                "duty_minor",
                "fees_minor",
                "payment_discount_minor",
                "recorded_difference_minor",
            )
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I03",
        title="The sums of an order are those of its lines",
        sql="""
            SELECT o.id, o.currency,
                   ABS(o.original_minor - SUM(l.list_minor))
                   + ABS(o.seller_discount_minor - SUM(l.seller_discount_minor))
                   + ABS(o.platform_discount_minor - SUM(l.platform_discount_minor))
                   + ABS(o.tax_minor - o.shipping_tax_minor - SUM(l.tax_minor))
                   + ABS(o.duty_minor - SUM(l.duty_minor)),
                   'the lines come to other sums', o.shop_id
            FROM orders_order o JOIN orders_line l ON l.order_id = o.id
            WHERE {recent:o.id}
            GROUP BY o.id, o.currency, o.shop_id, o.original_minor, o.seller_discount_minor, o.platform_discount_minor,
                o.tax_minor, o.shipping_tax_minor, o.duty_minor
            HAVING o.original_minor <> SUM(l.list_minor)
                OR o.seller_discount_minor <> SUM(l.seller_discount_minor)
                OR o.platform_discount_minor <> SUM(l.platform_discount_minor)
                OR o.tax_minor - o.shipping_tax_minor <> SUM(l.tax_minor)
                OR o.duty_minor <> SUM(l.duty_minor)
        """,
        reads={
            "orders_order": (
                "id",
                "shop_id",
                "currency",
                "original_minor",
                "seller_discount_minor",
                "platform_discount_minor",
                "tax_minor",
                "shipping_tax_minor",
                "duty_minor",
            ),
            "orders_line": _LINE,
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I04",
        title="The discounts of a purchase are what it used of promotions",
        sql="""
            SELECT o.purchase_id, MIN(o.currency), ABS(SUM(o.discounts) - COALESCE(MIN(u.used), 0)),
                   'the promotions gave another sum', NULL
            FROM (
                SELECT purchase_id, currency, seller_discount_minor + platform_discount_minor
                    + shipping_seller_discount_minor + shipping_platform_discount_minor AS discounts
                FROM orders_order WHERE {recent:purchase_id}
            ) o
            LEFT JOIN (
                SELECT hold_id, SUM(amount_minor) AS used FROM promotions_use
                WHERE {recent:hold_id} GROUP BY hold_id
            ) u ON u.hold_id = o.purchase_id
            GROUP BY o.purchase_id HAVING SUM(o.discounts) <> COALESCE(MIN(u.used), 0)
        """,
        reads={
            "orders_order": (
                "purchase_id",
                "currency",
                "seller_discount_minor",
                "platform_discount_minor",
                "shipping_seller_discount_minor",
                "shipping_platform_discount_minor",
            ),
            "promotions_use": ("hold_id", "amount_minor"),
        },
    ),
    Invariant(
        name="I06",
        title="An order has its total of the captures, if and only if it is paid",
        sql="""
            SELECT o.id, o.currency, ABS(o.total_minor - COALESCE(s.amount_minor, 0)),
                   'what it has of the captures is not what it is to have', o.shop_id
            FROM orders_order o LEFT JOIN payments_capture_share s ON s.order_ref = o.id
            WHERE {recent:o.id} AND (
                (o.paid_at IS NOT NULL AND (s.id IS NULL OR s.amount_minor <> o.total_minor))
                OR (o.paid_at IS NULL AND s.id IS NOT NULL)
            )
        """,
        reads={
            "orders_order": ("id", "shop_id", "currency", "total_minor", "paid_at"),
            "payments_capture_share": ("id", "order_ref", "amount_minor"),
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I06b",
        title="What was paid for an order that was never shipped, and is cancelled, is on its way back",
        sql="""
            SELECT o.id, o.currency, s.amount_minor - s.refunded_minor - s.charged_back_minor,
                   'a dead order keeps its buyer''s money', NULL
            FROM orders_order o JOIN payments_capture_share s ON s.order_ref = o.id
            WHERE {recent:o.id} AND o.status = 'CANCELLED'
                AND s.refunded_minor + s.charged_back_minor < s.amount_minor
                AND NOT EXISTS (SELECT 1 FROM orders_line l WHERE l.order_id = o.id AND l.collected > 0)
        """,
        reads={
            "orders_order": ("id", "currency", "status"),
            "payments_capture_share": ("order_ref", "amount_minor", "refunded_minor", "charged_back_minor"),
            "orders_line": ("order_id", "collected"),
        },
    ),
    Invariant(
        name="I15",
        title="The history of an order has no gap, and ends where it stands",
        sql="""
            SELECT o.id, o.currency, 0, 'the history does not lead to the status', NULL
            FROM orders_order o LEFT JOIN orders_transition t ON t.order_id = o.id
            WHERE {recent:o.id}
            GROUP BY o.id, o.currency, o.status, o.transition_count
            HAVING COUNT(t.id) <> o.transition_count
                OR (COUNT(t.id) > 0 AND MAX(t.sequence) <> COUNT(t.id))
                OR (COUNT(t.id) = 0 AND o.status <> 'UNPAID')
                OR (COUNT(t.id) > 0 AND SUM(
                    CASE WHEN t.sequence = o.transition_count AND t.after = o.status THEN 1 ELSE 0 END) <> 1)
        """,
        reads={
            "orders_order": ("id", "currency", "status", "transition_count"),
            "orders_transition": ("id", "order_id", "sequence", "after"),
        },
    ),
    Invariant(
        name="I15b",
        title="Each change of an order begins where the last one ended",
        sql="""
            SELECT t.order_id, NULL, 0, 'a change begins elsewhere than the last one ended', NULL
            FROM orders_transition t
            LEFT JOIN orders_transition b ON b.order_id = t.order_id AND b.sequence = t.sequence - 1
            WHERE {recent:t.order_id} AND (
                (t.sequence = 1 AND t.before <> 'UNPAID') OR (t.sequence > 1 AND (b.id IS NULL OR b.after <> t.before))
            )
            GROUP BY t.order_id
        """,
        reads={"orders_transition": ("id", "order_id", "sequence", "before", "after")},
    ),
    Invariant(
        name="I29",
        title="An order and its payment belong to the buyer of their purchase",
        sql="""
            SELECT o.id, o.currency, o.total_minor, 'it belongs to somebody else', NULL
            FROM orders_order o
            JOIN orders_purchase p ON p.id = o.purchase_id
            JOIN payments_intent i ON i.payable_ref = p.id
            WHERE {recent:o.id} AND (
                o.buyer_ref <> p.buyer_ref OR i.buyer_ref <> p.buyer_ref
                OR o.currency <> p.currency OR i.currency <> p.currency
            )
        """,
        reads={
            "orders_order": ("id", "purchase_id", "buyer_ref", "currency", "total_minor"),
            "orders_purchase": ("id", "buyer_ref", "currency"),
            "payments_intent": ("payable_ref", "buyer_ref", "currency"),
        },
    ),
    Invariant(
        name="I32",
        title="No effect comes before its cause",
        sql="""
            SELECT id, currency, 0, 'something happened before what it follows from', NULL
            FROM orders_order
            WHERE {recent:id} AND (
                paid_at < placed_at OR delivered_at < paid_at OR completed_at < delivered_at OR cancelled_at < placed_at
            )
        """,
        reads={
            "orders_order": (
                "id",
                "currency",
                "placed_at",
                "paid_at",
                "delivered_at",
                "completed_at",
                "cancelled_at",
            )
        },
    ),
    Invariant(
        name="I34",
        title="What went back of an order is what it was written down to have carried, without a gap",
        sql=spell(
            """
            SELECT o.id, o.currency, ABS(o.refunded_minor - COALESCE(SUM(u.refund_minor), 0)),
                   'it counts another sum, or another number of entries', o.shop_id
            FROM <touched> LEFT JOIN orders_units_gone u ON u.order_id = o.id
            GROUP BY o.id, o.currency, o.shop_id, o.refunded_minor, o.gone_count
            HAVING o.refunded_minor <> COALESCE(SUM(u.refund_minor), 0) OR COUNT(u.id) <> o.gone_count
                OR COALESCE(MAX(u.sequence), 0) <> o.gone_count
            """,
            touched=_TOUCHED,
        ),
        reads={
            "orders_order": ("id", "shop_id", "currency", "refunded_minor", "gone_count"),
            "orders_units_gone": _GONE,
        },
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I34b",
        title="The units of a line that are gone, and what was conceded of it, are what was written down",
        sql=spell(
            """
            SELECT l.id, o.currency, ABS(l.conceded_minor - COALESCE(SUM(<conceded>), 0)),
                   'the counters are not what was written down', o.shop_id
            FROM <touched> JOIN orders_line l ON l.order_id = o.id
            LEFT JOIN orders_units_gone u ON u.order_id = l.order_id
            WHERE o.paid_at IS NOT NULL
            GROUP BY l.id, o.currency, o.shop_id, l.cancelled, l.lost, l.refunded, l.conceded_minor
            HAVING l.cancelled + l.lost + l.refunded <> COALESCE(SUM(<units>), 0)
                OR l.conceded_minor <> COALESCE(SUM(<conceded>), 0)
            """,
            touched=_TOUCHED,
            units=_UNITS,
            conceded=_CONCEDED,
        ),
        reads={
            "orders_line": ("id", "order_id", "cancelled", "lost", "refunded", "conceded_minor"),
            "orders_order": ("id", "shop_id", "currency", "paid_at"),
            "orders_units_gone": (*_GONE, "parts"),
        },
        contains=Contains.SHOP,
    ),
)
