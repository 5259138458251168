"""The provider's own book: a SQLite file beside our database, never in it.

# Note [Book]
Every call that arrives is written before it is answered, under our reference, and its answer is read from there ever
after. What a payment has captured and what of it went back is added up from its calls each time, so there is no counter
that could drift. A decision is made inside one `BEGIN IMMEDIATE` transaction, so any number of threads and processes
may share a file: SQLite lets one of them decide at a time. That costs about 0.03 ms a call, which is why the provider
in process needs no shortcut that would answer without remembering.

The file survives the death of the process at any moment; a power cut may cost the last calls (WAL, synchronous=NORMAL).
A book in memory is known to one process only, and gone with it: several workers need a file. Nothing is ever deleted:
to begin anew, delete the file while nobody has it open.
"""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apps.payments.provider import Call, Operation
from apps.payments.sandbox.entries import FIRST_OPERATIONS, OPEN, Entry, Standing
from apps.payments.sandbox.errors import NotCompletable, ReferenceReused
from apps.payments.sandbox.rules import GIVES_UP, Payment, Verdict, judge, judge_completion
from tradecore.errors import NotFound
from tradecore.money import Money

IN_MEMORY: Final = ":memory:"

#: How long a process waits for another one that is deciding.
_BUSY_TIMEOUT_S: Final = 5.0
_PAUSE_S: Final = 0.01

_SCHEMA: Final = """
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
);
CREATE INDEX IF NOT EXISTS call_about ON call (about) WHERE about IS NOT NULL;
"""
_INSERT: Final = "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT * FROM call WHERE reference = ?"
_SELECT_ABOUT: Final = "SELECT * FROM call WHERE about = ?"
_SELECT_ALL: Final = "SELECT * FROM call ORDER BY reference"
_UPDATE: Final = "UPDATE call SET standing = ?, code = ?, changed_at_ms = ? WHERE reference = ?"


@dataclass(frozen=True, slots=True)
class Taken:
    """A call in the book; `is_new` unless it was there before."""

    entry: Entry
    is_new: bool


