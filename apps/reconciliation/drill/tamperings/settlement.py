"""Sellers' money, by hand."""

from apps.reconciliation.drill.hands import breaks, change, copy, find
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id

_SETTLEMENT = "SELECT id FROM settlement_settlement WHERE order_id = %s"


@breaks("I21")
def settle_an_order_that_is_not_over(life: Life) -> int:
    """It went on its way again, and its history with it."""
    line_id = find("SELECT id FROM settlement_line WHERE kind = 'sale' AND order_id = %s", life.reserved)
    last = find("SELECT MAX(sequence) FROM orders_transition WHERE order_id = %s", life.reserved)
    change("UPDATE orders_order SET status = 'IN_TRANSIT' WHERE id = %s", life.reserved)
    change(
        "UPDATE orders_transition SET `after` = 'IN_TRANSIT' WHERE order_id = %s AND sequence = %s",
        life.reserved,
        last,
    )
    return int(line_id)


@breaks("I22")
def keep_back_more_than_the_lines_do(life: Life) -> int:
    settlement_id = find(_SETTLEMENT, life.reserved)
    change("UPDATE settlement_settlement SET reserve_minor = reserve_minor + 1 WHERE id = %s", settlement_id)
    return int(settlement_id)


@breaks("I22b")
def write_a_line_that_moves_no_account(life: Life) -> int:
    return _write_line(life)


@breaks("I22c")
def give_a_seller_a_cent_that_the_books_do_not_know(life: Life) -> int:
    shop_id = _write_line(life)
    change("UPDATE settlement_account SET available_minor = available_minor + 1 WHERE shop_id = %s", shop_id)
    return shop_id


@breaks("I22d")
def move_a_cent_within_a_closed_statement(_life: Life) -> int:
    statement_id = find("SELECT MIN(id) FROM settlement_statement WHERE closed_at IS NOT NULL")
    change(
        "UPDATE settlement_statement SET settled_minor = settled_minor + 1, reserve_minor = reserve_minor - 1 "
        "WHERE id = %s",
        statement_id,
    )
    return int(statement_id)


@breaks("I22e")
def open_a_statement_with_a_cent_more(_life: Life) -> int:
    statement_id = find("SELECT MAX(id) FROM settlement_statement WHERE closed_at IS NULL")
    change("UPDATE settlement_statement SET opening_minor = opening_minor + 1 WHERE id = %s", statement_id)
    return int(statement_id)


@breaks("I23")
def call_the_posting_of_a_settlement_something_else(life: Life) -> int:
    change("UPDATE ledger_posting SET kind = 'settled' WHERE kind = 'settlement' AND reference = %s", life.reserved)
    return int(find(_SETTLEMENT, life.reserved))


@breaks("I23b")
def leave_a_part_of_a_sale_unsettled(life: Life) -> int:
    change(
        "UPDATE ledger_entry SET about_ref = 1 "
        "WHERE account = 'SELLER_PENDING' AND amount_minor > 0 AND about_ref = %s",
        life.reserved,
    )
    return life.reserved


def _write_line(_life: Life) -> int:
    """An adjustment of a cent that nobody has posted, on the open statement of a shop. Returns the shop."""
    statement_id = find("SELECT MAX(id) FROM settlement_statement WHERE closed_at IS NULL")
    shop_id = find("SELECT shop_id FROM settlement_statement WHERE id = %s", statement_id)
    line_id = find("SELECT MIN(id) FROM settlement_line WHERE shop_id = %s", shop_id)
    copy(
        "settlement_line",
        line_id,
        statement_id=statement_id,
        settlement_id=None,
        order_id=None,
        kind="adjustment",
        name="",
        reference=new_id(),
        owner_ref=0,
        amount_minor=1,
    )
    return int(shop_id)
