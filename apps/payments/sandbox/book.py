"""The provider's own book: a SQLite file beside our database, never in it.

# Note [Book]
Every call that arrives is written before it is answered, under our reference, and its answer is read from there ever
after. What a payment has captured and what of it went back is added up from its calls each time, so there is no counter
that could drift; chargebacks stand beside the calls, and what has moved money stands in Note [Settling]. A decision is
made inside one `BEGIN IMMEDIATE` transaction, so any number of threads and processes may share a file: SQLite lets one
of them decide at a time. That costs about 0.03 ms a call, which is why the provider in process needs no shortcut that
would answer without remembering.

The file survives the death of the process at any moment; a power cut may cost the last calls (WAL, synchronous=NORMAL).
A book in memory is known to one process only, and gone with it: several workers need a file. Nothing is ever deleted:
to begin anew, delete the file while nobody has it open.
"""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from apps.payments.provider import Call, Operation, ProviderSettlement
from apps.payments.sandbox import book_rows, settling
from apps.payments.sandbox.book_file import deciding, open_book
from apps.payments.sandbox.entries import FIRST_OPERATIONS, OPEN, UNDECIDED, Dispute, Entry, Standing
from apps.payments.sandbox.errors import NotCompletable, NotDisputable, ReferenceReused
from apps.payments.sandbox.rules import GIVES_UP, STANDARD_FEES, FeeRule, Payment, Verdict, judge, judge_completion
from tradecore.errors import NotFound
from tradecore.money import Money

IN_MEMORY: Final = ":memory:"

#: Calls that answer a chargeback let it stand where they do.
_ANSWERS_TO_DISPUTES: Final = frozenset({Standing.EVIDENCE_TAKEN, Standing.DISPUTE_LOST})


def _now_ms() -> int:
    """The provider is an outsider and has a clock of its own."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A call in the book; `is_new` unless it was there before."""

    entry: Entry
    is_new: bool


class Book:
    """See Note [Book]. Thread-safe; several processes may open one file. `fees` is what it takes of charges; `now_ms`
    its clock, in milliseconds of the epoch.
    """

    def __init__(
        self, path: str | Path = IN_MEMORY, *, fees: FeeRule = STANDARD_FEES, now_ms: Callable[[], int] = _now_ms
    ) -> None:
        self._path = str(path)
        self._fees = fees
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _books.add(self)

    def take(self, call: Call) -> Taken:
        """Write down a call and decide it; the same call again changes nothing. Refuses: ReferenceReused."""
        with self._deciding() as connection:
            known = book_rows.find(connection, call.reference)
            if known is not None:
                if _content(known.call) != _content(call):
                    raise ReferenceReused(reference=call.reference)
                return Taken(known, is_new=False)
            now_ms = self._now_ms()
            payment = _read_payment(connection, call, now_ms=now_ms)
            entry = self._write(connection, call, judge(call, payment), now_ms=now_ms)
            if entry.standing is Standing.VOIDED and payment.first and payment.first.standing in GIVES_UP:
                self._end(connection, payment.first, Verdict(Standing.VOIDED))
            if entry.standing in _ANSWERS_TO_DISPUTES and payment.dispute:
                self._decide(connection, payment.dispute, entry.standing)
            return Taken(entry, is_new=True)

    def complete(self, *, reference: int, succeeds: bool) -> Entry:
        """End a call that waits for the buyer, the bank or the provider; ending it likewise again changes nothing.

        Refuses, in this order: NotFound, NotCompletable.
        """
        with self._deciding() as connection:
            entry = book_rows.find(connection, reference)
            if entry is None:
                raise NotFound(what="call")
            verdict = judge_completion(entry.call, succeeds=succeeds)
            if entry.standing in OPEN:
                return self._end(connection, entry, verdict)
            if Verdict(entry.standing, entry.code) != verdict:
                raise NotCompletable(standing=entry.standing.value)
            return entry

    def open_dispute(self, *, reference: int, amount_minor: int | None, reason_code: str, evidence_ms: int) -> Dispute:
        """Take money of a charge back for the buyer's bank: so much, else all that nobody disputes yet, whatever was
        refunded of it. There is so much time for evidence. Refuses, in this order: NotFound, NotDisputable.
        """
        with self._deciding() as connection:
            entry = book_rows.find(connection, reference)
            if entry is None:
                raise NotFound(what="call")
            now_ms = self._now_ms()
            known = book_rows.find_disputes_of(connection, reference)
            dispute = Dispute(
                provider_ref=f"dsp_{reference}_{len(known) + 1}",
                reference=reference,
                amount=_disputed_amount(entry, known, amount_minor),
                reason_code=reason_code,
                evidence_by_ms=now_ms + evidence_ms,
                standing=Standing.DISPUTED,
                opened_at_ms=now_ms,
                changed_at_ms=now_ms,
            )
            book_rows.insert_dispute(connection, dispute)
            settling.note_dispute(connection, dispute)
            return dispute

    def decide_dispute(self, *, provider_ref: str, is_won: bool) -> Dispute:
        """End a chargeback: we have won it, or lost it; ending it likewise again changes nothing.

        Refuses, in this order: NotFound, NotCompletable.
        """
        outcome = Standing.DISPUTE_WON if is_won else Standing.DISPUTE_LOST
        with self._deciding() as connection:
            dispute = book_rows.find_dispute(connection, provider_ref)
            if dispute is None:
                raise NotFound(what="dispute")
            if dispute.standing in UNDECIDED:
                return self._decide(connection, dispute, outcome)
            if dispute.standing is not outcome:
                raise NotCompletable(standing=dispute.standing.value)
            return dispute

    def find_dispute(self, provider_ref: str) -> Dispute | None:
        """The chargeback of that name."""
        with self._lock:
            return book_rows.find_dispute(self._connect(), provider_ref)

    def list_disputes(self) -> list[Dispute]:
        """Every chargeback, oldest first."""
        with self._lock:
            return book_rows.list_disputes(self._connect())

    def list_settlements(self, *, on: date) -> list[ProviderSettlement]:
        """What is settled of a day; days that are over are settled by asking. See Note [Settling]."""
        with self._deciding() as connection:
            settling.settle(connection, before_ms=settling.begin_of_day(self._now_ms()))
            return settling.read_settlements(connection, on=on)

    def settle_now(self) -> list[str]:
        """Settle whatever is not settled yet, also of the day that is not over. Returns the names of the transfers."""
        with self._deciding() as connection:
            return settling.settle(connection, before_ms=self._now_ms() + 1)

    def find(self, reference: int) -> Entry | None:
        """The call of that reference; None if it never came."""
        with self._lock:
            return book_rows.find(self._connect(), reference)

    def list_entries(self) -> list[Entry]:
        """Every call, as at one moment, by its reference: the order in which the references were made."""
        with self._lock:
            return book_rows.list_all(self._connect())

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
            self._connection = open_book(self._path, fees=self._fees)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _deciding(self) -> Iterator[sqlite3.Connection]:
        with self._lock, deciding(self._connect()) as connection:
            yield connection

    def _write(self, connection: sqlite3.Connection, call: Call, verdict: Verdict, *, now_ms: int) -> Entry:
        entry = Entry(call, verdict.standing, verdict.code, taken_at_ms=now_ms, changed_at_ms=now_ms)
        book_rows.insert(connection, entry)
        settling.note_call(connection, entry, fees=self._fees)
        return entry

    def _end(self, connection: sqlite3.Connection, entry: Entry, verdict: Verdict) -> Entry:
        """Let a call stand elsewhere from now on."""
        ended = replace(entry, standing=verdict.standing, code=verdict.code, changed_at_ms=self._now_ms())
        book_rows.update(connection, ended)
        settling.note_call(connection, ended, fees=self._fees)
        return ended

    def _decide(self, connection: sqlite3.Connection, dispute: Dispute, standing: Standing) -> Dispute:
        """Let a chargeback stand elsewhere from now on."""
        moved = replace(dispute, standing=standing, changed_at_ms=self._now_ms())
        book_rows.update_dispute(connection, moved)
        settling.note_dispute(connection, moved)
        return moved


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


