"""Money that nobody can explain, by hand."""

from apps.reconciliation.drill.hands import breaks, copy, find
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id


@breaks("I37")
def post_a_cent_that_nobody_can_explain(life: Life) -> int:
    """In balance, and about an order: nothing else is wrong with it."""
    order_id = life.paid.purchase.orders[0].id
    sale_id = find("SELECT id FROM ledger_posting WHERE kind = 'sale' AND reference = %s", order_id)
    entry_id = find("SELECT MIN(id) FROM ledger_entry WHERE posting_id = %s", sale_id)
    posting_id = copy("ledger_posting", sale_id, kind="found", reference=new_id())
    for line_no, (account, minor) in enumerate((("BANK", 1), ("SUSPENSE.unexplained", -1)), start=1):
        copy(
            "ledger_entry",
            entry_id,
            posting_id=posting_id,
            line_no=line_no,
            account=account,
            owner_ref=0,
            about_ref=order_id,
            amount_minor=minor,
        )
    return order_id
