"""The machinery, by hand."""

from datetime import timedelta

from apps.reconciliation.drill.hands import breaks, change, copy, find, moment
from apps.reconciliation.drill.life import Life
from tradecore.ids import first_id_at


@breaks("I05")
def hold_a_key_for_ever(life: Life) -> int:
    long_ago = moment(life.world.now - timedelta(minutes=5))
    change(
        "INSERT INTO kernel_idempotency "
        "(scope_hash, fingerprint, state, locked_until, fence, recovery_point, created_at) "
        "VALUES (%s, %s, 'started', %s, 1, '', %s)",
        "0" * 64,
        "0" * 64,
        long_ago,
        long_ago,
    )
    return 0


@breaks("I19")
def bury_an_event(life: Life) -> int:
    event_id = find("SELECT MIN(id) FROM kernel_outbox")
    buried = moment(life.world.now)
    change("UPDATE kernel_outbox SET delivered_at = NULL, dead_at = %s WHERE id = %s", buried, event_id)
    return int(event_id)


@breaks("I20")
def forget_that_a_settlement_changed(life: Life) -> int:
    """As if the handler had said that it was done, and committed nothing."""
    event_id = find(
        "SELECT id FROM kernel_outbox WHERE kind = 'orders.units_left' AND aggregate_id = %s", life.charged_back
    )
    change("DELETE FROM kernel_inbox WHERE event_id = %s AND consumer = 'settlement.follow_change'", event_id)
    return int(event_id)


@breaks("I19b")
def change_an_order_and_tell_nobody(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET version = version + 1 WHERE id = %s", order_id)
    return order_id


@breaks("I28")
def take_an_act_out_of_the_audit(_life: Life) -> int:
    number = find("SELECT number FROM kernel_audit_seal WHERE number > 1 ORDER BY number LIMIT 1")
    change("DELETE FROM kernel_audit WHERE id = (SELECT entry_id FROM kernel_audit_seal WHERE number = %s)", number)
    return int(number)


@breaks("I28b")
def slip_an_act_into_the_audit(life: Life) -> int:
    """As if it had been done an hour ago."""
    first = find("SELECT MIN(id) FROM kernel_audit")
    return copy("kernel_audit", first, id=first_id_at(life.world.now - timedelta(hours=1)))
