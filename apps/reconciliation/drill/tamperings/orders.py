"""Orders, by hand."""

from datetime import timedelta

from apps.reconciliation.drill.hands import breaks, change, copy, find, moment
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id


@breaks("I02")
def charge_a_fee_that_nobody_paid(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET fees_minor = fees_minor + 1 WHERE id = %s", order_id)
    return order_id


@breaks("I03")
def change_a_line(life: Life) -> int:
    line_id = find("SELECT id FROM orders_line WHERE order_id = %s", life.paid.purchase.orders[0].id)
    change("UPDATE orders_line SET list_minor = list_minor + 1, net_minor = net_minor + 1 WHERE id = %s", line_id)
    return life.paid.purchase.orders[0].id


@breaks("I04")
def use_a_promotion_that_gave_nothing(life: Life) -> int:
    purchase_id = life.paid.purchase.id
    use_id = find("SELECT id FROM promotions_use WHERE hold_id = %s", purchase_id)
    copy("promotions_use", use_id, promotion_id=new_id(), amount_minor=1, is_counted=0, is_counted_for_buyer=0)
    return purchase_id


@breaks("I06")
def give_an_order_more_of_the_captures(life: Life) -> int:
    order_id = life.paid.purchase.orders[1].id
    change("UPDATE payments_capture_share SET amount_minor = amount_minor + 1 WHERE order_ref = %s", order_id)
    return order_id


@breaks("I06b")
def keep_the_money_of_a_dead_order(life: Life) -> int:
    """And make the refund nobody's."""
    order_id = life.cancelled.purchase.orders[0].id
    change("UPDATE payments_capture_share SET refunded_minor = 0 WHERE order_ref = %s", order_id)
    change("UPDATE payments_refund SET order_ref = NULL WHERE order_ref = %s", order_id)
    return order_id


@breaks("I15")
def flip_a_status_by_hand(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET status = 'DELIVERED' WHERE id = %s", order_id)
    return order_id


@breaks("I15b")
def rewrite_history(life: Life) -> int:
    order_id = life.cancelled.purchase.orders[0].id
    change("UPDATE orders_transition SET `before` = 'IN_TRANSIT' WHERE order_id = %s AND sequence = 2", order_id)
    return order_id


@breaks("I29")
def give_an_order_to_somebody_else(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET buyer_ref = buyer_ref + 1 WHERE id = %s", order_id)
    return order_id


@breaks("I32")
def pay_before_it_was_placed(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    earlier = moment(life.world.now - timedelta(days=1))
    change("UPDATE orders_order SET paid_at = %s WHERE id = %s", earlier, order_id)
    return order_id


@breaks("I34")
def count_more_that_went_back(life: Life) -> int:
    change("UPDATE orders_order SET refunded_minor = refunded_minor + 1 WHERE id = %s", life.served)
    return life.served


@breaks("I34b")
def count_a_unit_that_never_went_back(life: Life) -> int:
    line_id = find("SELECT id FROM orders_line WHERE order_id = %s", life.served)
    change("UPDATE orders_line SET lost = lost + 1 WHERE id = %s", line_id)
    return int(line_id)
