"""Cases, by hand."""

from apps.reconciliation.drill.hands import breaks, change, find, moment
from apps.reconciliation.drill.life import Life


@breaks("I35")
def stop_the_clock_of_a_case(life: Life) -> int:
    change("DELETE FROM kernel_timer WHERE subject = %s AND kind = 'case_due'", life.case_id)
    return life.case_id


@breaks("I35b")
def let_the_order_of_a_case_go(life: Life) -> int:
    released = moment(life.world.now)
    change("UPDATE orders_hold SET released_at = %s WHERE kind = 'case' AND owner_ref = %s", released, life.case_id)
    return life.case_id


@breaks("I35c")
def say_that_a_case_gave_back_more(life: Life) -> int:
    case_id = find("SELECT id FROM aftersales_case WHERE order_id = %s", life.settled)
    change("UPDATE aftersales_case SET refund_minor = refund_minor + 1 WHERE id = %s", case_id)
    return int(case_id)
