"""The books, by hand."""

from apps.reconciliation.drill.hands import breaks, change, copy, find
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id

_COMMISSION = "SELECT posting_id FROM ledger_entry WHERE account = 'PLATFORM_REVENUE.commission' ORDER BY id LIMIT 1"


@breaks("I01")
def move_a_cent_between_two_postings(_life: Life) -> int:
    """Their account has as much as before, and so has everybody."""
    first = find(_COMMISSION)
    last = find(_COMMISSION.replace("ORDER BY id", "ORDER BY id DESC"))
    for posting_id, minor in ((first, 1), (last, -1)):
        change(
            "UPDATE ledger_entry SET amount_minor = amount_minor + %s "
            "WHERE posting_id = %s AND account = 'PLATFORM_REVENUE.commission'",
            minor,
            posting_id,
        )
    return int(first)


@breaks("I31", also=frozenset({"I01"}))
def take_a_cent_out_of_the_books(_life: Life) -> int:
    """And out of the balance: a currency cannot be out of balance with all of its postings in balance."""
    change(
        "UPDATE ledger_entry SET amount_minor = amount_minor - 1 "
        "WHERE posting_id = %s AND account = 'PLATFORM_REVENUE.commission'",
        find(_COMMISSION),
    )
    change("UPDATE ledger_balance SET amount_minor = amount_minor - 1 WHERE account = 'PLATFORM_REVENUE.commission'")
    return 0


@breaks("I01b")
def post_nothing(_life: Life) -> int:
    posting_id = find("SELECT id FROM ledger_posting WHERE kind = 'capture' ORDER BY id LIMIT 1")
    return copy("ledger_posting", posting_id, kind="nothing", reference=new_id())


@breaks("I16")
def change_a_balance(_life: Life) -> int:
    balance_id = find("SELECT id FROM ledger_balance WHERE account = 'PLATFORM_REVENUE.commission'")
    change("UPDATE ledger_balance SET amount_minor = amount_minor + 1 WHERE id = %s", balance_id)
    return int(balance_id)


@breaks("I17")
def give_the_last_seal_another_number(_life: Life) -> int:
    last = find("SELECT MAX(number) FROM ledger_seal")
    change("UPDATE ledger_seal SET number = number + 1 WHERE number = %s", last)
    return int(last) + 1


@breaks("I26")
def take_the_posting_of_a_capture_away(life: Life) -> int:
    capture_id = _capture_of(life.paid.purchase.id)
    change("UPDATE ledger_posting SET reference = 1 WHERE kind = 'capture' AND reference = %s", capture_id)
    return capture_id


@breaks("I26b")
def take_the_posting_of_a_refund_away(_life: Life) -> int:
    call_id = find("SELECT MAX(id) FROM payments_call WHERE operation = 'refund' AND status = 'SUCCEEDED'")
    change("UPDATE ledger_posting SET reference = 1 WHERE kind = 'refund' AND reference = %s", call_id)
    return int(call_id)


@breaks("I26c")
def take_the_posting_of_a_sale_away(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE ledger_posting SET kind = 'sail' WHERE kind = 'sale' AND reference = %s", order_id)
    return order_id


@breaks("I27")
def leave_funds_with_a_purchase(life: Life) -> int:
    purchase_id = life.paid.purchase.id
    change(
        "UPDATE ledger_entry SET about_ref = 1 WHERE account = 'BUYER_FUNDS' AND amount_minor < 0 AND about_ref = %s",
        purchase_id,
    )
    return purchase_id


@breaks("I27b")
def leave_a_refund_on_its_way(_life: Life) -> int:
    refund_id = find("SELECT MAX(id) FROM payments_refund WHERE status = 'SUCCEEDED'")
    change(
        "UPDATE ledger_entry SET about_ref = 1 "
        "WHERE account = 'BUYER_REFUND_CLEARING' AND amount_minor < 0 AND about_ref = %s",
        refund_id,
    )
    return int(refund_id)


def _capture_of(purchase_id: int) -> int:
    return int(
        find(
            "SELECT c.id FROM payments_capture c JOIN payments_tender t ON t.id = c.tender_id "
            "JOIN payments_intent i ON i.id = t.intent_id WHERE i.payable_ref = %s",
            purchase_id,
        )
    )
