"""Calls and chargebacks as rows of the book's tables, and back."""

import json
import sqlite3
from typing import Any, Final

from apps.payments.provider import Call, Operation
from apps.payments.sandbox.entries import Dispute, Entry, Standing
from tradecore.money import Money

SCHEMA_OF_CALLS: Final = (
    """
    CREATE TABLE IF NOT EXISTS call (
        reference INTEGER PRIMARY KEY,
        operation TEXT NOT NULL,
        method TEXT NOT NULL,
        method_token TEXT NOT NULL,
        amount_minor INTEGER NOT NULL,
        currency TEXT NOT NULL,
        instalments INTEGER NOT NULL,
        about INTEGER,
        standing TEXT NOT NULL,
        code TEXT NOT NULL,
        taken_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS call_about ON call (about) WHERE about IS NOT NULL",
)
SCHEMA_OF_DISPUTES: Final = (
    "ALTER TABLE call ADD COLUMN dispute_ref TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE call ADD COLUMN evidence TEXT",
    """
    CREATE TABLE dispute (
        provider_ref TEXT PRIMARY KEY,
        reference INTEGER NOT NULL,
        amount_minor INTEGER NOT NULL,
        currency TEXT NOT NULL,
        reason_code TEXT NOT NULL,
        evidence_by_ms INTEGER NOT NULL,
        standing TEXT NOT NULL,
        opened_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL
    )
    """,
    "CREATE INDEX dispute_reference ON dispute (reference)",
)

_INSERT: Final = "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT * FROM call WHERE reference = ?"
_SELECT_ABOUT: Final = "SELECT * FROM call WHERE about = ?"
_SELECT_ALL: Final = "SELECT * FROM call ORDER BY reference"
_INSERT_DISPUTE: Final = "INSERT INTO dispute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT_DISPUTE: Final = "SELECT * FROM dispute WHERE provider_ref = ?"
_SELECT_DISPUTES_OF: Final = "SELECT * FROM dispute WHERE reference = ? ORDER BY opened_at_ms, provider_ref"
_SELECT_DISPUTES: Final = "SELECT * FROM dispute ORDER BY opened_at_ms, provider_ref"
_UPDATE_DISPUTE: Final = "UPDATE dispute SET standing = ?, changed_at_ms = ? WHERE provider_ref = ?"
_UPDATE: Final = "UPDATE call SET standing = ?, code = ?, changed_at_ms = ? WHERE reference = ?"


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    connection.execute(_INSERT, _row(entry))


def update(connection: sqlite3.Connection, entry: Entry) -> None:
    """Write where the call stands now."""
    row = (entry.standing.value, entry.code, entry.changed_at_ms, entry.call.reference)
    connection.execute(_UPDATE, row)


def find(connection: sqlite3.Connection, reference: int) -> Entry | None:
    row = connection.execute(_SELECT, (reference,)).fetchone()
    return None if row is None else _read(row)


def find_about(connection: sqlite3.Connection, reference: int) -> list[Entry]:
    """The calls that are about the payment that began with that one."""
    return [_read(row) for row in connection.execute(_SELECT_ABOUT, (reference,))]


def list_all(connection: sqlite3.Connection) -> list[Entry]:
    """Every call, by its reference."""
    return [_read(row) for row in connection.execute(_SELECT_ALL)]


def insert_dispute(connection: sqlite3.Connection, dispute: Dispute) -> None:
    connection.execute(_INSERT_DISPUTE, _dispute_row(dispute))


def update_dispute(connection: sqlite3.Connection, dispute: Dispute) -> None:
    """Write where the chargeback stands now."""
    connection.execute(_UPDATE_DISPUTE, (dispute.standing.value, dispute.changed_at_ms, dispute.provider_ref))


def find_dispute(connection: sqlite3.Connection, provider_ref: str) -> Dispute | None:
    row = connection.execute(_SELECT_DISPUTE, (provider_ref,)).fetchone()
    return None if row is None else _read_dispute(row)


def find_disputes_of(connection: sqlite3.Connection, reference: int) -> list[Dispute]:
    """The chargebacks of what a call captured, oldest first."""
    return [_read_dispute(row) for row in connection.execute(_SELECT_DISPUTES_OF, (reference,))]


def list_disputes(connection: sqlite3.Connection) -> list[Dispute]:
    """Every chargeback, oldest first."""
    return [_read_dispute(row) for row in connection.execute(_SELECT_DISPUTES)]


def _row(entry: Entry) -> tuple[Any, ...]:
    call = entry.call
    return (
        call.reference,
        call.operation.value,
        call.method,
        call.method_token,
        call.amount.minor,
        call.amount.currency,
        call.instalments,
        call.about,
        entry.standing.value,
        entry.code,
        entry.taken_at_ms,
        entry.changed_at_ms,
        call.dispute_ref,
        None if call.evidence is None else json.dumps(dict(call.evidence)),
    )


def _read(row: tuple[Any, ...]) -> Entry:
    reference, operation, method, token, minor, currency, instalments, about, *rest = row
    standing, code, taken, changed, dispute_ref, evidence = rest
    call = Call(
        reference=reference,
        operation=Operation(operation),
        provider="sandbox",
        method=method,
        method_token=token,
        amount=Money(minor, currency),
        instalments=instalments,
        about=about,
        dispute_ref=dispute_ref,
        evidence=None if evidence is None else json.loads(evidence),
    )
    return Entry(call, Standing(standing), code, taken_at_ms=taken, changed_at_ms=changed)


def _dispute_row(dispute: Dispute) -> tuple[Any, ...]:
    return (
        dispute.provider_ref,
        dispute.reference,
        dispute.amount.minor,
        dispute.amount.currency,
        dispute.reason_code,
        dispute.evidence_by_ms,
        dispute.standing.value,
        dispute.opened_at_ms,
        dispute.changed_at_ms,
    )


def _read_dispute(row: tuple[Any, ...]) -> Dispute:
    provider_ref, reference, minor, currency, reason_code, evidence_by_ms, standing, opened, changed = row
    return Dispute(
        provider_ref=provider_ref,
        reference=reference,
        amount=Money(minor, currency),
        reason_code=reason_code,
        evidence_by_ms=evidence_by_ms,
        standing=Standing(standing),
        opened_at_ms=opened,
        changed_at_ms=changed,
    )
