"""What is always true of stock and of promotions: counters are what their journals and holds come to."""

from apps.reconciliation.contracts import Contains, Invariant

_STOCK = ("id", "sku_id", "warehouse_id", "bucket", "available", "held", "committed")


def _stands_as_its_purchase(name: str, title: str, *, table: str, only_if: str | None = None) -> Invariant:
    """The hold of a purchase is pending, posted or gone as the purchase is unpaid, paid or over.

    There is one for every purchase; or, if that is said, for those in whose column `only_if` a yes stands.
    """
    is_missing = "h.owner_ref IS NULL" if only_if is None else f"(h.owner_ref IS NULL AND p.{only_if} = 1)"
    columns = ("id", "currency", "total_minor", "status", *([only_if] if only_if else []))
    return Invariant(
        name=name,
        title=title,
        sql=f"""
            SELECT p.id, p.currency, p.total_minor, 'the hold stands otherwise', NULL
            FROM orders_purchase p LEFT JOIN {table} h ON h.owner_ref = p.id
            WHERE {{recent:p.id}} AND (
                {is_missing}
                OR (p.status = 'PAID' AND h.status <> 'POSTED')
                OR (p.status IN ('EXPIRED', 'CANCELLED') AND h.status NOT IN ('VOIDED', 'EXPIRED'))
                OR (p.status = 'AWAITING_PAYMENT' AND h.status NOT IN ('PENDING', 'EXPIRED'))
            )
        """,  # noqa: S608 - names of our own tables
        reads={"orders_purchase": columns, table: ("owner_ref", "status")},
    )