class Book:
    """See Note [Book]. Thread-safe; several processes may open one file."""

    def __init__(self, path: str | Path = IN_MEMORY) -> None:
        self._path = str(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _books.add(self)

    def take(self, call: Call) -> Taken:
        """Write down a call and decide it; the same call again changes nothing. Refuses: ReferenceReused."""
        with self._deciding() as connection:
            known = _find(connection, call.reference)
            if known is not None:
                if _content(known.call) != _content(call):
                    raise ReferenceReused(reference=call.reference)
                return Taken(known, is_new=False)
            payment = _read_payment(connection, call)
            entry = _write(connection, call, judge(call, payment))
            if entry.standing is Standing.VOIDED and payment.first and payment.first.standing in GIVES_UP:
                _settle(connection, payment.first, Verdict(Standing.VOIDED))
            return Taken(entry, is_new=True)

    def complete(self, *, reference: int, succeeds: bool) -> Entry:
        """End a call that waits for the buyer, the bank or the provider; ending it likewise again changes nothing.

        Refuses, in this order: NotFound, NotCompletable.
        """
        with self._deciding() as connection:
            entry = _find(connection, reference)
            if entry is None:
                raise NotFound(what="call")
            verdict = judge_completion(entry.call, succeeds=succeeds)
            if entry.standing in OPEN:
                return _settle(connection, entry, verdict)
            if Verdict(entry.standing, entry.code) != verdict:
                raise NotCompletable(standing=entry.standing.value)
            return entry

    def find(self, reference: int) -> Entry | None:
        """The call of that reference; None if it never came."""
        with self._lock:
            return _find(self._connect(), reference)

    def list_entries(self) -> list[Entry]:
        """Every call, as at one moment, by its reference: the order in which the references were made."""
        with self._lock:
            return [_read(row) for row in self._connect().execute(_SELECT_ALL)]

    def open(self) -> None:
        """Open the file now, and not with the first call. Raises sqlite3.OperationalError where that cannot be."""
        with self._lock:
            self._connect()

    def close(self) -> None:
        """Let go of the file; the next call opens it again. What was in memory is gone."""
        with self._lock:
            self._disconnect()

    def hold_for_fork(self) -> None:
        """Let nobody begin anything, and have no connection to the file: SQLite's must not cross a fork."""
        self._lock.acquire()
        if self._path != IN_MEMORY:
            self._disconnect()

    def go_on_after_fork(self) -> None:
        """In the parent and in the child: end what `hold_for_fork` began."""
        self._lock.release()

    def _connect(self) -> sqlite3.Connection:
        """The connection of this process; the caller holds the lock."""
        if self._connection is None:
            self._connection = _open(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _deciding(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connect()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    connection.execute("ROLLBACK")
                raise


_books: weakref.WeakSet[Book] = weakref.WeakSet()
_held_for_fork: list[Book] = []


def _hold_books() -> None:
    _held_for_fork.extend(_books)
    for book in _held_for_fork:
        book.hold_for_fork()


def _release_books() -> None:
    while _held_for_fork:
        _held_for_fork.pop().go_on_after_fork()


os.register_at_fork(before=_hold_books, after_in_parent=_release_books, after_in_child=_release_books)


def _open(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_S
    while not _uses_wal(connection):
        if time.monotonic() > give_up_at:
            raise sqlite3.OperationalError(f"{path} stays locked")
        time.sleep(_PAUSE_S)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_SCHEMA)
    return connection


def _uses_wal(connection: sqlite3.Connection) -> bool:
    """Ask for WAL. False while somebody else changes a new file to it: only here does SQLite not wait by itself."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the rest of the code says why it is busy
            raise
        return False
    return True


def _content(call: Call) -> tuple[Any, ...]:
    """What must not differ under one reference. The provider's name is ours, not the provider's."""
    return (call.operation, call.method, call.method_token, call.amount, call.instalments, call.about)


def _find(connection: sqlite3.Connection, reference: int) -> Entry | None:
    row = connection.execute(_SELECT, (reference,)).fetchone()
    return None if row is None else _read(row)


def _read_payment(connection: sqlite3.Connection, call: Call) -> Payment:
    """The payment that a call begins, or is about."""
    reference = call.reference if call.operation in FIRST_OPERATIONS else call.about
    if reference is None:
        return Payment(first=None, is_voided=False, captured_minor=0, claimed_minor=0)
    first = _find(connection, reference)
    later = [_read(row) for row in connection.execute(_SELECT_ABOUT, (reference,))]
    return Payment(
        first=first,
        is_voided=any(entry.standing is Standing.VOIDED for entry in later),
        captured_minor=sum(
            entry.call.amount.minor for entry in (first, *later) if entry and entry.standing is Standing.CAPTURED
        ),
        claimed_minor=sum(
            entry.call.amount.minor
            for entry in later
            if entry.call.operation is Operation.REFUND and entry.standing is not Standing.FAILED
        ),
    )


def _write(connection: sqlite3.Connection, call: Call, verdict: Verdict) -> Entry:
    now_ms = _now_ms()
    entry = Entry(call, verdict.standing, verdict.code, taken_at_ms=now_ms, changed_at_ms=now_ms)
    row = (
        call.reference,
        call.operation.value,
        call.method,
        call.method_token,
        call.amount.minor,
        call.amount.currency,
        call.instalments,
        call.about,
        verdict.standing.value,
        verdict.code,
        now_ms,
        now_ms,
    )
    connection.execute(_INSERT, row)
    return entry


def _settle(connection: sqlite3.Connection, entry: Entry, verdict: Verdict) -> Entry:
    now_ms = _now_ms()
    connection.execute(_UPDATE, (verdict.standing.value, verdict.code, now_ms, entry.call.reference))
    return Entry(entry.call, verdict.standing, verdict.code, entry.taken_at_ms, changed_at_ms=now_ms)


def _read(row: tuple[Any, ...]) -> Entry:
    reference, operation, method, token, minor, currency, instalments, about, standing, code, taken, changed = row
    call = Call(
        reference=reference,
        operation=Operation(operation),
        provider="sandbox",
        method=method,
        method_token=token,
        amount=Money(minor, currency),
        instalments=instalments,
        about=about,
    )
    return Entry(call, Standing(standing), code, taken_at_ms=taken, changed_at_ms=changed)


def _now_ms() -> int:
    """The provider is an outsider and has a clock of its own."""
    return time.time_ns() // 1_000_000
