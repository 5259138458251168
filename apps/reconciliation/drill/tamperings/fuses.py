"""Amounts and rates that leave their bounds."""

from datetime import timedelta

from apps.reconciliation.drill.hands import breaks, change, copy, find, moment
from apps.reconciliation.drill.life import Life
from tradecore.ids import new_id


@breaks("F01")
def send_much_back_within_an_hour(life: Life) -> int:
    refund_id = find("SELECT id FROM payments_refund WHERE order_ref = %s", life.costly)
    change("UPDATE payments_refund SET created_at = %s WHERE id = %s", moment(life.world.now), refund_id)
    return int(find("SELECT MAX(id) FROM payments_refund WHERE created_at >= %s", moment(life.world.now)))


@breaks("F02")
def propose_much_to_be_paid_out(life: Life) -> int:
    """After three days on which little was."""
    for days in (5, 6, 7):
        earlier = life.world.now - timedelta(days=days)
        copy(
            "settlement_payout_run",
            life.payout_run,
            on=earlier.date().isoformat(),
            approval_id=new_id(),
            total_minor=100,
            proposed_at=moment(earlier),
        )
    change("UPDATE settlement_payout_run SET total_minor = 2000000 WHERE id = %s", life.payout_run)
    return life.payout_run


@breaks("F03")
def propose_one_large_payout(life: Life) -> int:
    change(
        "UPDATE settlement_payout SET amount_minor = 20000000, pays_minor = 20000000 WHERE id = %s",
        life.proposed_payout,
    )
    return life.proposed_payout


@breaks("F04")
def capture_too_late(life: Life) -> int:
    change("UPDATE payments_capture SET is_late = 1, captured_at = %s", moment(life.world.now))
    return int(find("SELECT MAX(id) FROM payments_capture"))
