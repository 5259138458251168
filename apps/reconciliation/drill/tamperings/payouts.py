"""Payouts, by hand."""

from datetime import timedelta

from apps.reconciliation.drill.hands import breaks, change, find, moment
from apps.reconciliation.drill.life import Life
from apps.reconciliation.reading import STALE
from tradecore.ids import first_id_at, new_id


@breaks("I24")
def take_the_posting_of_a_payout_away(life: Life) -> int:
    change("UPDATE ledger_posting SET reference = 1 WHERE kind = 'payout' AND reference = %s", life.confirmed_payout)
    return life.confirmed_payout


@breaks("I24b")
def approve_what_one_has_proposed(life: Life) -> int:
    run_id = find("SELECT run_id FROM settlement_payout WHERE id = %s", life.confirmed_payout)
    change("UPDATE settlement_payout_run SET decided_by = proposed_by WHERE id = %s", run_id)
    return int(run_id)


@breaks("I24c")
def send_a_second_payout_beside_the_first(life: Life) -> int:
    """The one that was confirmed is on its way once more, beside the one that is proposed."""
    change(
        "UPDATE settlement_payout SET status = 'SENT', ask_at = %s WHERE id = %s",
        moment(life.world.now + timedelta(hours=1)),
        life.confirmed_payout,
    )
    return max(life.confirmed_payout, life.proposed_payout)


@breaks("I24d")
def leave_a_payout_on_its_way_to_the_bank(life: Life) -> int:
    change(
        "UPDATE ledger_entry SET about_ref = 1 "
        "WHERE account = 'PAYOUT_CLEARING' AND amount_minor < 0 AND about_ref = %s",
        life.confirmed_payout,
    )
    return life.confirmed_payout


@breaks("I24e")
def take_away_what_came_back(life: Life) -> int:
    change(
        "UPDATE ledger_posting SET reference = 1 WHERE kind = 'payout_returned' AND reference = %s",
        life.returned_payout,
    )
    return life.returned_payout


@breaks("I25d")
def forget_to_tell_the_bank(life: Life) -> int:
    """Of a payout that is on its way; nothing else of its shop's is."""
    long_ago = moment(life.world.now - timedelta(minutes=5))
    _end_what_is_proposed(life)
    change("UPDATE settlement_payout SET status = 'SENT', ask_at = %s WHERE id = %s", long_ago, life.confirmed_payout)
    return life.confirmed_payout


@breaks("I25e")
def let_the_bank_contradict_itself(life: Life) -> int:
    change("UPDATE settlement_payout SET contradiction = 'amount' WHERE id = %s", life.confirmed_payout)
    return life.confirmed_payout


@breaks("I25f")
def send_a_payout_days_ago(life: Life) -> int:
    """And everything that names it has been so for days."""
    days_ago = first_id_at(life.world.now - STALE - timedelta(hours=1)) + new_id() % 1000
    payout_id = life.confirmed_payout
    _end_what_is_proposed(life)
    change(
        "UPDATE settlement_payout SET id = %s, status = 'SENT', ask_at = %s WHERE id = %s",
        days_ago,
        moment(life.world.now + timedelta(hours=1)),
        payout_id,
    )
    change("UPDATE settlement_line SET reference = %s WHERE kind = 'payout' AND reference = %s", days_ago, payout_id)
    change(
        "UPDATE ledger_posting SET reference = %s WHERE kind IN ('payout', 'payout_confirmed') AND reference = %s",
        days_ago,
        payout_id,
    )
    change("UPDATE ledger_entry SET about_ref = %s WHERE about_ref = %s", days_ago, payout_id)
    change(
        "UPDATE reconciliation_file_line SET subject_ref = %s WHERE kind = 'payout' AND subject_ref = %s",
        days_ago,
        payout_id,
    )
    return days_ago


def _end_what_is_proposed(life: Life) -> None:
    change("UPDATE settlement_payout SET status = 'CANCELLED', in_flight_of = NULL WHERE id = %s", life.proposed_payout)