INVARIANTS = (
    Invariant(
        name="I08",
        title="The counters of a stock, and of each bucket of it, are what its journal adds up to",
        sql="""
            SELECT s.id, NULL, 0, 'the counters are not the journal', s.sku_id
            FROM inventory_stock s LEFT JOIN (
                SELECT sku_id, warehouse_id, bucket, SUM(available) AS available, SUM(held) AS held,
                       SUM(committed) AS committed
                FROM inventory_movement GROUP BY sku_id, warehouse_id, bucket
            ) m ON m.sku_id = s.sku_id AND m.warehouse_id = s.warehouse_id AND m.bucket = s.bucket
            WHERE s.available <> COALESCE(m.available, 0) OR s.held <> COALESCE(m.held, 0)
                OR s.committed <> COALESCE(m.committed, 0)
        """,
        reads={
            "inventory_stock": _STOCK,
            "inventory_movement": ("sku_id", "warehouse_id", "bucket", "available", "held", "committed"),
        },
        contains=Contains.SKU,
        is_for_recent=False,
    ),
    Invariant(
        name="I09",
        title="What is held and committed of a stock is what its holds say",
        sql="""
            SELECT s.id, NULL, 0, 'the counters are not the holds', s.sku_id
            FROM inventory_stock s LEFT JOIN (
                SELECT l.sku_id, l.warehouse_id, l.bucket,
                       SUM(CASE WHEN h.status = 'PENDING' THEN l.quantity - l.voided ELSE 0 END) AS held,
                       SUM(l.posted - l.released - l.shipped) AS committed
                FROM inventory_hold_line l JOIN inventory_hold h ON h.owner_ref = l.hold_id
                GROUP BY l.sku_id, l.warehouse_id, l.bucket
            ) h ON h.sku_id = s.sku_id AND h.warehouse_id = s.warehouse_id AND h.bucket = s.bucket
            WHERE s.held <> COALESCE(h.held, 0) OR s.committed <> COALESCE(h.committed, 0)
        """,
        reads={
            "inventory_stock": _STOCK,
            "inventory_hold": ("owner_ref", "status"),
            "inventory_hold_line": (
                "hold_id",
                "sku_id",
                "warehouse_id",
                "bucket",
                "quantity",
                "voided",
                "posted",
                "released",
                "shipped",
            ),
        },
        contains=Contains.SKU,
        is_for_recent=False,
    ),
    Invariant(
        name="I38",
        title="What was shifted between the buckets of a stock comes to nothing",
        sql="""
            SELECT s.id, NULL, 0, 'shifts have made or lost pieces', s.sku_id
            FROM inventory_stock s JOIN (
                SELECT sku_id, warehouse_id, SUM(available) AS available
                FROM inventory_movement WHERE kind = 'SHIFTED' GROUP BY sku_id, warehouse_id
            ) m ON m.sku_id = s.sku_id AND m.warehouse_id = s.warehouse_id
            WHERE s.bucket = 0 AND m.available <> 0
        """,
        reads={
            "inventory_stock": _STOCK,
            "inventory_movement": ("kind", "sku_id", "warehouse_id", "available"),
        },
        contains=Contains.SKU,
        is_for_recent=False,
    ),
    Invariant(
        name="I39",
        title="What is kept in the stock for a paid order's line is what is neither cancelled nor collected of it",
        sql="""
            SELECT l.id, o.currency, ABS(l.quantity - l.cancelled - l.collected - COALESCE(h.kept, 0))
                                     * l.unit_price_minor,
                   'other pieces are kept than are to be sent', l.sku_id
            FROM orders_order o JOIN orders_line l ON l.order_id = o.id LEFT JOIN (
                SELECT hold_id, line_ref, SUM(posted - released - shipped) AS kept
                FROM inventory_hold_line WHERE {recent:hold_id} GROUP BY hold_id, line_ref
            ) h ON h.hold_id = o.purchase_id AND h.line_ref = l.id
            WHERE o.paid_at IS NOT NULL AND {recent:o.purchase_id}
                AND l.quantity - l.cancelled - l.collected <> COALESCE(h.kept, 0)
        """,
        reads={
            "orders_order": ("id", "purchase_id", "currency", "paid_at"),
            "orders_line": ("id", "order_id", "sku_id", "quantity", "cancelled", "collected", "unit_price_minor"),
            "inventory_hold_line": ("hold_id", "line_ref", "posted", "released", "shipped"),
        },
        contains=Contains.SKU,
    ),
    _stands_as_its_purchase("I10", "What is held for a purchase stands as the purchase does", table="inventory_hold"),
    _stands_as_its_purchase(
        "I10b",
        "What a purchase uses of promotions stands as the purchase does",
        table="promotions_hold",
        only_if="uses_promotions",
    ),
    Invariant(
        name="I11",
        title="An unpaid purchase has a timer that ends it, at most two minutes late",
        sql="""
            SELECT p.id, p.currency, p.total_minor, 'it should have expired', NULL
            FROM orders_purchase p
            LEFT JOIN kernel_timer t ON t.subject = p.id AND t.kind = 'expire_purchase'
            WHERE p.status = 'AWAITING_PAYMENT' AND {recent:p.id} AND (
                t.id IS NULL OR t.fired_at IS NOT NULL OR t.dead_at IS NOT NULL
                OR (t.clock = 'real' AND t.due_at < %(late)s)
            )
        """,
        reads={
            "orders_purchase": ("id", "currency", "total_minor", "status"),
            "kernel_timer": ("id", "subject", "kind", "clock", "due_at", "fired_at", "dead_at"),
        },
    ),
    Invariant(
        name="I12",
        title="The counters of a promotion with a cap are what its uses come to",
        sql="""
            SELECT p.id, p.currency,
                   ABS(p.held_minor - COALESCE(u.held_minor, 0)) + ABS(p.posted_minor - COALESCE(u.posted_minor, 0)),
                   'the counters are not the uses', p.id
            FROM promotions_promotion p LEFT JOIN (
                SELECT u.promotion_id,
                       SUM(CASE WHEN h.status = 'PENDING' THEN u.units - u.given_back_units ELSE 0 END) AS held_uses,
                       SUM(CASE WHEN h.status = 'POSTED' THEN u.units - u.given_back_units ELSE 0 END) AS posted_uses,
                       SUM(CASE WHEN h.status = 'PENDING' THEN u.amount_minor - u.given_back_minor ELSE 0 END)
                           AS held_minor,
                       SUM(CASE WHEN h.status = 'POSTED' THEN u.amount_minor - u.given_back_minor ELSE 0 END)
                           AS posted_minor
                FROM promotions_use u JOIN promotions_hold h ON h.owner_ref = u.hold_id
                WHERE u.is_counted = 1 GROUP BY u.promotion_id
            ) u ON u.promotion_id = p.id
            WHERE (p.uses_cap IS NOT NULL OR p.budget_minor IS NOT NULL) AND (
                p.held_uses <> COALESCE(u.held_uses, 0) OR p.posted_uses <> COALESCE(u.posted_uses, 0)
                OR p.held_minor <> COALESCE(u.held_minor, 0) OR p.posted_minor <> COALESCE(u.posted_minor, 0)
            )
        """,
        reads={
            "promotions_promotion": (
                "id",
                "currency",
                "uses_cap",
                "budget_minor",
                "held_uses",
                "posted_uses",
                "held_minor",
                "posted_minor",
            ),
            "promotions_hold": ("owner_ref", "status"),
            "promotions_use": (
                "hold_id",
                "promotion_id",
                "units",
                "amount_minor",
                "given_back_units",
                "given_back_minor",
                "is_counted",
            ),
        },
        contains=Contains.PROMOTION,
        is_for_recent=False,
    ),
)
