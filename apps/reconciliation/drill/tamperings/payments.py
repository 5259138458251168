"""Payments, by hand."""

from datetime import timedelta

from apps.reconciliation.drill.hands import breaks, change, find, moment
from apps.reconciliation.drill.life import Life
from apps.reconciliation.reading import STALE
from tradecore.ids import first_id_at

#: A refund of an order that was cancelled as a whole.
_REFUND = "SELECT id FROM payments_refund WHERE order_ref = %s"


@breaks("I07")
def send_back_more_than_was_captured(life: Life) -> int:
    """With every counter to match."""
    order_id, refund_id = life.cancelled.purchase.orders[0].id, _refund(life)
    intent_id = find("SELECT intent_id FROM payments_refund WHERE id = %s", refund_id)
    change("UPDATE payments_refund SET amount_minor = amount_minor + 100 WHERE id = %s", refund_id)
    change("UPDATE payments_intent SET refunded_minor = refunded_minor + 100 WHERE id = %s", intent_id)
    change("UPDATE payments_capture_share SET refunded_minor = refunded_minor + 100 WHERE order_ref = %s", order_id)
    return int(intent_id)


@breaks("I07b")
def count_more_that_was_captured(life: Life) -> int:
    intent_id = find("SELECT id FROM payments_intent WHERE payable_ref = %s", life.paid.purchase.id)
    change("UPDATE payments_intent SET captured_minor = captured_minor + 1 WHERE id = %s", intent_id)
    return int(intent_id)


@breaks("I07c")
def count_a_refund_that_never_was(life: Life) -> int:
    share_id = find("SELECT id FROM payments_capture_share WHERE order_ref = %s", life.paid.purchase.orders[0].id)
    change("UPDATE payments_capture_share SET refunded_minor = refunded_minor + 1 WHERE id = %s", share_id)
    return int(share_id)


@breaks("I18")
def leave_an_answer_waiting(life: Life) -> int:
    answer_id = find("SELECT MIN(id) FROM payments_answer")
    long_ago = moment(life.world.now - timedelta(minutes=5))
    change("UPDATE payments_answer SET applied_at = NULL, received_at = %s WHERE id = %s", long_ago, answer_id)
    return int(answer_id)


@breaks("I25")
def refuse_a_refund(life: Life) -> int:
    refund_id = _refund(life)
    change("UPDATE payments_refund SET status = 'FAILED' WHERE id = %s", refund_id)
    return refund_id


@breaks("I25b")
def suspect_a_tender(_life: Life) -> int:
    tender_id = find("SELECT id FROM payments_tender WHERE status = 'DECLINED'")
    change("UPDATE payments_tender SET status = 'SUSPECT' WHERE id = %s", tender_id)
    return int(tender_id)


@breaks("I25c")
def forget_to_ask(life: Life) -> int:
    call_id = find("SELECT MAX(id) FROM payments_call WHERE status IN ('UNKNOWN', 'PENDING')")
    long_ago = moment(life.world.now - timedelta(minutes=5))
    change("UPDATE payments_call SET ask_at = %s WHERE id = %s", long_ago, call_id)
    return int(call_id)


@breaks("I25g")
def open_a_refund_days_ago(life: Life) -> int:
    """Of an order that no case is about."""
    refund_id = _refund(life)
    days_ago = first_id_at(life.world.now - STALE - timedelta(hours=1))
    change("UPDATE payments_refund SET id = %s, status = 'REQUESTED' WHERE id = %s", days_ago, refund_id)
    for table, column in (("payments_call", "refund_id"), ("ledger_entry", "about_ref")):
        change(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", days_ago, refund_id)  # noqa: S608
    return days_ago


@breaks("I36")
def dispute_what_is_decided(life: Life) -> int:
    dispute_id = _dispute(life)
    change(
        "UPDATE ledger_entry SET about_ref = 1 WHERE account = 'DISPUTED' AND amount_minor < 0 AND about_ref = %s",
        dispute_id,
    )
    return dispute_id


@breaks("I36b")
def hold_an_order_after_the_verdict(life: Life) -> int:
    dispute_id = _dispute(life)
    change("UPDATE orders_hold SET released_at = NULL WHERE kind = 'dispute' AND owner_ref = %s", dispute_id)
    return dispute_id


@breaks("I36c")
def call_a_refund_a_chargeback(life: Life) -> int:
    change("UPDATE orders_units_gone SET kind = 'CHARGED_BACK' WHERE order_id = %s", life.settled)
    return life.settled


def _dispute(life: Life) -> int:
    """One that is lost."""
    return int(find("SELECT dispute_id FROM payments_dispute_share WHERE order_ref = %s", life.charged_back))


def _refund(life: Life) -> int:
    return int(find(_REFUND, life.cancelled.purchase.orders[0].id))
