"""The file of the book: opened by any number of processes, and brought up to what this version writes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from apps.payments.sandbox import book_rows, settling
from apps.payments.sandbox.rules import FeeRule

#: How long a process waits for another one that is deciding.
_BUSY_TIMEOUT_S: Final = 5.0
_PAUSE_S: Final = 0.01

#: Of a file: 0 is one that is new, or was written before there were chargebacks and settlements.
_VERSION: Final = 1


def open_book(path: str, *, fees: FeeRule) -> sqlite3.Connection:
    """A connection to the file. `fees` are those of what an old file has moved and not settled.

    Raises sqlite3.OperationalError.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_S
    while not _uses_wal(connection):
        if time.monotonic() > give_up_at:
            raise sqlite3.OperationalError(f"{path} stays locked")
        time.sleep(_PAUSE_S)
    connection.execute("PRAGMA synchronous = NORMAL")
    if not _is_up_to_date(connection):
        _bring_up_to_date(connection, fees=fees)
    return connection


def _is_up_to_date(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version >= _VERSION)


def _bring_up_to_date(connection: sqlite3.Connection, *, fees: FeeRule) -> None:
    """Make the tables of a new file, or those that an old one lacks; of what it moved nothing was settled yet."""
    with deciding(connection):
        if _is_up_to_date(connection):  # another process was a moment earlier
            return
        for statement in (*book_rows.SCHEMA_OF_CALLS, *book_rows.SCHEMA_OF_DISPUTES, *settling.SCHEMA):
            connection.execute(statement)
        for entry in book_rows.list_all(connection):
            settling.note_call(connection, entry, fees=fees)
        connection.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def deciding(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One decision; of several threads and processes one has it at a time."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back when the disk is full
            connection.execute("ROLLBACK")
        raise


def _uses_wal(connection: sqlite3.Connection) -> bool:
    """Ask for WAL. False while somebody else changes a new file to it: only here does SQLite not wait by itself."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the rest of the code says why it is busy
            raise
        return False
    return True