def _disputed_amount(entry: Entry, known: Iterable[Dispute], wanted_minor: int | None) -> Money:
    """What a new chargeback takes of a charge: so much, else all that the known ones leave. Refuses: NotDisputable."""
    taken_minor = sum(each.amount.minor for each in known if each.standing is not Standing.DISPUTE_WON)
    free_minor = entry.call.amount.minor - taken_minor if entry.standing is Standing.CAPTURED else 0
    minor = free_minor if wanted_minor is None else wanted_minor
    if not 0 < minor <= free_minor:
        raise NotDisputable(standing=entry.standing.value)
    return Money(minor, entry.call.amount.currency)


def _content(call: Call) -> tuple[Any, ...]:
    """What must not differ under one reference. The provider's name is ours, not the provider's."""
    asked = (call.operation, call.method, call.method_token, call.amount, call.instalments, call.about)
    return (*asked, call.dispute_ref, call.evidence)


def _read_payment(connection: sqlite3.Connection, call: Call, *, now_ms: int) -> Payment:
    """The payment that a call begins, or is about."""
    reference = call.reference if call.operation in FIRST_OPERATIONS else call.about
    if reference is None:
        return Payment(first=None, is_voided=False, captured_minor=0, claimed_minor=0)
    first = book_rows.find(connection, reference)
    later = book_rows.find_about(connection, reference)
    captures = [entry for entry in (first, *later) if entry and entry.standing is Standing.CAPTURED]
    disputes = [each for entry in captures for each in book_rows.find_disputes_of(connection, entry.call.reference)]
    answered = next((each for each in disputes if each.provider_ref == call.dispute_ref), None)
    return Payment(
        first=first,
        is_voided=any(entry.standing is Standing.VOIDED for entry in later),
        captured_minor=sum(entry.call.amount.minor for entry in captures),
        claimed_minor=sum(
            entry.call.amount.minor
            for entry in later
            if entry.call.operation is Operation.REFUND and entry.standing is not Standing.FAILED
        ),
        disputed_minor=sum(each.amount.minor for each in disputes if each.standing is not Standing.DISPUTE_WON),
        dispute=answered,
        is_late=answered is not None and now_ms > answered.evidence_by_ms,
    )
