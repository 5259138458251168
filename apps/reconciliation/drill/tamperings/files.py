"""What provider and bank tell, made up or lost."""

from collections.abc import Sequence
from datetime import date, timedelta

from apps.payments import api as payments
from apps.reconciliation.drill.hands import breaks, change, find
from apps.reconciliation.drill.life import CURRENCY, Life
from tradecore.money import Money


@breaks("I30")
def settle_what_we_never_captured(life: Life) -> int:
    _tell(life, [_charge(life, external_ref="drill_unknown", minor=1234)])
    return _told_last()


@breaks("I30b")
def lose_a_settlement(life: Life) -> int:
    """With its one line, and its total."""
    capture_id = find(
        "SELECT subject_ref FROM reconciliation_file_line WHERE kind = 'charge' AND settlement_ref = %s",
        life.first_settlement,
    )
    change("DELETE FROM reconciliation_file_line WHERE settlement_ref = %s", life.first_settlement)
    return int(capture_id)


@breaks("I30c")
def settle_another_amount(life: Life) -> int:
    minor, external_ref = _first_charge(life)
    _tell(life, [_charge(life, external_ref=external_ref, minor=minor + 1)])
    return _told_last()


@breaks("I30d")
def settle_a_charge_twice(life: Life) -> int:
    minor, external_ref = _first_charge(life)
    _tell(life, [_charge(life, external_ref=external_ref, minor=minor)])
    return _told_last()


@breaks("I30e")
def transfer_more_than_the_lines(life: Life) -> int:
    _tell(life, [], transfer=Money(500, CURRENCY))
    return int(find("SELECT MAX(id) FROM reconciliation_file_line WHERE kind = 'total'"))


@breaks("I30f")
def lose_a_transfer(life: Life) -> int:
    """The bank has never booked it."""
    total_id = find(
        "SELECT id FROM reconciliation_file_line WHERE kind = 'total' AND settlement_ref = %s", life.first_settlement
    )
    change("DELETE FROM reconciliation_file_line WHERE kind = 'transfer' AND subject_ref = %s", total_id)
    change("UPDATE reconciliation_file_line SET state = 'OPEN', subject_ref = NULL WHERE id = %s", total_id)
    return int(total_id)


@breaks("I30g")
def confirm_a_payout_that_no_statement_tells_of(life: Life) -> int:
    change("DELETE FROM reconciliation_file_line WHERE kind = 'payout' AND subject_ref = %s", life.confirmed_payout)
    return life.confirmed_payout


@breaks("I27c")
def leave_a_capture_with_its_provider(life: Life) -> int:
    capture_id = find(
        "SELECT subject_ref FROM reconciliation_file_line WHERE kind = 'charge' AND settlement_ref = %s",
        life.first_settlement,
    )
    change(
        "UPDATE ledger_entry SET about_ref = 1 WHERE account = 'PSP_CLEARING.sandbox' AND about_ref = %s "
        "AND posting_id = (SELECT id FROM ledger_posting WHERE kind = 'settled_charge' AND reference = %s)",
        capture_id,
        capture_id,
    )
    return int(capture_id)


def _tell(life: Life, lines: Sequence[payments.SettlementLine], *, transfer: Money | None = None) -> None:
    """The provider tells of one more settlement, whose transfer is due some day."""
    nothing, on = Money.zero(CURRENCY), _day(life)
    gross = sum((line.gross for line in lines), start=nothing)
    settled = payments.ProviderSettlement(
        provider_ref="po_drill",
        account=life.world.provider.account,
        on=on,
        gross=gross,
        fee=nothing,
        transfer=gross if transfer is None else transfer,
        lines=tuple(lines),
    )
    life.world.provider.tells_also.append(settled)
    life.world.read_files(since=on, until=on)


def _charge(life: Life, *, external_ref: str, minor: int) -> payments.SettlementLine:
    return payments.SettlementLine(
        kind=payments.SettledKind.CHARGE,
        reference=1,
        provider_ref=external_ref,
        gross=Money(minor, CURRENCY),
        fee=Money.zero(CURRENCY),
        at=life.world.now,
    )


def _first_charge(life: Life) -> tuple[int, str]:
    """The amount of a charge that was settled, and the provider's reference of it."""
    of_it = "FROM reconciliation_file_line WHERE kind = 'charge' AND settlement_ref = %s"
    return (
        int(find(f"SELECT amount_minor {of_it}", life.first_settlement)),
        str(find(f"SELECT external_ref {of_it}", life.first_settlement)),
    )


def _told_last() -> int:
    return int(find("SELECT MAX(id) FROM reconciliation_file_line WHERE kind <> 'total'"))


def _day(life: Life) -> date:
    """A day that was fetched, and whose transfers are not due yet."""
    return life.world.now.date() + timedelta(days=3)
