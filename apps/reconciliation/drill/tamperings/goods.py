"""Stock and promotions, by hand."""

from apps.reconciliation.drill.hands import breaks, change, copy, find
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id


@breaks("I08")
def count_stock_off_by_one(life: Life) -> int:
    stock_id = find("SELECT id FROM inventory_stock WHERE sku_id = %s", life.sku_id)
    change("UPDATE inventory_stock SET available = available + 1 WHERE id = %s", stock_id)
    return int(stock_id)


@breaks("I09")
def hold_a_piece_that_nobody_counts(life: Life) -> int:
    change(
        "UPDATE inventory_hold_line SET quantity = quantity + 1 WHERE hold_id = %s AND sku_id = %s",
        life.unpaid.purchase.id,
        life.sku_id,
    )
    return int(find("SELECT id FROM inventory_stock WHERE sku_id = %s", life.sku_id))


@breaks("I38")
def shift_a_piece_from_nowhere(life: Life) -> int:
    """Counter and journal agree about it."""
    counted = find("SELECT id FROM inventory_movement WHERE kind = 'ADJUSTED' AND sku_id = %s", life.sku_id)
    copy("inventory_movement", counted, kind="SHIFTED", available=1)
    stock_id = find("SELECT id FROM inventory_stock WHERE sku_id = %s", life.sku_id)
    change("UPDATE inventory_stock SET available = available + 1 WHERE id = %s", stock_id)
    return int(stock_id)


@breaks("I39")
def keep_pieces_for_no_line(life: Life) -> int:
    """The counters of the stock know nothing of lines."""
    line_id = find("SELECT id FROM orders_line WHERE order_id = %s", life.paid.purchase.orders[0].id)
    change("UPDATE inventory_hold_line SET line_ref = %s WHERE line_ref = %s", new_id(), line_id)
    return int(line_id)


@breaks("I10")
def let_go_of_what_is_paid(life: Life) -> int:
    change("UPDATE inventory_hold SET status = 'VOIDED' WHERE owner_ref = %s", life.paid.purchase.id)
    return life.paid.purchase.id


@breaks("I10b")
def lose_what_was_used(life: Life) -> int:
    """By a purchase that used nothing, so that no counter differs: now it says that it did."""
    purchase_id = life.cancelled.purchase.id
    change("UPDATE orders_purchase SET uses_promotions = 1 WHERE id = %s", purchase_id)
    return purchase_id


@breaks("I11")
def lose_a_timer(life: Life) -> int:
    purchase_id = life.unpaid.purchase.id
    change("DELETE FROM kernel_timer WHERE subject = %s AND kind = 'expire_purchase'", purchase_id)
    return purchase_id


@breaks("I12")
def count_more_of_a_promotion(_life: Life) -> int:
    promotion_id = find("SELECT id FROM promotions_promotion WHERE code = 'DRILL'")
    change("UPDATE promotions_promotion SET posted_minor = posted_minor + 1 WHERE id = %s", promotion_id)
    return int(promotion_id)
